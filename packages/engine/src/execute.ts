// Carries out a plan: the journal first, then applies stage by stage, then deletions. What happened comes back as values.
// It decides nothing that is not in the plan.

import { type Action, type Delivery, idOf, type KubeObject, type ResourceVerdict, showRef } from '@weir/core';
import { isConflict } from '@weir/kube';
import { problemOf, type Session } from './fleet.ts';
import type { InventoryRecord } from './inventories.ts';

export interface ExecuteInput {
  readonly delivery: Pick<Delivery, 'fieldManager' | 'deletion'>;
  readonly actions: readonly Action[];
  readonly session: Session;
  readonly inventory: InventoryRecord;
  readonly dryRun: boolean;
  readonly signal: AbortSignal;
}

type Apply = Extract<Action, { kind: 'apply' }>;
type Delete = Extract<Action, { kind: 'delete' }>;

/** Requests in flight for one plan; the transport bounds them for the whole cluster. */
const concurrency = 24;

export async function executePlan(input: ExecuteInput): Promise<ResourceVerdict[]> {
  const applies = input.actions.filter((action): action is Apply => action.kind === 'apply');
  const deletions = input.actions.filter((action): action is Delete => action.kind === 'delete');
  if (!input.dryRun) {
    for (const action of input.actions) if (action.kind === 'forget') input.inventory.leave(action.id);
    // Whatever is about to exist is in the journal first, so that a crash from here on leaks nothing.
    await input.inventory.join(newMembers(applies, input.inventory), input.signal);
  }
  const results: ResourceVerdict[] = [];
  for (const stage of stagesOf(applies))
    results.push(...(await inParallel(stage, (action) => applyOne(action, input), input.signal)));
  // What replaces an object that left Git must be there before that goes.
  if (results.some(({ outcome }) => outcome === 'failed')) return results;
  for (const stage of stagesOf(deletions).reverse())
    results.push(...(await inParallel(stage, (action) => deleteOne(action, input), input.signal)));
  return results;
}

function newMembers(
  applies: readonly Apply[],
  inventory: InventoryRecord,
): Parameters<InventoryRecord['join']>[0] {
  return applies
    .filter(({ id, tracked }) => tracked && !inventory.entries.has(id))
    .map(({ id, ref }) => ({ id, entry: { ref, state: 'planned' } }));
}

function stagesOf<A extends { readonly stage: number }>(actions: readonly A[]): A[][] {
  const stages = new Map<number, A[]>();
  for (const action of actions) {
    const members = stages.get(action.stage);
    if (members === undefined) stages.set(action.stage, [action]);
    else members.push(action);
  }
  return [...stages].sort(([a], [b]) => a - b).map(([, members]) => members);
}

/** Runs at most `concurrency` at a time; what has not begun when the signal fires is left out. */
async function inParallel<A, R>(
  items: readonly A[],
  work: (item: A) => Promise<R>,
  signal: AbortSignal,
): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !signal.aborted) {
      const item = items[next++];
      if (item !== undefined) results.push(await work(item));
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results;
}

async function applyOne(action: Apply, input: ExecuteInput): Promise<ResourceVerdict> {
  const { session, inventory, delivery, signal, dryRun } = input;
  try {
    const before = session.cache.live(action.ref);
    const object = await session.writer.apply(action.object, {
      fieldManager: delivery.fieldManager,
      signal,
      ...(dryRun ? { dryRun } : {}),
    });
    const isUnchanged =
      before !== undefined &&
      before.uid === object.metadata.uid &&
      before.resourceVersion === object.metadata.resourceVersion;
    const outcome = before === undefined ? 'created' : isUnchanged ? 'unchanged' : 'configured';
    if (!dryRun) recordApplied({ action, object, input, inventory });
    return {
      ref: action.ref,
      sync: 'Synced',
      requiresPruning: false,
      outcome,
      message: `${showRef(action.ref)} ${outcome}`,
    };
  } catch (error) {
    const problem = { ...problemOf(error), object: action.ref };
    return {
      ref: action.ref,
      sync: 'OutOfSync',
      requiresPruning: false,
      outcome: 'failed',
      message: problem.message,
      problem,
    };
  }
}

function recordApplied(of: {
  action: Apply;
  object: KubeObject;
  input: ExecuteInput;
  inventory: InventoryRecord;
}): void {
  const { action, object, input, inventory } = of;
  const conclusion = input.session.cache.note(object);
  if (!action.tracked) return;
  const owned = conclusion.owned[input.delivery.fieldManager];
  const { uid } = object.metadata;
  inventory.set(action.id, {
    ref: action.ref,
    state: 'present',
    desired: action.digest,
    ...(uid === undefined ? {} : { uid }),
    ...(owned === undefined ? {} : { owned }),
  });
}

async function deleteOne(action: Delete, input: ExecuteInput): Promise<ResourceVerdict> {
  const { session, inventory, delivery, signal, dryRun } = input;
  const result = { ref: action.ref, sync: 'Synced', requiresPruning: true } as const;
  try {
    const answer = await session.writer.remove(action.ref, {
      uid: action.uid,
      propagation: delivery.deletion.propagation,
      signal,
      dryRun,
    });
    if (!dryRun && answer === 'gone') {
      session.cache.noteGone(action.ref, action.uid);
      inventory.leave(idOf(action.ref));
    }
    return { ...result, outcome: 'pruned', message: `${showRef(action.ref)} pruned` };
  } catch (error) {
    // Another object has taken the name since: it is not ours to delete.
    if (isConflict(error))
      return {
        ...result,
        outcome: 'skipped',
        message: `${showRef(action.ref)} is another object by now; it was left alone`,
      };
    const problem = { ...problemOf(error), code: 'PRUNE_FAILED', object: action.ref } as const;
    return { ...result, sync: 'OutOfSync', outcome: 'failed', message: problem.message, problem };
  }
}
