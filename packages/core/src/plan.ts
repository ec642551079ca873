// The plan: what will be written, what will be left alone, and why. Pure: equal inputs give an equal plan, and a plan
// that was carried out gives a plan without a write.

import type { Delivery, DeliveryId } from './delivery.ts';
import { type Desired, isMarked } from './desired.ts';
import type { Inventory, InventoryEntry } from './inventory.ts';
import type { Conclusion } from './live.ts';
import { type KubeObject, type ObjectId, type ObjectRef, showRef } from './object.ts';
import { effectsOf } from './object-switch.ts';
import { compareRefs, stageOf } from './order.ts';
import type { Problem } from './problem.ts';

export type ApplyReason = 'missing' | 'changed' | 'drifted' | 'unrecorded' | 'restored';
export type KeepReason =
  | 'in-sync'
  /** Differs, and the policy does not repair it now. */
  | 'drift-tolerated'
  /** Would be written; the delivery is manual and there is no order. */
  | 'awaits-sync'
  /** Another delivery has it. */
  | 'claimed'
  /** A switch on the object says so. */
  | 'switched-off'
  | 'kind-unknown'
  | 'prune-off'
  | 'deletion-blocked'
  /** Left the inventory: the live object is not, or no longer, ours. */
  | 'not-ours'
  | 'terminating';

export type Action =
  | {
      readonly kind: 'apply';
      readonly id: ObjectId;
      readonly ref: ObjectRef;
      readonly object: KubeObject;
      readonly digest: string;
      readonly reason: ApplyReason;
      readonly stage: number;
      readonly tracked: boolean;
    }
  | {
      readonly kind: 'delete';
      readonly id: ObjectId;
      readonly ref: ObjectRef;
      readonly uid: string;
      readonly stage: number;
    }
  /** The entry leaves the inventory without a request: nothing of ours is there. */
  | {
      readonly kind: 'forget';
      readonly id: ObjectId;
      readonly ref: ObjectRef;
      readonly reason: 'gone' | 'not-ours';
    }
  | { readonly kind: 'keep'; readonly id: ObjectId; readonly ref: ObjectRef; readonly reason: KeepReason };

export interface Plan {
  /** Writes in the order of execution: applies by stage, then deletions in reverse. */
  readonly actions: readonly Action[];
  readonly problems: readonly Problem[];
  /** Deletions beyond the budget: the digest that approves them. */
  readonly deletionDigest?: string;
}

export interface PlanInput {
  readonly delivery: Pick<
    Delivery,
    'id' | 'mark' | 'policy' | 'fieldManager' | 'approvedDeletions' | 'namespace' | 'switches'
  >;
  readonly desired: readonly Desired[];
  readonly inventory: Inventory;
  readonly live: (ref: ObjectRef) => Conclusion | undefined;
  /** The delivery, other than this one, that has the object in its inventory. */
  readonly claimedBy: (id: ObjectId) => DeliveryId | undefined;
  readonly isServed: (ref: ObjectRef) => boolean;
  /** Objects whose ownership changed while every value is as Git wants it: in sync. */
  readonly cleared?: ReadonlySet<ObjectId>;
  /** Carry out the desired state now; without it the plan only shows. */
  readonly execute: boolean;
  /** Repair what drifted at an unchanged revision. */
  readonly heal: boolean;
  readonly prune: boolean;
  readonly digest: (text: string) => string;
}

/** More deletions than both of these wait for approval. */
const budget = { objects: 20, share: 0.3 };

export function planSync(input: PlanInput): Plan {
  const problems: Problem[] = [];
  const wanted = new Set(input.desired.map(({ id }) => id));
  const actions = input.desired.map((desired) => planDesired(desired, input, problems));
  const leaving = [...input.inventory.entries].filter(([id]) => !wanted.has(id));
  const departures = leaving.map(([id, entry]) => planDeparture(id, entry, input));
  const guard = guardDeletions(departures, input);
  problems.push(...guard.problems);
  return {
    actions: [
      ...namespaceAction(input),
      ...actions.sort(byStage),
      ...guard.actions.sort((a, b) => byStage(b, a)),
    ],
    problems,
    ...(guard.digest === undefined ? {} : { deletionDigest: guard.digest }),
  };
}

const byStage = (a: Action, b: Action): number => compareRefs(a.ref, b.ref);

function planDesired(desired: Desired, input: PlanInput, problems: Problem[]): Action {
  const { id, ref } = desired;
  const keep = (reason: KeepReason): Action => ({ kind: 'keep', id, ref, reason });
  if (!input.isServed(ref)) return keep('kind-unknown');
  const holder = input.claimedBy(id);
  if (holder !== undefined) {
    problems.push(claim(desired, holder));
    return keep('claimed');
  }
  const live = input.live(ref);
  const effects = effectsOf(
    input.delivery.switches,
    desired.object.metadata.labels,
    desired.object.metadata.annotations,
    live?.marks,
  );
  if (effects.has('refuse')) problems.push(refusal(desired));
  if (effects.has('refuse') || effects.has('skip')) return keep('switched-off');
  const reason = applyReason(desired, input);
  if (reason === undefined || (live !== undefined && effects.has('create-only'))) return keep('in-sync');
  if (live?.deleting === true) return keep('terminating');
  if (!input.execute) return keep('awaits-sync');
  const repairs = reason === 'drifted' || reason === 'restored';
  if (repairs && !input.heal) return keep('drift-tolerated');
  return {
    kind: 'apply',
    id,
    ref,
    object: desired.object,
    digest: desired.digest,
    reason,
    stage: stageOf(ref),
    tracked: true,
  };
}

function claim(desired: Desired, holder: DeliveryId): Problem {
  const message = `${showRef(desired.ref)}: is part of ${showDelivery(holder)}, which keeps it; expected each object in one delivery only`;
  return { code: 'OBJECT_CLAIMED', message, object: desired.ref, ...placeOf(desired) };
}

function refusal(desired: Desired): Problem {
  const message = `${showRef(desired.ref)}: is a hook, which is not supported yet; it was left out and the rest goes on`;
  return { code: 'FIELD_UNSUPPORTED', message, object: desired.ref, ...placeOf(desired) };
}

function placeOf({ file, line }: Desired): Pick<Problem, 'file' | 'line'> {
  return { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
}

/** Why the object must be written; undefined when it is what Git says. */
function applyReason(desired: Desired, input: PlanInput): ApplyReason | undefined {
  const entry = input.inventory.entries.get(desired.id);
  const live = input.live(desired.ref);
  const isRecorded = entry?.state === 'present' && entry.desired !== undefined && entry.owned !== undefined;
  // Gone, but Git changed since it was applied: that is more than drift, and is written without healing.
  if (live === undefined) return isRecorded && entry.desired === desired.digest ? 'restored' : 'missing';
  if (!isRecorded) return 'unrecorded';
  if (entry.desired !== desired.digest) return 'changed';
  if (live.owned[input.delivery.fieldManager] === entry.owned || input.cleared?.has(desired.id) === true)
    return undefined;
  return 'drifted';
}

/** An object that is in the inventory and no longer in Git. */
function planDeparture(id: ObjectId, entry: InventoryEntry, input: PlanInput): Action {
  const { ref } = entry;
  const live = input.live(ref);
  if (isHidden(ref, live, input)) return { kind: 'keep', id, ref, reason: 'kind-unknown' };
  if (live === undefined) return { kind: 'forget', id, ref, reason: 'gone' };
  if (!isOurs(live, entry, input.delivery) || input.claimedBy(id) !== undefined)
    return { kind: 'forget', id, ref, reason: 'not-ours' };
  const effects = effectsOf(input.delivery.switches, live.marks);
  if (effects.has('release')) return { kind: 'forget', id, ref, reason: 'not-ours' };
  if (live.deleting) return { kind: 'keep', id, ref, reason: 'terminating' };
  if (!input.prune || effects.has('keep')) return { kind: 'keep', id, ref, reason: 'prune-off' };
  return input.execute
    ? { kind: 'delete', id, ref, uid: live.uid, stage: stageOf(ref) }
    : { kind: 'keep', id, ref, reason: 'awaits-sync' };
}

/**
 * A server that has just started does not name all its kinds yet. Then an object that was seen is no reason to delete
 * it, and one that Git has without a namespace cannot be told from this one.
 */
function isHidden(ref: ObjectRef, live: Conclusion | undefined, input: PlanInput): boolean {
  if (input.isServed(ref)) return false;
  const isNamesake = (other: ObjectRef): boolean =>
    other.group === ref.group && other.kind === ref.kind && other.name === ref.name && !input.isServed(other);
  return live !== undefined || input.desired.some((desired) => isNamesake(desired.ref));
}

/** Membership was checked by the caller; here the live mark, and the uid where one was recorded. */
function isOurs(live: Conclusion, entry: InventoryEntry, delivery: Pick<Delivery, 'mark'>): boolean {
  return isMarked(live.marks, live.ref, delivery.mark) && (entry.uid === undefined || entry.uid === live.uid);
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
  const held = departures.map(
    (action): Action =>
      action.kind === 'delete'
        ? { kind: 'keep', id: action.id, ref: action.ref, reason: 'deletion-blocked' }
        : action,
  );
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

/** The destination namespace, where the policy asks for it and nobody else provides it. It is never pruned. */
function namespaceAction(input: PlanInput): Action[] {
  const { delivery } = input;
  if (!delivery.policy.createNamespace || delivery.namespace === '' || !input.execute) return [];
  const ref: ObjectRef = {
    group: '',
    version: 'v1',
    kind: 'Namespace',
    namespace: '',
    name: delivery.namespace,
  };
  const id = `/Namespace//${ref.name}`;
  if (input.live(ref) !== undefined || input.desired.some((desired) => desired.id === id)) return [];
  const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ref.name } };
  return [
    { kind: 'apply', id, ref, object, digest: '', reason: 'missing', stage: stageOf(ref), tracked: false },
  ];
}

/** What is left to do when the delivery itself is being deleted. Budgets do not apply: somebody deleted it. */
export function planRemoval(
  input: Pick<PlanInput, 'inventory' | 'live' | 'claimedBy'> & {
    readonly delivery: Pick<Delivery, 'mark' | 'deletion' | 'switches'>;
  },
): Plan {
  const actions = [...input.inventory.entries].map(([id, entry]): Action => {
    const { ref } = entry;
    const live = input.live(ref);
    if (live === undefined) return { kind: 'forget', id, ref, reason: 'gone' };
    const ours = isOurs(live, entry, input.delivery) && input.claimedBy(id) === undefined;
    const { deletion, switches } = input.delivery;
    const isDefinition = ref.kind === 'CustomResourceDefinition' && ref.group === 'apiextensions.k8s.io';
    const effects = effectsOf(switches, live.marks);
    const stays =
      deletion.mode === 'orphan' ||
      (isDefinition && deletion.keepsDefinitions === true) ||
      effects.has('outlive') ||
      effects.has('release');
    if (!ours || stays) return { kind: 'forget', id, ref, reason: 'not-ours' };
    return live.deleting
      ? { kind: 'keep', id, ref, reason: 'terminating' }
      : { kind: 'delete', id, ref, uid: live.uid, stage: stageOf(ref) };
  });
  return { actions: actions.sort((a, b) => byStage(b, a)), problems: [] };
}

export function isWrite(action: Action): boolean {
  return action.kind === 'apply' || action.kind === 'delete';
}

/** `argocd:Application:argocd/guestbook` as people say it. */
export function showDelivery(id: DeliveryId): string {
  const [, kind = '', name = ''] = id.split(':');
  return `${kind} ${name}`;
}

/** One line an action: for tests, logs and people. */
export function showPlan(plan: Plan): string {
  const lines = plan.actions.map((action) => {
    const why = 'reason' in action ? ` (${action.reason})` : '';
    return `${action.kind} ${showRef(action.ref)}${why}`;
  });
  return [...lines, ...plan.problems.map(({ code }) => `! ${code}`)].join('\n');
}
