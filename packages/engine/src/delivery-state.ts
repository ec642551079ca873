// What is remembered of a delivery between two looks at it. All of it may be lost: it is found again by looking.

import type { DeliveryId, DeliveryVerdict, DriftedField, ObjectId, Recipe, Run } from '@weir/core';
import type { KnownSuspect } from './ask-drift.ts';
import type { ActionResult } from './execute.ts';
import type { Terminating } from './stuck-deletions.ts';

export interface DeliveryState {
  /** Of the custom resource: one that was deleted and made again begins anew. */
  readonly uid: string;
  verdict?: DeliveryVerdict;
  run?: Run;
  /** What was done in the sync under way, by task; what a restart forgets is found done. */
  results?: { readonly startedAt: string; readonly byKey: Map<string, ActionResult> };
  /** Set while the delivery is observed: ends that, since something newer is wanted. */
  superseded?: AbortController;
  /** What was rendered last, with the capabilities of its cluster. */
  recipe?: Recipe;
  /** A commit that touches it, or may, and that it has not rendered yet. */
  unrendered?: string;
  /** Since when deletions wait for other deliveries to say what they want; milliseconds since the epoch. */
  othersSince?: number;
  /** Objects that are being deleted, and since when. */
  terminating?: ReadonlyMap<ObjectId, Terminating>;
  /** Digest of what the last failed run wanted; its failures count only for that. */
  failedCandidate?: string;
  failures: number;
  /** Milliseconds since the epoch: no run before this. */
  retryAt: number;
  /** Repairs of drift in a row, and when the next one may be. */
  heals: number;
  healAt: number;
  healedAt: number;
  /** Since when the cluster of a delivery that is being deleted does not serve a kind of its objects. */
  hiddenSince?: number;
  /** When it waited for dependencies that were not looked at yet for the first time; milliseconds since the epoch. */
  firstLookAt?: number;
  /** Since when the health of all objects is waited for. */
  waitingSince?: number;
  /** Suspects of the last look, and what is known of them. */
  suspects?: ReadonlyMap<ObjectId, KnownSuspect>;
  /** Suspects that are left for a later look: to be asked about, or to be given back to us. */
  suspectsLeft?: number;
  /** What differs from Git, of objects that are not repaired now. */
  drift?: ReadonlyMap<ObjectId, readonly DriftedField[]>;
  /** The trouble that lies outside of the delivery, and how often in a row it was met. */
  environment?: { readonly text: string; readonly tries: number };
  handledToken?: string;
  handledOrder?: string;
  /** The source's attempt count when a refresh was asked for. */
  refresh?: { readonly token: string; readonly attempts: number };
}

export interface DeliveryStates {
  of(id: DeliveryId, uid: string): DeliveryState;
  peek(id: DeliveryId): DeliveryState | undefined;
  forget(id: DeliveryId): void;
  all(): Iterable<readonly [DeliveryId, DeliveryState]>;
}

/** Nothing is remembered yet. */
export function newState(uid: string): DeliveryState {
  return { uid, failures: 0, retryAt: 0, heals: 0, healAt: 0, healedAt: 0 };
}

export function createDeliveryStates(): DeliveryStates {
  const states = new Map<DeliveryId, DeliveryState>();
  return {
    of: (id, uid) => {
      const known = states.get(id);
      if (known?.uid === uid) return known;
      const fresh = newState(uid);
      states.set(id, fresh);
      return fresh;
    },
    peek: (id) => states.get(id),
    forget: (id) => void states.delete(id),
    all: () => states,
  };
}
