// Which deliveries want an object that another one has: told to both, and asked before an object is deleted that left Git
// in one place and may have come in another. It decides nothing about an object.

import type { DeliveryId, ObjectId } from '@weir/core';

export interface Contests {
  /** What a delivery wants in a cluster and does not have; answers the objects about which that is new. */
  note(of: { delivery: DeliveryId; cluster: string; ids: readonly ObjectId[] }): readonly ObjectId[];
  /** A delivery, other than `except`, that wants the object without having it. */
  contender(of: { cluster: string; id: ObjectId; except: DeliveryId }): DeliveryId | undefined;
  /** It wants nothing any more; answers what it wanted, and where. */
  forget(delivery: DeliveryId): { readonly cluster: string; readonly ids: readonly ObjectId[] } | undefined;
}

/** Objects that one delivery may contest: a whole copy of another one is told by its first ones. */
const maxContested = 5_000;

export function createContests(): Contests {
  const wanted = new Map<DeliveryId, { readonly cluster: string; readonly ids: ReadonlySet<ObjectId> }>();
  /** `cluster\0object id` -> deliveries. */
  const byObject = new Map<string, Set<DeliveryId>>();
  const keyOf = (cluster: string, id: ObjectId): string => `${cluster}\0${id}`;
  const drop = (delivery: DeliveryId): ReturnType<Contests['forget']> => {
    const known = wanted.get(delivery);
    if (known === undefined) return undefined;
    wanted.delete(delivery);
    for (const id of known.ids) {
      const key = keyOf(known.cluster, id);
      const others = byObject.get(key);
      others?.delete(delivery);
      if (others?.size === 0) byObject.delete(key);
    }
    return { cluster: known.cluster, ids: [...known.ids] };
  };
  return {
    note: ({ delivery, cluster, ids }) => {
      const before = drop(delivery);
      const now = new Set(ids.slice(0, maxContested));
      if (now.size > 0) wanted.set(delivery, { cluster, ids: now });
      for (const id of now) {
        const key = keyOf(cluster, id);
        const others = byObject.get(key) ?? new Set();
        byObject.set(key, others.add(delivery));
      }
      const old = new Set(before?.cluster === cluster ? before.ids : []);
      return [...[...now].filter((id) => !old.has(id)), ...[...old].filter((id) => !now.has(id))];
    },
    contender: ({ cluster, id, except }) => {
      for (const delivery of byObject.get(keyOf(cluster, id)) ?? []) if (delivery !== except) return delivery;
      return undefined;
    },
    forget: drop,
  };
}
