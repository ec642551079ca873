// What becomes of objects that are in the inventory and no longer wanted: deletion, its order and its guards.
// A deletion needs membership, a live mark and the uid; nothing foreign is ever deleted.

import type { Delivery } from './delivery.ts';
import { isMarked } from './desired.ts';
import type { InventoryEntry } from './inventory.ts';
import type { Conclusion } from './live.ts';
import type { ObjectId, ObjectRef } from './object.ts';
import { effectsOf } from './object-switch.ts';
import { compareRefs, stageOf } from './order.ts';
import { type Action, type KeepReason, type Plan, showDelivery } from './plan-action.ts';
import type { PlanInput } from './plan-input.ts';
import type { Problem } from './problem.ts';
import { dependenciesOf, type Turn, waveOf } from './sequence.ts';

/** More deletions than both of these wait for approval. */
const budget = { objects: 20, share: 0.3 };

/** `lastWave`: of what is applied in the phase `sync`. */
export function planDepartures(
  input: PlanInput,
  leaving: readonly (readonly [ObjectId, InventoryEntry])[],
  lastWave: number,
): { readonly actions: readonly Action[]; readonly problems: readonly Problem[]; readonly digest?: string } {
  const needed = neededBy(leaving, input);
  const actions = leaving.map(([id, entry]) => planDeparture(id, entry, { input, lastWave, needed }));
  const guard = guardDeletions(actions, input);
  const isWaves = input.delivery.sequence?.pruning === 'waves';
  return { ...guard, actions: isWaves ? reverseWaves(guard.actions, lastWave) : guard.actions };
}

interface DepartureContext {
  readonly input: PlanInput;
  readonly lastWave: number;
  readonly needed: ReadonlySet<ObjectId>;
}

function planDeparture(id: ObjectId, entry: InventoryEntry, context: DepartureContext): Action {
  const { input } = context;
  const { ref } = entry;
  const live = input.live(ref);
  const effects = effectsOf(input.delivery.switches, live?.marks);
  const turn = { phase: 'sync', wave: departureWave(live, context, effects.has('prune-last')) } as const;
  const keep = (reason: KeepReason): Action => ({ kind: 'keep', id, ref, reason, departs: true, ...turn });
  if (isHidden(ref, live, input)) return keep('kind-unknown');
  if (live === undefined) return { kind: 'forget', id, ref, reason: 'gone' };
  if (!isOurs(live, entry, input.delivery) || input.claimedBy(id) !== undefined)
    return { kind: 'forget', id, ref, reason: 'not-ours' };
  if (entry.isHook === true) return releaseOfHook(live, input, turn) ?? keep('hook');
  if (effects.has('release')) return { kind: 'forget', id, ref, reason: 'not-ours' };
  if (live.deleting) return keep('terminating');
  // Handed over as it is: the other one makes it its own.
  if (input.execute && input.contender?.(id) !== undefined)
    return { kind: 'forget', id, ref, reason: 'not-ours' };
  if (!input.prune || effects.has('keep')) return keep('prune-off');
  if (!input.execute) return keep('awaits-sync');
  if (input.mayBeWanted?.() === true) return keep('awaits-others');
  if (context.needed.has(id)) return keep('awaits-dependents');
  if (awaitsWord(input, effects.has('confirm-prune'))) return keep('awaits-confirmation');
  return {
    kind: 'delete',
    id,
    ref,
    uid: live.uid,
    stage: stageOf(ref, input.delivery.sequence?.order),
    ...turn,
  };
}

/** Nobody waits any more for the end of a hook that left Git: what holds it is taken off. */
function releaseOfHook(
  live: Conclusion,
  { delivery, operation, execute }: PlanInput,
  turn: Turn & { phase: 'sync' },
): Action | undefined {
  const isDue = execute && (operation !== undefined || live.deleting);
  const isRunning = Object.keys(operation?.hooks ?? {}).some((key) => key.endsWith(` ${live.id}`));
  return isDue && !isRunning ? releaseFrom(live, delivery, turn) : undefined;
}

function releaseFrom(
  { id, ref, uid, resourceVersion, finalizers }: Conclusion,
  { sequence }: Pick<Delivery, 'sequence'>,
  turn: Turn,
): Action | undefined {
  const finalizer = sequence?.hooks?.finalizer;
  if (finalizer === undefined || !finalizers.includes(finalizer)) return undefined;
  const left = finalizers.filter((each) => each !== finalizer);
  return { kind: 'release', id, ref, uid, resourceVersion, finalizers: left, isStale: false, ...turn };
}

function departureWave(
  live: Conclusion | undefined,
  { input, lastWave }: DepartureContext,
  isLast: boolean,
): number {
  const { policy, sequence } = input.delivery;
  if (sequence?.pruning !== 'waves') return lastWave;
  return isLast || policy.pruneLast === true ? Number.POSITIVE_INFINITY : waveOf(live?.marks, sequence);
}

/** Approved by a word that came after the operation began. */
function awaitsWord({ delivery, operation }: PlanInput, isSwitched: boolean): boolean {
  if (!isSwitched && delivery.policy.confirmPrune !== true) return false;
  const { confirmedAt } = delivery;
  return (
    confirmedAt === undefined || operation === undefined || !isAtOrAfter(confirmedAt, operation.startedAt)
  );
}

/** Words of users are to the second; so is the begin that they are compared with. */
function isAtOrAfter(word: string, begin: string): boolean {
  const [said, began] = [Date.parse(word), Date.parse(begin)];
  return Number.isFinite(said) && Math.floor(said / 1_000) >= Math.floor(began / 1_000);
}

/** What live members of the set say they need: it goes after them. */
function neededBy(
  leaving: readonly (readonly [ObjectId, InventoryEntry])[],
  { live, delivery }: Pick<PlanInput, 'live'> & { delivery: Pick<Delivery, 'sequence'> },
): ReadonlySet<ObjectId> {
  const needed = new Set<ObjectId>();
  if (delivery.sequence?.dependsOn === undefined) return needed;
  for (const [id, { ref }] of leaving)
    for (const dependency of dependenciesOf(live(ref)?.marks, delivery.sequence))
      if (dependency !== undefined && dependency !== id) needed.add(dependency);
  return needed;
}

/** What is terminating holds up what goes after it: it keeps its place until it is gone. */
function isGoing(action: Action): action is Exclude<Action, { kind: 'forget' }> {
  return action.kind === 'delete' || (action.kind === 'keep' && action.reason === 'terminating');
}

/** The lowest wave of what goes takes the place of the highest, and so on; what goes last follows every apply. */
function reverseWaves(actions: readonly Action[], lastWave: number): Action[] {
  const waves = [
    ...new Set(
      actions.flatMap((action) => (isGoing(action) && Number.isFinite(action.wave) ? [action.wave] : [])),
    ),
  ].sort((a, b) => a - b);
  return actions.map((action) => {
    if (action.kind === 'forget') return action;
    if (!Number.isFinite(action.wave)) return { ...action, wave: lastWave + 1 };
    const place = waves.indexOf(action.wave);
    const mirrored = place < 0 ? undefined : waves[waves.length - 1 - place];
    return mirrored === undefined ? action : { ...action, wave: mirrored };
  });
}

/**
 * A server that has just started does not name all its kinds yet. Then an object that was seen is no reason to delete
 * it, and one that Git has without a namespace cannot be told from this one.
 */
function isHidden(ref: ObjectRef, live: Conclusion | undefined, input: PlanInput): boolean {
  if (input.isBlind?.(ref) === true) return true;
  if (input.isServed(ref)) return false;
  const isNamesake = (other: ObjectRef): boolean =>
    other.group === ref.group && other.kind === ref.kind && other.name === ref.name && !input.isServed(other);
  return live !== undefined || input.desired.some((desired) => isNamesake(desired.ref));
}

/** Membership was checked by the caller; here the live mark, and the uid where one was recorded. */
function isOurs(live: Conclusion, entry: InventoryEntry, delivery: Pick<Delivery, 'mark'>): boolean {
  const isSame = entry.uid === undefined || entry.uid === live.uid;
  const isMarkedAs = (ref: ObjectRef): boolean => isMarked(live.marks, ref, delivery.mark);
  // A hook that got its name when it was made carries a mark without one.
  return isSame && (isMarkedAs(live.ref) || (entry.isHook === true && isMarkedAs({ ...live.ref, name: '' })));
}

/** Too many deletions, or all of them because nothing was rendered, wait until somebody approves exactly these. */
function guardDeletions(
  departures: readonly Action[],
  input: PlanInput,
): { actions: Action[]; problems: Problem[]; digest?: string } {
  const deletions = departures.filter(({ kind }) => kind === 'delete');
  const total = input.inventory.entries.size;
  const isEmptied = deletions.length > 0 && input.desired.length === 0 && !input.delivery.policy.allowEmpty;
  const isBeyond = deletions.length > budget.objects && deletions.length > budget.share * total;
  if (!isEmptied && !isBeyond) return { actions: [...departures], problems: [] };
  const ids = deletions.map(({ id }) => id).sort();
  const digest = input.digest(ids.join('\n')).slice(0, 12);
  if (input.delivery.approvedDeletions === digest) return { actions: [...departures], problems: [] };
  const held = departures.map((action): Action => {
    if (action.kind !== 'delete') return action;
    const { id, ref, phase, wave } = action;
    return { kind: 'keep', id, ref, phase, wave, reason: 'deletion-blocked', departs: true };
  });
  const what = isEmptied
    ? `renders to nothing, which would delete ${total} objects`
    : `would delete ${deletions.length} of ${total} objects`;
  const message = `${showDelivery(input.delivery.id)}: ${what}; approve with the annotation weir.dev/approve-deletions: ${digest}`;
  return {
    actions: held,
    problems: [{ code: isEmptied ? 'RENDER_EMPTY' : 'DELETION_BLOCKED', message }],
    digest,
  };
}

export interface RemovalInput
  extends Pick<PlanInput, 'inventory' | 'live' | 'claimedBy' | 'contender' | 'mayBeWanted'> {
  readonly delivery: Pick<
    Delivery,
    'mark' | 'deletion' | 'switches' | 'sequence' | 'confirmedAt' | 'deletedAt'
  >;
}

/**
 * What is left to do when the delivery itself is being deleted. Budgets do not apply: somebody deleted it. Of several
 * waves the highest goes first, and the next when nothing of it is left.
 */
export function planRemoval(input: RemovalInput): Plan {
  const order = input.delivery.sequence?.order;
  const needed = neededBy([...input.inventory.entries], input);
  const actions = [...input.inventory.entries].flatMap(([id, entry]): Action[] => {
    const action = planEnd(id, entry, input, needed);
    const live = action.kind === 'forget' ? undefined : input.live(entry.ref);
    // A hook of a sync that ended with the delivery would be held for ever.
    const release =
      live === undefined
        ? undefined
        : releaseFrom(live, input.delivery, {
            phase: 'sync',
            wave: waveOf(live.marks, input.delivery.sequence),
          });
    return release === undefined ? [action] : [release, action];
  });
  const highest = actions.reduce(
    (top, action) => (action.kind === 'forget' ? top : Math.max(top, action.wave)),
    Number.NEGATIVE_INFINITY,
  );
  const now = actions.map((action): Action => {
    if (action.kind !== 'delete' || action.wave === highest) return action;
    const { id, ref, phase, wave } = action;
    return { kind: 'keep', id, ref, phase, wave, reason: 'awaits-dependents', departs: true };
  });
  return { actions: now.sort((a, b) => compareRefs(b.ref, a.ref, order)), problems: [] };
}

function planEnd(
  id: ObjectId,
  entry: InventoryEntry,
  input: RemovalInput,
  needed: ReadonlySet<ObjectId>,
): Action {
  const { ref } = entry;
  const live = input.live(ref);
  if (live === undefined) return { kind: 'forget', id, ref, reason: 'gone' };
  const isOthers = input.claimedBy(id) !== undefined || input.contender?.(id) !== undefined;
  const ours = isOurs(live, entry, input.delivery) && !isOthers;
  const { deletion, switches, sequence } = input.delivery;
  const isDefinition = ref.kind === 'CustomResourceDefinition' && ref.group === 'apiextensions.k8s.io';
  const effects = effectsOf(switches, live.marks);
  const stays =
    deletion.mode === 'orphan' ||
    (isDefinition && deletion.keepsDefinitions === true) ||
    effects.has('outlive') ||
    effects.has('release');
  if (!ours || stays) return { kind: 'forget', id, ref, reason: 'not-ours' };
  const turn = { phase: 'sync', wave: waveOf(live.marks, sequence) } as const;
  const keep = (reason: KeepReason): Action => ({ kind: 'keep', id, ref, reason, departs: true, ...turn });
  if (live.deleting) return keep('terminating');
  if (needed.has(id)) return keep('awaits-dependents');
  if (input.mayBeWanted?.() === true) return keep('awaits-others');
  const { confirmedAt, deletedAt } = input.delivery;
  const isConfirmed = confirmedAt !== undefined && isAtOrAfter(confirmedAt, deletedAt ?? confirmedAt);
  if ((effects.has('confirm-delete') || deletion.confirm === true) && !isConfirmed)
    return keep('awaits-confirmation');
  return { kind: 'delete', id, ref, uid: live.uid, stage: stageOf(ref, sequence?.order), ...turn };
}
