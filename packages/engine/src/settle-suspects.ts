// What becomes of suspects in one reconcile: which are cleared before the plan is made, which get their ownership back.
// It changes no value in a cluster.

import type { Delivery, ObjectId } from '@weir/core';
import type { DeliveryState } from './delivery-state.ts';
import { judgeSuspects } from './judge-suspects.ts';
import type { Observation } from './observe.ts';
import { repairOwnership } from './ownership-repair.ts';
import type { ReconcileContext } from './reconcile-context.ts';
import type { RunDecision } from './run-decision.ts';

/** The objects that are as Git wants them, whatever became of their ownership. */
export async function settleSuspects(of: {
  readonly delivery: Delivery;
  readonly state: DeliveryState;
  readonly observation: Observation;
  readonly decision: RunDecision;
  readonly context: Pick<ReconcileContext, 'now' | 'selectPaths'>;
  readonly signal: AbortSignal;
}): Promise<ReadonlySet<ObjectId>> {
  const { delivery, state, observation, decision, context, signal } = of;
  const { session, inventory } = observation;
  const writes = decision.execute && decision.heal;
  const jq = context.selectPaths === undefined ? {} : { selectPaths: context.selectPaths };
  const suspects = await judgeSuspects({
    delivery,
    state,
    observation,
    ...jq,
    purpose: writes ? (decision.trigger === 'self-heal' ? 'repair' : 'renew') : 'show',
    signal,
  });
  let left = suspects.pending;
  if (writes && delivery.policy.selfHeal && !decision.dryRun && suspects.disowned.length > 0)
    left += await repairOwnership({
      delivery,
      session,
      inventory,
      disowned: suspects.disowned,
      ...jq,
      now: context.now(),
      signal,
    });
  state.drift = suspects.drift;
  state.suspectsLeft = left;
  return suspects.cleared;
}
