// What other deliveries have to do with the objects of this one: it says what it wants of theirs, and asks before it
// deletes what one of them may want. The waiting is bounded.

import type { Delivery, PlanInput } from '@weir/core';
import type { DeliveryState } from './delivery-state.ts';
import type { Observation } from './observe.ts';
import type { ReconcileContext } from './reconcile-context.ts';

/** After this long, who has not said that it wants an object does not. */
const maxWaitMs = 30_000;
/** While a deletion waits, this is how soon it is looked at again. */
export const othersRetryMs = 500;

/** From here on everybody knows what the delivery wants at this commit. */
export function tellWants(
  { id, policy }: Delivery,
  of: {
    readonly state: DeliveryState;
    readonly observation: Pick<Observation, 'session' | 'desired' | 'revision' | 'recipe'>;
    readonly context: Pick<ReconcileContext, 'contests' | 'inventories' | 'onContested'>;
  },
): void {
  const { state, observation, context } = of;
  const cluster = observation.session.key;
  const ids = observation.desired.objects.flatMap((desired) => {
    const isOthers = context.inventories.holder({ cluster, id: desired.id, except: id }) !== undefined;
    // Who only looks takes nothing from anybody.
    return isOthers && desired.isHome !== true && policy.shadow !== true ? [desired.id] : [];
  });
  const changed = context.contests.note({ delivery: id, cluster, ids });
  if (changed.length > 0) context.onContested(cluster, changed);
  state.recipe = observation.recipe;
  if (state.unrendered === observation.revision.commit) delete state.unrendered;
}

/** What a plan asks about other deliveries; the answers hold for one look. */
export function askNeighbours(
  delivery: Delivery,
  of: {
    readonly cluster: string;
    readonly state: DeliveryState;
    readonly context: Pick<ReconcileContext, 'contests' | 'mayBeWanted' | 'now'>;
  },
): Required<Pick<PlanInput, 'contender' | 'mayBeWanted'>> {
  const { cluster, state, context } = of;
  return {
    contender: (id) => context.contests.contender({ cluster, id, except: delivery.id }),
    mayBeWanted: () => {
      if (!context.mayBeWanted(delivery, cluster)) {
        delete state.othersSince;
        return false;
      }
      const now = context.now().getTime();
      state.othersSince ??= now;
      return now - state.othersSince < maxWaitMs;
    },
  };
}
