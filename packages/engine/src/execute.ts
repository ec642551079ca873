// Carries out a part of a plan: the journal first, then writes stage by stage. What happened comes back as values.
// It decides nothing that is not in the plan.

import {
  type Action,
  type Delivery,
  definedKind,
  idOf,
  isMarked,
  type KubeObject,
  type Problem,
  type ResourceVerdict,
  showRef,
} from '@weir/core';
import { isConflict, isImmutable, isNotFound } from '@weir/kube';
import { objectToWrite, type SelectPaths } from './ask-drift.ts';
import { problemOf, type Session } from './fleet.ts';
import type { InventoryRecord } from './inventories.ts';
import { takeOverFields } from './take-over-fields.ts';

export interface ExecuteInput {
  readonly delivery: Pick<
    Delivery,
    'fieldManager' | 'mark' | 'deletion' | 'policy' | 'sequence' | 'ignore' | 'respectIgnored'
  >;
  readonly actions: readonly Action[];
  readonly session: Session;
  readonly inventory: InventoryRecord;
  readonly dryRun: boolean;
  readonly selectPaths?: SelectPaths;
  readonly signal: AbortSignal;
}

type Apply = Extract<Action, { kind: 'apply' }>;
type Delete = Extract<Action, { kind: 'delete' }>;
type Release = Extract<Action, { kind: 'release' }>;

/** What was done for one action. */
export interface ActionResult extends ResourceVerdict {
  readonly action: Action;
  /** Of the object that a write made or changed. */
  readonly uid?: string;
}

/** Requests in flight for one plan; the transport bounds them for the whole cluster. */
const concurrency = 24;

export async function executePlan(input: ExecuteInput): Promise<ActionResult[]> {
  const applies = input.actions.filter((action): action is Apply => action.kind === 'apply');
  const deletions = input.actions.filter((action): action is Delete => action.kind === 'delete');
  const releases = input.actions.filter((action): action is Release => action.kind === 'release');
  const hooks = deletions.filter(({ hook }) => hook !== undefined);
  const pruned = deletions.filter(({ hook }) => hook === undefined);
  if (!input.dryRun) {
    for (const action of input.actions) if (action.kind === 'forget') input.inventory.leave(action.id);
    // Whatever is about to exist is in the journal first, so that a crash from here on leaks nothing.
    await input.inventory.join(newMembers(applies, input), input.signal);
  }
  const results: ActionResult[] = [];
  const hasFailed = (): boolean => results.some(({ outcome }) => outcome === 'failed');
  const run = async <A extends Action>(
    stages: readonly A[][],
    work: (action: A) => Promise<ActionResult>,
  ): Promise<void> => {
    for (const stage of stages) results.push(...(await inParallel(stage, work, input.signal)));
  };
  await run([releases], (action) => releaseOne(action, input));
  const remove = (action: Delete): Promise<ActionResult> => deleteOne(action, input);
  await run([hooks], remove);
  const prunesFirst = input.delivery.sequence?.pruning === 'waves';
  if (prunesFirst) await run(stagesOf(pruned).reverse(), remove);
  results.push(...(await applyAll(applies, input)));
  // What replaces an object that left Git must be there before that goes.
  if (!prunesFirst && !hasFailed()) await run(stagesOf(pruned).reverse(), remove);
  return results;
}

/** Stage by stage; where all or nothing is asked for, everything is tried first and one refusal stops all. */
async function applyAll(applies: readonly Apply[], input: ExecuteInput): Promise<ActionResult[]> {
  const results: ActionResult[] = [];
  const isAtomic = input.delivery.policy.atomicity === 'transactional' && !input.dryRun && applies.length > 1;
  const isLate = lateOnes(applies);
  const tryOut = async (actions: readonly Apply[]): Promise<ActionResult[]> => {
    if (!isAtomic) return [];
    const tried = await inParallel(
      actions,
      (action) => applyOne(action, { ...input, dryRun: true }),
      input.signal,
    );
    return tried.filter(({ outcome }) => outcome === 'failed');
  };
  const refused = await tryOut(applies.filter((action) => !isLate(action)));
  if (refused.length > 0) return refused;
  for (const stage of stagesOf(applies)) {
    const late = await tryOut(stage.filter(isLate));
    if (late.length > 0) return [...results, ...late];
    results.push(...(await inParallel(stage, (action) => applyOne(action, input), input.signal)));
    if (isAtomic && results.some(({ outcome }) => outcome === 'failed')) return results;
  }
  return results;
}

/** Objects that cannot be tried before another of the same set is written: what they are in, or what defines their kind. */
function lateOnes(applies: readonly Apply[]): (action: Apply) => boolean {
  const namespaces = new Set<string>();
  const kinds = new Set<string>();
  for (const { ref, reason, object } of applies) {
    const isAbsent = reason === 'missing' || reason === 'restored';
    if (isAbsent && ref.kind === 'Namespace' && ref.group === '') namespaces.add(ref.name);
    // One that is only changed may allow what it refused before.
    const defined = definedKind(object);
    if (defined !== undefined) kinds.add(`${defined.group}/${defined.kind}`);
  }
  return ({ ref }) => namespaces.has(ref.namespace) || kinds.has(`${ref.group}/${ref.kind}`);
}

/** A known one that is to be made anew is another object: after a crash it must not seem foreign for its uid. */
function newMembers(
  applies: readonly Apply[],
  { inventory, session }: ExecuteInput,
): Parameters<InventoryRecord['join']>[0] {
  return applies.flatMap(({ id, ref, hook, tracked }) => {
    const known = inventory.entries.get(id);
    const isAnew = known?.uid !== undefined && session.cache.live(ref) === undefined;
    if (!tracked || (known !== undefined && !isAnew)) return [];
    const { uid: _uid, ...entry } = known ?? { ref, state: 'planned' as const };
    return [{ id, entry: { ...entry, ...(hook === undefined ? {} : { isHook: true }) } }];
  });
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

/**
 * Runs at most `concurrency` at a time; what has not begun when the signal fires is left out. Results come in the order of
 * the items, whichever is done first: what is told of a sync is the same each time.
 */
async function inParallel<A, R>(
  items: readonly A[],
  work: (item: A) => Promise<R>,
  signal: AbortSignal,
): Promise<R[]> {
  const results: (R | undefined)[] = items.map(() => undefined);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length && !signal.aborted) {
      const index = next++;
      const item = items[index];
      if (item !== undefined) results[index] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, worker));
  return results.filter((result) => result !== undefined);
}

async function applyOne(action: Apply, input: ExecuteInput): Promise<ActionResult> {
  const { session, inventory, dryRun } = input;
  const dropped: Problem[] = [];
  try {
    const before = session.cache.live(action.ref);
    const object = await writeOne(action, input, (problem) => dropped.push(problem));
    if (object === undefined) return recreating(action);
    const { uid } = object.metadata;
    const isUnchanged =
      before !== undefined &&
      before.uid === uid &&
      before.resourceVersion === object.metadata.resourceVersion;
    const outcome = before === undefined ? 'created' : isUnchanged ? 'unchanged' : 'configured';
    if (!dryRun) recordApplied({ action, object, input, inventory });
    return {
      action,
      ...(uid === undefined ? {} : { uid }),
      ref: action.ref,
      sync: 'Synced',
      requiresPruning: false,
      outcome,
      message: [`${showRef(action.ref)} ${outcome}`, ...dropped.map(({ message }) => message)].join('; '),
    };
  } catch (error) {
    return failed(action, problemOf(error), false);
  }
}

function failed(action: Action, of: Problem, requiresPruning: boolean): ActionResult {
  const problem = { ...of, object: action.ref };
  return {
    action,
    ref: action.ref,
    sync: 'OutOfSync',
    requiresPruning,
    outcome: 'failed',
    message: problem.message,
    problem,
  };
}

/** Undefined where the object has to go before it can be made anew. */
async function writeOne(
  action: Apply,
  input: ExecuteInput,
  onDropped: (problem: Problem) => void,
): Promise<KubeObject | undefined> {
  const { session, delivery, signal, dryRun } = input;
  const { fieldManager } = delivery;
  const before = session.cache.live(action.ref);
  const options = { fieldManager, signal, ...(dryRun ? { dryRun } : {}) };
  try {
    // Replacing a definition or a namespace by deleting it would take all that is in it along (Argo CD updates them).
    if (action.write?.replace === true && before !== undefined)
      await session.writer.replace(action.object, { ...options, uid: before.uid });
    if (action.write?.takeOver !== undefined && !dryRun) await takeOverFields(action, input);
    // After a replacement too: it changes nothing and records what we own, by which drift is seen.
    const object = await objectToWrite(action.object, input);
    return await session.writer.apply(object, { ...options, onDropped });
  } catch (error) {
    const mayRecreate = action.write?.force === true && isImmutable(error) && !isHome(action.ref);
    if (!mayRecreate || before === undefined || !isRecorded(action, input)) throw error;
    // The dry run cannot go further than the refusal: the object that would be made is not there yet.
    if (!dryRun) await removeForRecreation(action, before.uid, input);
    return undefined;
  }
}

const isHome = ({ kind }: Apply['ref']): boolean =>
  kind === 'Namespace' || kind === 'CustomResourceDefinition';

/** Only what the inventory holds, what bears our mark and what is the very object that was recorded may be deleted. */
function isRecorded({ id, hook }: Apply, { inventory, session, delivery }: ExecuteInput): boolean {
  const entry = inventory.entries.get(id);
  const live = entry === undefined ? undefined : session.cache.live(entry.ref);
  if (entry === undefined || live === undefined || hook !== undefined) return false;
  const isSame = entry.uid === undefined || entry.uid === live.uid;
  return isSame && isMarked(live.marks, live.ref, delivery.mark);
}

async function removeForRecreation(action: Apply, uid: string, input: ExecuteInput): Promise<void> {
  const { session, inventory, signal } = input;
  const answer = await session.writer.remove(action.ref, { uid, propagation: 'Background', signal });
  noteRemoved({ ref: action.ref, uid }, answer, input);
  // The entry stays, as one that is about to exist.
  inventory.set(action.id, { ref: action.ref, state: 'planned' });
}

/** So that the next look, which may come before the watch event, sees it too. */
function noteRemoved(
  { ref, uid }: Pick<Delete, 'ref' | 'uid'>,
  answer: KubeObject | 'gone',
  { session }: ExecuteInput,
): void {
  if (answer === 'gone') session.cache.noteGone(ref, uid);
  else session.cache.note(answer);
}

function recreating(action: Apply): ActionResult {
  const message = `${showRef(action.ref)} deleted, to be made anew: a field that changed is immutable`;
  return { action, ref: action.ref, sync: 'OutOfSync', requiresPruning: false, outcome: 'pending', message };
}

/** The end of a hook has been seen: it may go. Somebody else's change in between is seen by the next look. */
async function releaseOne(action: Release, input: ExecuteInput): Promise<ActionResult> {
  const { session, signal, delivery } = input;
  const result = { action, ref: action.ref, sync: 'Synced', requiresPruning: false } as const;
  const { finalizers, uid, resourceVersion } = action;
  try {
    const object = await session.writer.mergePatch(
      action.ref,
      { metadata: { finalizers, uid, resourceVersion } },
      { fieldManager: delivery.fieldManager, signal },
    );
    session.cache.note(object);
    return { ...result, outcome: 'unchanged' };
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) return failed(action, problemOf(error), false);
    return await lookAgain(action, input);
  }
}

/** The next plan must not be made of the state that was just found to be over. */
async function lookAgain(action: Release, { session, signal }: ExecuteInput): Promise<ActionResult> {
  const result = { action, ref: action.ref, sync: 'Synced', requiresPruning: false } as const;
  try {
    const live = await session.client.get(action.ref, signal);
    if (live === undefined) session.cache.noteGone(action.ref, action.uid);
    else session.cache.note(live);
    return { ...result, outcome: 'pending' };
  } catch (error) {
    return failed(action, problemOf(error), false);
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
    ...(action.hook === undefined ? {} : { isHook: true }),
  });
}

async function deleteOne(action: Delete, input: ExecuteInput): Promise<ActionResult> {
  const { session, inventory, delivery, signal, dryRun } = input;
  const requiresPruning = action.hook === undefined;
  const result = { action, ref: action.ref, sync: 'Synced', requiresPruning } as const;
  try {
    const answer = await session.writer.remove(action.ref, {
      uid: action.uid,
      propagation: delivery.deletion.propagation,
      signal,
      dryRun,
    });
    if (!dryRun) noteRemoved(action, answer, input);
    if (!dryRun && answer === 'gone') inventory.leave(idOf(action.ref));
    return { ...result, outcome: 'pruned', message: `${showRef(action.ref)} pruned` };
  } catch (error) {
    // Another object has taken the name since: it is not ours to delete.
    if (isConflict(error))
      return {
        ...result,
        outcome: 'skipped',
        message: `${showRef(action.ref)} is another object by now; it was left alone`,
      };
    return failed(action, { ...problemOf(error), code: 'PRUNE_FAILED' }, requiresPruning);
  }
}
