// What a plan is made of: the delivery, what Git wants, what is recorded, what is live, and what may be done now.

import type { Delivery, DeliveryId } from './delivery.ts';
import type { Desired } from './desired.ts';
import type { Inventory } from './inventory.ts';
import type { Conclusion } from './live.ts';
import type { ObjectId, ObjectRef } from './object.ts';
import type { SyncOperation } from './operation.ts';

export interface PlanInput {
  readonly delivery: Pick<
    Delivery,
    | 'id'
    | 'mark'
    | 'policy'
    | 'fieldManager'
    | 'takeOver'
    | 'foreignMarks'
    | 'approvedDeletions'
    | 'namespace'
    | 'switches'
    | 'sequence'
    | 'confirmedAt'
  >;
  readonly desired: readonly Desired[];
  readonly inventory: Inventory;
  readonly live: (ref: ObjectRef) => Conclusion | undefined;
  /** The delivery, other than this one, that has the object in its inventory. */
  readonly claimedBy: (id: ObjectId) => DeliveryId | undefined;
  /** Another delivery that wants an object which this one has. */
  readonly contender?: (id: ObjectId) => DeliveryId | undefined;
  /** Some delivery has yet to say whether it wants what leaves this one. */
  readonly mayBeWanted?: () => boolean;
  readonly isServed: (ref: ObjectRef) => boolean;
  /** The kind may be served and cannot be seen now: that nothing is known of an object says nothing about it. */
  readonly isBlind?: (ref: ObjectRef) => boolean;
  /** Objects whose ownership changed while every value is as Git wants it: in sync. */
  readonly cleared?: ReadonlySet<ObjectId>;
  /** Carry out the desired state now; without it the plan only shows. */
  readonly execute: boolean;
  /** Repair what drifted at an unchanged revision. */
  readonly heal: boolean;
  readonly prune: boolean;
  /** The sync under way; without one, hooks have no turn. */
  readonly operation?: SyncOperation;
  readonly digest: (text: string) => string;
}
