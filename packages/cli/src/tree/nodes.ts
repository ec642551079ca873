// The tree of a delivery: what it owns according to its inventory, and below that what the cluster's controllers made
// of it, by ownerReferences. Reads only.

import {
  idOf,
  isRecord,
  judgeHealth,
  type KubeObject,
  type ObjectId,
  type ObjectRef,
  readEntry,
  refOf,
} from '@weir/core';
import type { KubeClient, Resource } from '@weir/kube';
import { dialects } from '../dialects.ts';
import type { Declared } from '../hub/declared.ts';
import type { Hub } from '../hub/open.ts';

export interface Node {
  readonly ref: ObjectRef;
  /** Synced, OutOfSync, Missing or Unknown; '' below the objects of the delivery itself. */
  readonly sync: string;
  /** '' for kinds that have no health. */
  readonly health: string;
  readonly message: string;
  readonly children: readonly Node[];
}

const inventories = { group: 'weir.dev', version: 'v1alpha1', plural: 'inventories' };
const parallelReads = 8;
/** Many, never owned by what is delivered, or secret. */
const neverChildren: ReadonlySet<string> = new Set([
  'Event',
  'Secret',
  'ConfigMap',
  'Lease',
  'Endpoints',
  'PodMetrics',
]);

/** What weir's journal on the hub says the delivery owns, in no particular order. */
export async function inventoryOf(hub: Hub, delivery: Declared, signal: AbortSignal): Promise<ObjectRef[]> {
  const reading = delivery.dialect.read(delivery.object);
  const id = reading.kind === 'delivery' ? reading.delivery.id : reading.kind === 'invalid' ? reading.id : '';
  const shards = await hub.client.list(inventories, { namespace: delivery.namespace, signal });
  return shards.flatMap(({ spec }) => {
    if (!isRecord(spec) || spec.delivery !== id || !Array.isArray(spec.entries)) return [];
    return spec.entries.flatMap((stored: unknown) => {
      const read = isRecord(stored) ? readEntry(stored) : undefined;
      return read === undefined ? [] : [read.entry.ref];
    });
  });
}

export async function treeOf(input: {
  client: KubeClient;
  delivery: Declared;
  owned: readonly ObjectRef[];
  signal: AbortSignal;
}): Promise<Node[]> {
  const { client, delivery, signal } = input;
  const owned = [...input.owned].sort(byKindAndName);
  const roots = await mapInParallel(owned, async (ref) => ({
    ref,
    live: await readLive(client, ref, signal),
  }));
  const children = await childrenByOwner({ client, roots: roots.map(({ live }) => live), signal });
  const syncs = recordedSyncs(delivery);
  return roots.map(({ ref, live }) => {
    const sync = syncs.get(idOf(ref)) ?? (delivery.summary.sync === 'Synced' ? 'Synced' : 'Unknown');
    if (live === undefined) return { ref, sync: 'Missing', health: 'Missing', message: '', children: [] };
    return { ...nodeOf(live, children), sync };
  });
}

/** Undefined where the object, or its whole kind, is gone. */
async function readLive(
  client: KubeClient,
  ref: ObjectRef,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const discovery = await client.resources();
  return discovery.find(ref) === undefined ? undefined : client.get(ref, signal);
}

/** Where the custom resource's status lists its resources with a status each (Argo CD), that is shown. */
function recordedSyncs(delivery: Declared): ReadonlyMap<ObjectId, string> {
  const status = delivery.object.status;
  const resources =
    isRecord(status) && Array.isArray(status.resources) ? status.resources.filter(isRecord) : [];
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return new Map(
    resources
      .filter((resource) => text(resource.status) !== '')
      .map((resource) => [
        idOf({
          group: text(resource.group),
          kind: text(resource.kind),
          namespace: text(resource.namespace),
          name: text(resource.name),
        }),
        text(resource.status),
      ]),
  );
}

type Children = ReadonlyMap<string, readonly KubeObject[]>;

export function nodeOf(object: KubeObject, children: Children): Node {
  const ref = refOf(object);
  const below = [...(children.get(object.metadata.uid ?? '') ?? [])];
  const dialect = dialects.find(({ kinds }) =>
    kinds.some(({ group, kind, role }) => group === ref.group && kind === ref.kind && role === 'delivery'),
  );
  const judged = dialect === undefined ? judgeHealth(object) : undefined;
  const summary = dialect?.summarize(object);
  return {
    ref,
    sync: '',
    health: summary?.health ?? judged?.status ?? '',
    message: summary?.message ?? judged?.message ?? '',
    children: below.sort((a, b) => byKindAndName(refOf(a), refOf(b))).map((child) => nodeOf(child, children)),
  };
}

/** Every listable kind in the namespaces of the delivery's objects, by the uid of each owner. */
async function childrenByOwner(input: {
  client: KubeClient;
  roots: readonly (KubeObject | undefined)[];
  signal: AbortSignal;
}): Promise<Children> {
  const { client, roots, signal } = input;
  const parents = roots.filter((root) => root !== undefined && canOwn(root.kind));
  const namespaces = new Set(parents.flatMap((root) => root?.metadata.namespace ?? []));
  const discovery = await client.resources();
  const lists = [...namespaces].flatMap((namespace) =>
    childResources(discovery.all).map((resource) => ({ namespace, resource })),
  );
  const found = await mapInParallel(lists, ({ namespace, resource }) =>
    // A kind that may not be listed, or is served by an API that is down, hides its objects and nothing else.
    client.list(resource, { namespace, signal }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return [];
    }),
  );
  const children = new Map<string, KubeObject[]>();
  for (const object of found.flat())
    for (const { uid } of object.metadata.ownerReferences ?? [])
      children.set(uid, [...(children.get(uid) ?? []), object]);
  return children;
}

const canOwn = (kind: string): boolean =>
  !['ConfigMap', 'Secret', 'ServiceAccount', 'Namespace'].includes(kind);

/** One version per kind: the first that discovery names is the preferred one. */
function childResources(all: readonly Resource[]): Resource[] {
  const seen = new Set<string>();
  return all.filter(({ group, kind, namespaced, verbs }) => {
    const key = `${group}/${kind}`;
    if (!namespaced || !verbs.includes('list') || neverChildren.has(kind) || seen.has(key)) return false;
    seen.add(key);
    return true;
  });
}

async function mapInParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      const item = items[i];
      if (item !== undefined) results[i] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: parallelReads }, worker));
  return results;
}

function byKindAndName(a: ObjectRef, b: ObjectRef): number {
  const key = (ref: ObjectRef): string => `${ref.kind}/${ref.namespace}/${ref.name}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
