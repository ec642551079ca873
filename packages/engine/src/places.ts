// To which cluster the work of each delivery belongs, so that it follows that cluster's claim. What belongs to no cluster
// that can be named belongs to the hub. It opens sessions and reads; it never writes.

import type { Delivery, DeliveryId, Owner, Reading, Result } from '@weir/core';
import type { Candidate } from './claims.ts';

interface PlaceSession {
  readonly key: string;
  readonly client: { readonly name: string };
}

export interface PlacesOptions {
  readonly hub: PlaceSession;
  readonly session: (cluster: Delivery['cluster']) => Promise<Result<PlaceSession>>;
  readonly reading: (id: DeliveryId) => Reading | undefined;
  /** The cluster that the journal of a delivery names: as known here, or as the hub says. */
  readonly journal: (id: DeliveryId, owner: Owner) => Promise<string | undefined>;
}

export interface Place {
  readonly key: string;
  /** Nobody knows why yet: it is worth another look. */
  readonly isDoubtful: boolean;
}

export interface Places {
  find(id: DeliveryId): Promise<Place>;
  /** As it was found last. */
  known(id: DeliveryId): string | undefined;
  in(key: string): DeliveryId[];
  forget(id: DeliveryId): void;
  /** The clusters that there is work for, the hub always among them. */
  candidates(): ReadonlyMap<string, Candidate>;
}

interface Found {
  readonly key: string;
  /** The cluster as the delivery names it. */
  readonly named: string;
  readonly name: string;
  readonly isReached: boolean;
}

export function createPlaces(options: PlacesOptions): Places {
  const { hub } = options;
  const found = new Map<DeliveryId, Found>();
  return {
    find: async (id) => {
      const place = await findPlace(id, found.get(id), options);
      const isDeclared = options.reading(id) !== undefined;
      if (isDeclared) found.set(id, place);
      return { key: place.key, isDoubtful: !place.isReached };
    },
    known: (id) => found.get(id)?.key,
    in: (key) => [...found].filter(([, place]) => place.key === key).map(([id]) => id),
    forget: (id) => void found.delete(id),
    candidates: () => {
      const all = new Map<string, Candidate>([[hub.key, { name: 'hub' }]]);
      for (const { key, name, isReached } of found.values())
        if (isReached && key !== hub.key) all.set(key, { name });
        else if (!all.has(key)) all.set(key, { name, isUnreached: true });
      return all;
    },
  };
}

async function findPlace(
  id: DeliveryId,
  before: Found | undefined,
  { hub, session, reading, journal }: PlacesOptions,
): Promise<Found> {
  const read = reading(id);
  const atHub = { key: hub.key, name: 'hub', isReached: true };
  // Nobody can tell where it wants to go: whoever had it goes on to tell so.
  if (read === undefined || read.kind !== 'delivery') {
    const key = before?.key ?? (read?.kind === 'invalid' ? await journal(id, read.owner) : undefined);
    return key === undefined || key === hub.key
      ? { ...atHub, named: '' }
      : { key, name: before?.name ?? '', named: '', isReached: before?.isReached ?? false };
  }
  const { cluster, owner } = read.delivery;
  const named = JSON.stringify(cluster);
  if (before?.named === named && before.isReached) return before;
  const opened = await session(cluster);
  if (opened.ok) return { key: opened.value.key, named, name: opened.value.client.name, isReached: true };
  const key = before?.key ?? (await journal(id, owner)) ?? hub.key;
  return { key, named, name: before?.name ?? '', isReached: false };
}
