// The end of a delivery: its objects go first, then its journal, then its finalizer. What is not ours stays.

import { type Delivery, isWrite, type Plan, type Problem, planRemoval, showRef } from '@weir/core';
import { type Discovery, isAccountMissing } from '@weir/kube';
import { executePlan } from './execute.ts';
import { problemOf, sessionFor } from './fleet.ts';
import type { InventoryRecord } from './inventories.ts';
import { askNeighbours, othersRetryMs } from './neighbours.ts';
import type { ReconcileContext } from './reconcile-context.ts';
import { discoverFor, followVersions } from './served-kinds.ts';
import { serverDown } from './sight.ts';
import { stuckDeletions } from './stuck-deletions.ts';

/** Finalizers of other controllers may take long; their end is an event, this is for those that leave none. */
const recheckMs = 15_000;
/** A kind that is not served for this long is gone, and its objects with it. */
const hiddenMs = 60_000;
/** Objects that are named in one message. */
const maxShown = 50;

export async function reconcileRemoval(
  delivery: Delivery,
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<number | undefined> {
  const { finalizer } = delivery.deletion;
  // In shadow mode the end is somebody else's too.
  if (finalizer === undefined || delivery.policy.shadow === true) return undefined;
  const unreadable = context.inventories.unreadable(delivery.id);
  if (unreadable !== undefined) {
    await reportProblem({ delivery, problem: unreadable, context, signal });
    return recheckMs;
  }
  const inventory = context.inventories.get(delivery.id);
  // What stays is nobody's concern: not even the cluster has to be there.
  const isEmpty = inventory === undefined || inventory.entries.size === 0;
  if (!isEmpty && delivery.deletion.mode === 'delete') {
    const orphaned = await orphanWithoutAccount({ delivery, inventory, context });
    const problem = orphaned ?? (await removeObjects({ delivery, inventory, context, signal }));
    if (problem !== undefined) await reportProblem({ delivery, problem, context, signal });
    if (orphaned === undefined && (problem !== undefined || inventory.entries.size > 0))
      return context.states.peek(delivery.id)?.othersSince === undefined ? recheckMs : othersRetryMs;
  }
  await inventory?.destroy(signal);
  await context.setFinalizer(delivery, false, signal);
  return undefined;
}

/** Whoever may delete the objects is gone, often with the tenant's namespace: Flux leaves them, and says so once. */
async function orphanWithoutAccount(of: {
  delivery: Delivery;
  inventory: InventoryRecord;
  context: ReconcileContext;
}): Promise<Problem | undefined> {
  const { delivery, inventory, context } = of;
  const { impersonate } = delivery;
  if (impersonate === undefined || delivery.deletion.orphansWithoutAccount !== true) return undefined;
  const opened = await context.fleet.session(delivery.cluster);
  if (!opened.ok || !(await isAccountMissing(opened.value.client, impersonate))) return undefined;
  const refs = [...inventory.entries.values()].map(({ ref }) => showRef(ref));
  const shown = refs.slice(0, maxShown).join(', ');
  const more = refs.length > maxShown ? ` and ${refs.length - maxShown} more` : '';
  return {
    code: 'SERVICE_ACCOUNT_MISSING',
    message: `ServiceAccount ${impersonate.namespace}/${impersonate.name}: does not exist any more, so nobody may delete what the delivery owned; left behind: ${shown}${more}`,
  };
}

async function removeObjects(of: {
  delivery: Delivery;
  inventory: InventoryRecord;
  context: ReconcileContext;
  signal: AbortSignal;
}): Promise<Problem | undefined> {
  const { delivery, inventory, context, signal } = of;
  const opened = await sessionFor(delivery, context.fleet);
  if (!opened.ok) return opened.problem;
  const session = opened.value;
  const trouble = session.cache.trouble();
  if (trouble !== undefined) return trouble.problem;
  // The journal is of another cluster: of what is here nothing is in it, whatever it is called.
  if (session.key !== inventory.cluster) {
    for (const id of [...inventory.entries.keys()]) inventory.leave(id);
    return undefined;
  }
  try {
    const refs = [...inventory.entries.values()].map(({ ref }) => ref);
    const discovery = await discoverFor(refs, session);
    followVersions(inventory, discovery);
    const hidden = hiddenKind({ delivery, inventory, discovery, context });
    if (hidden !== undefined) return hidden;
    context.fleet.use(delivery.id, session);
    const resources = [...inventory.entries.values()].flatMap(({ ref }) => discovery.find(ref) ?? []);
    await session.cache.follow([...new Set(resources)], signal, { by: delivery.id });
    const plan: Plan = planRemoval({
      delivery,
      inventory,
      live: (ref) => session.cache.live(ref),
      claimedBy: (id) => context.inventories.holder({ cluster: session.key, id, except: delivery.id }),
      ...askNeighbours(delivery, {
        cluster: session.key,
        state: context.states.of(delivery.id, delivery.owner.uid),
        context,
      }),
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
    const failed = results.find(({ problem }) => problem !== undefined)?.problem;
    const state = context.states.of(delivery.id, delivery.owner.uid);
    return failed ?? (await stuckDeletions({ plan, state, session, now: context.now(), signal }))[0];
  } catch (error) {
    return problemOf(error);
  }
}

/** A server that has just started does not name all its kinds yet: what it hides so long is not gone. */
function hiddenKind(of: {
  delivery: Delivery;
  inventory: InventoryRecord;
  discovery: Discovery;
  context: ReconcileContext;
}): Problem | undefined {
  const { delivery, inventory, discovery, context } = of;
  const hidden = [...inventory.entries.values()].find(({ ref }) => discovery.find(ref) === undefined);
  const state = context.states.of(delivery.id, delivery.owner.uid);
  if (hidden === undefined) {
    delete state.hiddenSince;
    return undefined;
  }
  if (discovery.isStale(hidden.ref)) return serverDown(hidden.ref);
  const now = context.now().getTime();
  state.hiddenSince ??= now;
  if (now - state.hiddenSince >= hiddenMs) return undefined;
  return {
    code: 'KIND_UNKNOWN',
    message: `${showRef(hidden.ref)}: the cluster serves no such kind; when it still does not in a minute, it counts as gone`,
    object: hidden.ref,
  };
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
