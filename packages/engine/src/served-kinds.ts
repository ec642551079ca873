// Which of the kinds that a delivery names a cluster serves, and at which version what it owns is found there.
// It writes nothing; what it corrects in the inventory is stored with the next write of that.

import type { ObjectRef } from '@weir/core';
import type { Discovery } from '@weir/kube';
import type { Session } from './fleet.ts';
import type { InventoryRecord } from './inventories.ts';

/** Asks the cluster again (rarely) when it does not know a kind: a definition may have been installed since. */
export async function discoverFor(
  refs: readonly Pick<ObjectRef, 'group' | 'version' | 'kind'>[],
  session: Pick<Session, 'client'>,
): Promise<Discovery> {
  const known = await session.client.resources();
  return refs.every((ref) => known.find(ref) !== undefined)
    ? known
    : session.client.resources({ fresh: true });
}

/** An object does not go with a version of its kind: an entry of one that is served no more is looked for at another. */
export function followVersions(
  inventory: Pick<InventoryRecord, 'entries'>,
  discovery: Pick<Discovery, 'find' | 'all'>,
): void {
  for (const [id, entry] of inventory.entries) {
    const { ref } = entry;
    if (discovery.find(ref) !== undefined) continue;
    const served = discovery.all.find(({ group, kind }) => group === ref.group && kind === ref.kind);
    if (served !== undefined)
      inventory.entries.set(id, { ...entry, ref: { ...ref, version: served.version } });
  }
}
