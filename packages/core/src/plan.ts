// The plan: what will be written, what will be left alone, and why. Pure: equal inputs give an equal plan, and a plan
// that was carried out gives a plan without a write.

import type { DeliveryId } from './delivery.ts';
import type { Desired } from './desired.ts';
import { type KubeObject, type ObjectId, type ObjectRef, showRef } from './object.ts';
import { effectsOf } from './object-switch.ts';
import { choiceOf } from './operation.ts';
import { compareRefs, stageOf } from './order.ts';
import {
  type Action,
  type ApplyReason,
  type KeepReason,
  type Plan,
  showDelivery,
  type WriteOptions,
} from './plan-action.ts';
import { planDepartures } from './plan-departures.ts';
import { planHook } from './plan-hook.ts';
import type { PlanInput } from './plan-input.ts';
import { refuseShared, sharingOf } from './plan-sharing.ts';
import { planTurns } from './plan-turns.ts';
import type { Problem } from './problem.ts';
import { compareTurns, type Place, placeInSequence, type Turn } from './sequence.ts';
import { rulesToTakeOver, type TakeOverRule } from './take-over.ts';

export function planSync(input: PlanInput): Plan {
  const { sequence } = input.delivery;
  const problems: Problem[] = [];
  const wanted = new Set(input.desired.map(({ id }) => id));
  const places = new Map(
    input.desired.map((desired) => [
      desired.id,
      placeInSequence(desired.object.metadata.annotations, sequence),
    ]),
  );
  const turns = planTurns(input, places);
  const isSelected = choiceOf(input.operation);
  problems.push(...turns.problems);
  const actions = input.desired.flatMap((desired): Action[] => {
    const place = places.get(desired.id);
    if (sequence !== undefined && place !== undefined && place.hook.length > 0) {
      const holder = input.claimedBy(desired.id);
      if (holder !== undefined) problems.push(claim(desired, holder));
      return planHook({ ...input, desired, place, sequence, isClaimed: holder !== undefined });
    }
    return [planDesired(desired, { input, place, turns, problems, isSelected })];
  });
  const leaving = [...input.inventory.entries].filter(([id]) => !wanted.has(id));
  const departures = planDepartures(input, leaving, turns.lastWave);
  problems.push(...departures.problems);
  const applies = refuseShared(actions, { input, problems }).sort(byTurn(sequence?.order));
  // Those for a failure have their turn in no other case.
  const first = applies.find((action) => turnOf(action).phase !== 'sync-fail');
  const namespace = namespaceAction(input, first);
  return {
    actions: [
      ...namespace,
      ...applies,
      ...refuseShared(departures.actions, { input, problems }).sort((a, b) =>
        compareRefs(b.ref, a.ref, sequence?.order),
      ),
    ],
    problems,
    ...(departures.digest === undefined ? {} : { deletionDigest: departures.digest }),
  };
}

const turnOf = (action: Action): Turn => (action.kind === 'forget' ? { phase: 'sync', wave: 0 } : action);

function byTurn(order: Parameters<typeof compareRefs>[2]): (a: Action, b: Action) => number {
  return (a, b) => compareTurns(turnOf(a), turnOf(b)) || compareRefs(a.ref, b.ref, order);
}

interface DesiredContext {
  readonly input: PlanInput;
  readonly place: Place | undefined;
  readonly turns: ReturnType<typeof planTurns>;
  readonly problems: Problem[];
  readonly isSelected: (id: ObjectId) => boolean;
}

function planDesired(desired: Desired, context: DesiredContext): Action {
  const { input, place, turns, problems, isSelected } = context;
  const { id, ref } = desired;
  const turn = turns.turnOf(id);
  const live = input.live(ref);
  const { annotations, labels } = desired.object.metadata;
  const effects = effectsOf(input.delivery.switches, labels, annotations, live?.marks);
  const healthless = effects.has('healthless') ? { healthless: true } : {};
  const keep = (reason: KeepReason): Action => ({ kind: 'keep', id, ref, reason, ...turn, ...healthless });
  if (place?.isLeftOut === true) return keep('switched-off');
  if (!input.isServed(ref)) return keep(reasonOfAbsentKind(desired, effects, { input, turns }));
  const holder = input.claimedBy(id);
  if (holder !== undefined && desired.isHome === true) return keep('switched-off');
  if (holder !== undefined) {
    problems.push(claim(desired, holder));
    return keep('claimed');
  }
  problems.push(...sharingOf(desired, input));
  if (effects.has('refuse')) problems.push(refusal(desired));
  if (effects.has('refuse') || effects.has('skip')) return keep('switched-off');
  const adopting = rulesFor(desired, effects, input);
  const reason = applyReason(desired, input) ?? (adopting === undefined ? undefined : 'contended');
  if (reason === undefined || (live !== undefined && effects.has('create-only'))) return keep('in-sync');
  if (live?.deleting === true) return keep('terminating');
  // No value differs: where nothing is to be repaired now, nothing is amiss.
  const isIdle = !input.execute || !input.heal || !isSelected(id);
  if (reason === 'contended' && isIdle) return keep('in-sync');
  if (!input.execute || !isSelected(id)) return keep('awaits-sync');
  const repairs = reason === 'drifted' || reason === 'restored';
  if (repairs && !input.heal) return keep('drift-tolerated');
  if (turns.isBlocked(id)) return keep('awaits-dependency');
  const { object, digest } = desired;
  const stage = stageOf(ref, input.delivery.sequence?.order);
  const write = writeOptions(input, { effects, adopting });
  return { kind: 'apply', id, ref, object, digest, reason, stage, tracked: true, ...turn, ...write };
}

function reasonOfAbsentKind(
  { id }: Desired,
  effects: ReturnType<typeof effectsOf>,
  { input, turns }: Pick<DesiredContext, 'input' | 'turns'>,
): KeepReason {
  if (turns.isDefined(id)) return 'awaits-definition';
  const isAllowed = input.delivery.policy.skipMissingKinds === true || effects.has('skip-missing-kind');
  return isAllowed ? 'kind-missing' : 'kind-unknown';
}

function writeOptions(
  { delivery }: PlanInput,
  of: { effects: ReturnType<typeof effectsOf>; adopting: readonly TakeOverRule[] | undefined },
): { readonly write?: WriteOptions } {
  const { effects, adopting: takeOver } = of;
  const replace = delivery.policy.replace === true || effects.has('replace');
  const force = delivery.policy.force || effects.has('force');
  if (!replace && !force && takeOver === undefined) return {};
  return {
    write: {
      ...(replace ? { replace } : {}),
      ...(force ? { force } : {}),
      ...(takeOver === undefined ? {} : { takeOver }),
    },
  };
}

/** What is to be taken over of the live object, by the rules that count now. */
function rulesFor(
  desired: Desired,
  effects: ReturnType<typeof effectsOf>,
  { delivery, inventory, live }: PlanInput,
): readonly TakeOverRule[] | undefined {
  const found = live(desired.ref);
  // A replacement is written by an update of our own; several may give the home namespace its metadata.
  const isReplaced = delivery.policy.replace === true || effects.has('replace');
  if (found === undefined || isReplaced || effects.has('share-fields') || desired.isHome === true)
    return undefined;
  const isAdopted = inventory.entries.get(desired.id)?.state !== 'present';
  return rulesToTakeOver(delivery.takeOver, found, { manager: delivery.fieldManager, isAdopted });
}

function claim(desired: Desired, holder: DeliveryId): Problem {
  const message = `${showRef(desired.ref)}: is part of ${showDelivery(holder)}, which keeps it; expected each object in one delivery only`;
  return { code: 'OBJECT_CLAIMED', message, object: desired.ref, ...placeOf(desired) };
}

function refusal(desired: Desired): Problem {
  const message = `${showRef(desired.ref)}: is of a sort that is not supported yet; it was left out and the rest goes on`;
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

/** The destination namespace, where the policy asks for it and nobody else provides it. It is never pruned. */
function namespaceAction(input: PlanInput, first: Action | undefined): Action[] {
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
  const metadata = { name: ref.name, ...delivery.policy.namespaceMetadata };
  const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata };
  const { phase, wave } =
    first === undefined ? turnOf({ kind: 'forget', id, ref, reason: 'gone' }) : turnOf(first);
  return [
    { kind: 'apply', id, ref, object, digest: '', reason: 'missing', stage: -1, tracked: false, phase, wave },
  ];
}
