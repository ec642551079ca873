// What a delivery owns in a cluster, as a journal: membership is written before an object is created, digests after.
// A crash at any instruction leaks nothing, since whatever exists was listed here first.

import type { DeliveryId } from './delivery.ts';
import type { ObjectId, ObjectRef } from './object.ts';
import type { ResolvedRef } from './verdict.ts';

export interface InventoryEntry {
  readonly ref: ObjectRef;
  /** `planned`: about to be created, may or may not exist. `present`: was applied. */
  readonly state: 'planned' | 'present';
  readonly uid?: string;
  /** Digest of the desired object that was applied last. */
  readonly desired?: string;
  /** Digest of what our manager owned in the server's answer to that apply. */
  readonly owned?: string;
  /** A hook: it may stay behind when it leaves Git, and goes with the delivery. */
  readonly isHook?: boolean;
}

export interface Inventory {
  readonly delivery: DeliveryId;
  readonly cluster: string;
  readonly entries: ReadonlyMap<ObjectId, InventoryEntry>;
  /** Of the last run that succeeded. */
  readonly applied?: ResolvedRef;
}

/** One entry as it is stored; short keys, since ten thousand of them share a few objects. */
export interface StoredEntry {
  readonly id: string;
  readonly v: string;
  readonly s: 'planned' | 'present';
  readonly u?: string;
  readonly d?: string;
  readonly o?: string;
  readonly h?: true;
}

export function storeEntry(id: ObjectId, entry: InventoryEntry): StoredEntry {
  return {
    id,
    v: entry.ref.version,
    s: entry.state,
    ...(entry.uid === undefined ? {} : { u: entry.uid }),
    ...(entry.desired === undefined ? {} : { d: entry.desired }),
    ...(entry.owned === undefined ? {} : { o: entry.owned }),
    ...(entry.isHook === true ? { h: true } : {}),
  };
}

/** Undefined for text that is no entry: a damaged one must not stop the rest. */
export function readEntry(
  stored: Readonly<Record<string, unknown>>,
): { id: ObjectId; entry: InventoryEntry } | undefined {
  const { id, v, s, u, d, o, h } = stored;
  if (typeof id !== 'string' || typeof v !== 'string') return undefined;
  const [group, kind, namespace, ...name] = id.split('/');
  if (group === undefined || kind === undefined || namespace === undefined || name.length === 0)
    return undefined;
  return {
    id,
    entry: {
      ref: { group, version: v, kind, namespace, name: name.join('/') },
      state: s === 'present' ? 'present' : 'planned',
      ...(typeof u === 'string' ? { uid: u } : {}),
      ...(typeof d === 'string' ? { desired: d } : {}),
      ...(typeof o === 'string' ? { owned: o } : {}),
      ...(h === true ? { isHook: true } : {}),
    },
  };
}
