// Whether a delivery that has not rendered the latest commit may want what another one is about to delete: then the
// deletion waits, for a bounded time. It only looks at what is remembered.

import type { Delivery, DeliveryId } from '@weir/core';
import { isSameRepository } from '@weir/source';
import type { Declarations } from './declarations.ts';
import type { DeliveryStates } from './delivery-state.ts';
import type { Inventories } from './inventories.ts';

export interface WantedRooms {
  readonly declarations: Pick<Declarations, 'all' | 'source'>;
  readonly states: Pick<DeliveryStates, 'peek'>;
  readonly inventories: Pick<Inventories, 'get'>;
  /** Whether another replica works on the delivery. */
  readonly isElsewhere: (id: DeliveryId) => boolean;
}

/** Some delivery of the same repository has yet to say what it wants in this cluster. */
export function mayBeWanted(delivery: Delivery, cluster: string, rooms: WantedRooms): boolean {
  const url = rooms.declarations.source(delivery.source)?.url;
  if (url === undefined) return false;
  for (const { reading } of rooms.declarations.all()) {
    if (reading.kind !== 'delivery' || reading.delivery.id === delivery.id) continue;
    const { id, source, suspended, deleting } = reading.delivery;
    if (suspended || deleting || rooms.isElsewhere(id)) continue;
    if ((rooms.inventories.get(id)?.cluster ?? cluster) !== cluster) continue;
    const theirs = (reading.source ?? rooms.declarations.source(source))?.url;
    if (theirs === undefined || !isSameRepository(theirs, url)) continue;
    const state = rooms.states.peek(id);
    // Not looked at since the start, or a commit that touches it is in force.
    if (state?.recipe === undefined || state.unrendered !== undefined) return true;
  }
  return false;
}
