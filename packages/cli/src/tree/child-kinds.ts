// Which kinds can stand below an object, so that only those are asked for, and how much of each is read. Pure.

import type { ObjectRef } from '@weir/core';
import type { Resource } from '@weir/kube';

/** One list to ask for. */
export interface Wanted {
  readonly resource: Resource;
  readonly namespace: string;
  /** Where nothing but the place in the tree is of interest, or before it is known to be. */
  readonly metadataOnly: boolean;
  readonly fieldSelector?: string;
}

type Kind = Pick<ObjectRef, 'group' | 'kind'>;

const keyOf = ({ group, kind }: Kind): string => `${group}/${kind}`;

const pods = ['/Pod'];
/** By owner: all that Kubernetes' own controllers make of it, at any depth. */
const childKinds: Readonly<Record<string, readonly string[]>> = {
  'apps/Deployment': ['apps/ReplicaSet', ...pods],
  'apps/StatefulSet': ['apps/ControllerRevision', '/PersistentVolumeClaim', ...pods],
  'apps/DaemonSet': ['apps/ControllerRevision', ...pods],
  'apps/ReplicaSet': pods,
  '/ReplicationController': pods,
  'batch/CronJob': ['batch/Job', ...pods],
  'batch/Job': pods,
  '/Service': ['discovery.k8s.io/EndpointSlice'],
  '/ServiceAccount': ['/Secret'],
  // By certificates for its hosts, where cert-manager watches it.
  'networking.k8s.io/Ingress': ['cert-manager.io/Certificate', 'cert-manager.io/CertificateRequest'],
};

/** Groups of the API server itself: what is not in the table above owns nothing there. */
const builtInGroups = /^$|^(apps|batch|autoscaling|policy|extensions)$|\.k8s\.io$/;

/** Their health and images are shown, so they are read whole at once. */
const wholeKinds: ReadonlySet<string> = new Set([
  '/Pod',
  'apps/ReplicaSet',
  'batch/Job',
  '/PersistentVolumeClaim',
]);

/** Many, and never made by a controller of a custom resource for itself. */
const neverBelowCustom: ReadonlySet<string> = new Set([
  '/Event',
  'events.k8s.io/Event',
  'coordination.k8s.io/Lease',
  '/Endpoints',
  'metrics.k8s.io/PodMetrics',
]);

/** A cluster may serve hundreds of kinds; an owner of unknown kind is looked for below this many in each namespace. */
const mostKinds = 100;
const mostNamespaces = 30;

export interface WantedLists {
  readonly lists: readonly Wanted[];
  /** Kinds or namespaces were left out. */
  readonly isCut: boolean;
}

export function wantedLists(roots: readonly ObjectRef[], served: readonly Resource[]): WantedLists {
  const listable = preferredListable(served);
  const namespaces = new Map<string, Set<string>>();
  let isCut = false;
  for (const root of roots) {
    if (root.namespace === '') continue;
    if (!namespaces.has(root.namespace) && namespaces.size >= mostNamespaces) {
      isCut = true;
      continue;
    }
    const kinds = namespaces.get(root.namespace) ?? new Set<string>();
    namespaces.set(root.namespace, kinds);
    if (isCustom(root)) {
      const below = [...listable.keys()].filter((key) => !neverBelowCustom.has(key));
      if (below.length > mostKinds) isCut = true;
      for (const key of below.slice(0, mostKinds)) kinds.add(key);
    } else for (const key of childKinds[keyOf(root)] ?? []) kinds.add(key);
  }
  const lists = [...namespaces].flatMap(([namespace, kinds]) =>
    [...kinds].flatMap((key) => {
      const resource = listable.get(key);
      return resource === undefined ? [] : [{ resource, namespace, ...scopeOf(key) }];
    }),
  );
  return { lists, isCut };
}

const isCustom = ({ group }: Kind): boolean => !builtInGroups.test(group);

function scopeOf(key: string): Pick<Wanted, 'metadataOnly' | 'fieldSelector'> {
  // Of Secrets only tokens are below anything, and of a Secret nothing but its metadata is ever asked for.
  if (key === '/Secret')
    return { metadataOnly: true, fieldSelector: 'type=kubernetes.io/service-account-token' };
  return { metadataOnly: !wholeKinds.has(key) };
}

/** By `group/Kind`, one version each: the first that discovery names is the preferred one. Workloads come first. */
function preferredListable(served: readonly Resource[]): Map<string, Resource> {
  const found = new Map<string, Resource>();
  const isListable = ({ namespaced, verbs }: Resource): boolean => namespaced && verbs.includes('list');
  const ordered = [...served].sort(
    (a, b) => Number(wholeKinds.has(keyOf(b))) - Number(wholeKinds.has(keyOf(a))),
  );
  for (const resource of ordered)
    if (isListable(resource) && !found.has(keyOf(resource))) found.set(keyOf(resource), resource);
  return found;
}

/** A kind of a custom resource may say how it is; of the others read by metadata alone none does. */
export const mayHaveHealth = isCustom;
