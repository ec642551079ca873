// What weir wrote, told apart by the audit log: managed objects, and its own records on the hub.

import type { AuditEntry } from '../../../packages/testkit/src/cluster-audit.ts';

const writeVerbs: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

/** Under this manager weir keeps its own records: statuses, inventories, events, finalizers. */
const ownManager = 'weir';

const isWrite = (entry: AuditEntry): boolean => writeVerbs.has(entry.verb) && !entry.dryRun;

const leases = 'leases.coordination.k8s.io';
/** Whatever manager they are written or deleted under: journals, and the Leases of the replicas. */
const ownKinds: ReadonlySet<string> = new Set(['inventories.weir.dev', leases]);

const isOwn = (entry: AuditEntry): boolean =>
  entry.fieldManager === ownManager || ownKinds.has(entry.resource);

/** `patch deployments.apps storefront/storefront`, sorted. */
export function managedWrites(entries: readonly AuditEntry[]): string[] {
  return entries
    .filter((entry) => isWrite(entry) && !isOwn(entry))
    .map(shown)
    .sort();
}

/** Renewals of Leases go on at all times, and are left out. */
export function ownWrites(entries: readonly AuditEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of entries)
    if (isWrite(entry) && isOwn(entry) && entry.resource !== leases)
      counts[entry.resource] = (counts[entry.resource] ?? 0) + 1;
  return counts;
}

/** How often the status of each custom resource was written. */
export function statusWrites(entries: readonly AuditEntry[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const entry of entries) {
    if (!isWrite(entry) || !isOwn(entry) || entry.verb !== 'patch') continue;
    if (ownKinds.has(entry.resource) || entry.resource === 'events') continue;
    const name = entry.name ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

export function deletions(entries: readonly AuditEntry[]): string[] {
  return managedWrites(entries).filter((line) => line.startsWith('delete'));
}

function shown({ verb, resource, namespace, name }: AuditEntry): string {
  return `${verb} ${resource} ${namespace === undefined ? '' : `${namespace}/`}${name ?? ''}`;
}
