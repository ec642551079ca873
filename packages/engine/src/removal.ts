// The end of a delivery: its objects go first, then its journal, then its finalizer. What is not ours stays.

import { type Delivery, isWrite, type Plan, type Problem, planRemoval } from '@weir/core';
import { executePlan } from './execute.ts';
import { problemOf } from './fleet.ts';
import type { InventoryRecord } from './inventories.ts';
import type { ReconcileContext } from './reconcile-context.ts';

/** Finalizers of other controllers may take long; their end is an event, this is for those that leave none. */
const recheckMs = 15_000;

export async function reconcileRemoval(
  delivery: Delivery,
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { finalizer } = delivery.deletion;
  if (finalizer === undefined) return undefined;
  const inventory = context.inventories.get(delivery.id);
  if (inventory !== undefined && inventory.entries.size > 0) {
    const problem = await removeObjects({ delivery, inventory, context, signal });
    if (problem !== undefined) await reportProblem({ delivery, problem, context, signal });
    if (problem !== undefined || inventory.entries.size > 0) return recheckMs;
  }
  await inventory?.destroy(signal);
  await context.setFinalizer(delivery, false, signal);
  return undefined;
}

async function removeObjects(of: {
  delivery: Delivery;
  inventory: InventoryRecord;
  context: ReconcileContext;
  signal: AbortSignal;
}): Promise<Problem | undefined> {
  const { delivery, inventory, context, signal } = of;
  const opened = await context.fleet.session(delivery.cluster);
  if (!opened.ok) return opened.problem;
  const session = opened.value;
  const trouble = session.cache.trouble();
  if (trouble !== undefined) return trouble.problem;
  try {
    const discovery = await session.client.resources();
    const resources = [...inventory.entries.values()].flatMap(({ ref }) => discovery.find(ref) ?? []);
    await session.cache.follow([...new Set(resources)], signal);
    const plan: Plan = planRemoval({
      delivery,
      inventory,
      live: (ref) => session.cache.live(ref),
      claimedBy: (id) => context.inventories.holder({ cluster: session.key, id, except: delivery.id }),
    });
    const results = await executePlan({
      delivery,
      actions: plan.actions,
      session,
      inventory,
      dryRun: false,
      signal,
    });
    await inventory.flush(signal);
    if (plan.actions.some(isWrite)) context.onRemoval(delivery, results);
    return results.find(({ problem }) => problem !== undefined)?.problem;
  } catch (error) {
    return problemOf(error);
  }
}

async function reportProblem(of: {
  delivery: Delivery;
  problem: Problem;
  context: ReconcileContext;
  signal: AbortSignal;
}): Promise<void> {
  const { delivery, problem, context, signal } = of;
  const state = context.states.of(delivery.id, delivery.owner.uid);
  const nothing = {
    delivery: delivery.id,
    sync: 'Unknown',
    health: { status: 'Unknown' },
    resources: [],
    images: [],
    externalUrls: [],
  } as const;
  const base = state.verdict ?? nothing;
  state.verdict = { ...base, stage: 'deleting', failedStep: 'prune', problems: [problem] };
  await context.report(delivery.id, state.verdict, signal);
}
