// What a reconcile may use: the rooms below as ports, the memory, the clock.

import type { Delivery, DeliveryVerdict, ObjectId, ResourceVerdict } from '@weir/core';
import type { SelectPaths } from './ask-drift.ts';
import type { Contests } from './contests.ts';
import type { ObserveContext } from './observe.ts';

export interface ReconcileContext extends ObserveContext {
  readonly now: () => Date;
  readonly delivery: (id: string) => Delivery | undefined;
  /** Evaluates the jq expressions of ignore rules. */
  readonly selectPaths?: SelectPaths;
  readonly report: (id: string, verdict: DeliveryVerdict, signal: AbortSignal) => Promise<void>;
  /** Puts the delivery's finalizer on, or takes it off; does nothing where it is as wanted. */
  readonly setFinalizer: (delivery: Delivery, present: boolean, signal: AbortSignal) => Promise<void>;
  readonly contests: Contests;
  /** Whether another delivery has yet to say what it wants in that cluster. */
  readonly mayBeWanted: (delivery: Delivery, cluster: string) => boolean;
  /** Who wants these objects has changed. */
  readonly onContested: (cluster: string, ids: readonly ObjectId[]) => void;
  readonly onVerdict: (verdict: DeliveryVerdict, before: DeliveryVerdict | undefined) => void;
  readonly onRemoval: (delivery: Delivery, results: readonly ResourceVerdict[]) => void;
}
