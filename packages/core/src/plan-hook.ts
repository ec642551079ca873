// What becomes of one hook in one phase of the sync under way. It plans nothing that lasts.

import type { Delivery, Sequence } from './delivery.ts';
import { type Desired, isMarked } from './desired.ts';
import type { Conclusion } from './live.ts';
import { idOf, type KubeObject, type ObjectRef } from './object.ts';
import { isSyncPhase, type SyncOperation } from './operation.ts';
import { stageOf } from './order.ts';
import type { Action, HookTask, KeepReason } from './plan-action.ts';
import type { Place, SyncPhase } from './sequence.ts';

export interface HookInput {
  readonly desired: Desired;
  readonly place: Place;
  readonly sequence: Sequence;
  readonly delivery: Pick<Delivery, 'mark'>;
  readonly operation?: SyncOperation;
  readonly live: (ref: ObjectRef) => Conclusion | undefined;
  /** Another delivery has the object: it is no hook of ours to make or to delete. */
  readonly isClaimed: boolean;
}

/** One action for each phase in which the object is a hook. */
export function planHook(input: HookInput): Action[] {
  const phases = input.place.hook.filter(isSyncPhase);
  if (phases.length === 0) return [planned(input, 'sync')('hook')];
  return phases.map((phase) => planPhase(input, phase));
}

/** Sync-fail hooks know no waves (seen in Argo CD 3.5). */
function planned(input: HookInput, phase: SyncPhase): (reason: KeepReason) => Action {
  const { desired, place } = input;
  const wave = phase === 'sync-fail' ? 0 : place.wave;
  const hook = taskOf(input, phase);
  return (reason) => ({ kind: 'keep', id: desired.id, ref: desired.ref, phase, wave, reason, hook });
}

function taskOf({ desired, place }: HookInput, phase: SyncPhase): HookTask {
  return { key: `${phase} ${desired.id}`, phase, deletion: place.deletion };
}

function planPhase(input: HookInput, phase: SyncPhase): Action {
  const { operation, sequence } = input;
  const keep = planned(input, phase);
  if (operation === undefined || !operation.hooksOn) return keep('hook');
  if (input.isClaimed) return keep('claimed');
  const desired = namedHook(input.desired, { operation, phase });
  const named = { ...input, desired };
  const hook = taskOf(named, phase);
  const wave = phase === 'sync-fail' ? 0 : input.place.wave;
  const live = input.live(desired.ref);
  const { id, ref } = desired;
  const state = operation.hooks[hook.key];
  if (state !== undefined) {
    const finalizer = sequence.hooks?.finalizer;
    const isOver = state.status !== 'running' && live !== undefined && live.uid === state.uid;
    if (isOver && finalizer !== undefined && live.finalizers.includes(finalizer))
      return releaseOf(live, { finalizer, phase, wave, isStale: false });
    return planned(named, phase)(state.status === 'running' ? 'hook-running' : 'hook-done');
  }
  if ((operation.failure !== undefined) !== (phase === 'sync-fail')) return keep('hook');
  if (live?.deleting === true)
    return stale(live, { sequence, phase, wave }) ?? planned(named, phase)('terminating');
  if (live !== undefined && isOurs(live, input) && input.place.deletion.includes('before-creation'))
    return (
      stale(live, { sequence, phase, wave }) ?? {
        kind: 'delete',
        id,
        ref,
        uid: live.uid,
        stage: 0,
        phase,
        wave,
        hook,
      }
    );
  const stage = stageOf(ref, sequence.order);
  const object = held(desired.object, sequence.hooks?.finalizer);
  const { digest } = desired;
  return { kind: 'apply', id, ref, object, digest, reason: 'hook', stage, tracked: true, phase, wave, hook };
}

/** Nothing foreign is deleted: what somebody else made under that name is written like any other object. */
function isOurs(live: Conclusion, { desired, delivery }: HookInput): boolean {
  const isMarkedAs = (ref: ObjectRef): boolean => isMarked(live.marks, ref, delivery.mark);
  return isMarkedAs(live.ref) || isMarkedAs(desired.ref);
}

/** A hook of an operation that ended without us still holds its finalizer. */
function stale(
  live: Conclusion,
  { sequence, ...turn }: { sequence: Sequence; phase: SyncPhase; wave: number },
): Action | undefined {
  const finalizer = sequence.hooks?.finalizer;
  return finalizer !== undefined && live.finalizers.includes(finalizer)
    ? releaseOf(live, { finalizer, ...turn, isStale: true })
    : undefined;
}

function releaseOf(
  live: Conclusion,
  of: { finalizer: string; phase: SyncPhase; wave: number; isStale: boolean },
): Action {
  const { id, ref, uid, resourceVersion } = live;
  const { finalizer, ...turn } = of;
  const finalizers = live.finalizers.filter((each) => each !== finalizer);
  return { kind: 'release', id, ref, uid, resourceVersion, finalizers, ...turn };
}

function held(object: KubeObject, finalizer: string | undefined): KubeObject {
  if (finalizer === undefined) return object;
  const finalizers = [...(object.metadata.finalizers ?? []), finalizer];
  return { ...object, metadata: { ...object.metadata, finalizers } };
}

/** A hook with `generateName` is a new object in each sync: `<prefix><revision>-<phase>-<begin>` (argo-cd `sync_task.go`). */
function namedHook(desired: Desired, of: { operation: SyncOperation; phase: SyncPhase }): Desired {
  const prefix = desired.object.metadata.generateName;
  if (desired.ref.name !== '' || prefix === undefined) return desired;
  const { revision, startedAt } = of.operation;
  const seconds = Math.floor(Date.parse(startedAt) / 1_000);
  const name = `${prefix}${revision.commit.slice(0, 7)}-${of.phase.replace('-', '')}-${seconds}`;
  const ref = { ...desired.ref, name };
  const object = { ...desired.object, metadata: { ...desired.object.metadata, name } };
  return { ...desired, id: idOf(ref), ref, object };
}
