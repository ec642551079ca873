// What kinds a cluster serves, and under which path; never what is in them.

import { isRecord, type ObjectRef, WeirError } from '@weir/core';
import type { Transport } from './transport.ts';

export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
}

/** Enough for a path; with the verbs it says how the kind can be followed. */
export type ResourceRef = Pick<Resource, 'group' | 'version' | 'plural'> & Partial<Pick<Resource, 'verbs'>>;

export interface Discovery {
  /** The resource of a kind at exactly this version. */
  find(kind: Pick<ObjectRef, 'group' | 'version' | 'kind'>): Resource | undefined;
  readonly all: readonly Resource[];
  /** Whether the server behind that version of the group does not answer, so that its kinds are not known now. */
  isStale(kind: Pick<ObjectRef, 'group' | 'version'>): boolean;
  /** `v1`, `apps/v1`, `apps/v1/Deployment`: as Helm's capabilities list them. */
  apiVersions(): readonly string[];
}

const accept =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList';

/** Two requests, whatever the number of groups (aggregated discovery, Kubernetes 1.27 and later). */
export async function discover(transport: Transport, signal?: AbortSignal): Promise<Discovery> {
  const aborting = signal === undefined ? {} : { signal };
  const [core, groups] = await Promise.all([
    transport.send({ method: 'GET', path: '/api', accept, ...aborting }),
    transport.send({ method: 'GET', path: '/apis', accept, ...aborting }),
  ]);
  const stale = staleVersions(groups);
  return discoveryOf([...resourcesOf(core, '/api'), ...resourcesOf(groups, '/apis')], stale);
}

/** Versions of groups whose own server does not answer; the API server names them, with what it remembers or with nothing. */
function staleVersions(answer: unknown): Set<string> {
  const groups = isRecord(answer) ? listOf(answer.items) : [];
  return new Set(
    groups.flatMap((group) =>
      listOf(group.versions)
        .filter(({ freshness }) => freshness === 'Stale')
        .map(({ version }) => `${nameOf(group)}/${text(version)}`),
    ),
  );
}

export function discoveryOf(
  all: readonly Resource[],
  stale: ReadonlySet<string> = new Set<string>(),
): Discovery {
  const byKind = new Map(all.map((resource) => [keyOf(resource), resource]));
  return {
    all,
    find: (kind) => byKind.get(keyOf(kind)),
    isStale: ({ group, version }) => stale.has(`${group}/${version}`),
    apiVersions: () => {
      const names = new Set<string>();
      for (const { group, version, kind } of all) {
        const apiVersion = group === '' ? version : `${group}/${version}`;
        names.add(apiVersion).add(`${apiVersion}/${kind}`);
      }
      return [...names].sort();
    },
  };
}

const keyOf = (kind: Pick<ObjectRef, 'group' | 'version' | 'kind'>): string =>
  `${kind.group}/${kind.version}/${kind.kind}`;

const listOf = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter(isRecord) : [];
const text = (value: unknown): string => (typeof value === 'string' ? value : '');
const nameOf = (group: Record<string, unknown>): string =>
  isRecord(group.metadata) ? text(group.metadata.name) : '';

/** An answer of another sort must not be taken for a cluster that serves nothing: its objects would count as gone. */
function resourcesOf(answer: unknown, path: string): Resource[] {
  if (!isRecord(answer) || !Array.isArray(answer.items) || answer.items.length === 0)
    throw new WeirError({
      code: 'CLUSTER_UNREACHABLE',
      message: `discovery at ${path}: the answer is no list of API groups; expected Kubernetes 1.27 or later`,
    });
  return listOf(answer.items).flatMap((group) =>
    listOf(group.versions).flatMap((version) =>
      listOf(version.resources).flatMap((resource) => {
        const kind = isRecord(resource.responseKind) ? resource.responseKind : {};
        if (text(kind.kind) === '' || text(resource.resource).includes('/')) return [];
        return [
          {
            group: nameOf(group),
            version: text(version.version),
            kind: text(kind.kind),
            plural: text(resource.resource),
            namespaced: resource.scope === 'Namespaced',
            verbs: Array.isArray(resource.verbs) ? resource.verbs.map(text) : [],
          },
        ];
      }),
    ),
  );
}

/** `/apis/apps/v1/namespaces/ns/deployments/name`; without a name, the collection. */
export function pathOf(
  resource: ResourceRef,
  address: { namespace?: string; name?: string; subresource?: string } = {},
): string {
  const root =
    resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`;
  const scope =
    address.namespace === undefined || address.namespace === ''
      ? ''
      : `/namespaces/${encodeURIComponent(address.namespace)}`;
  const name = address.name === undefined ? '' : `/${encodeURIComponent(address.name)}`;
  return `${root}${scope}/${resource.plural}${name}${address.subresource === undefined ? '' : `/${address.subresource}`}`;
}
