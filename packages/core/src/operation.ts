// The step machine of a sync: which part of a plan is to be done now, what is waited for, and when it is over. Pure and
// re-entrant: it is asked again after every event, with the operation as it was stored, and holds no worker meanwhile.

import type { HookPhase } from './delivery.ts';
import type { Conclusion } from './live.ts';
import { type ObjectId, type ObjectRef, showRef } from './object.ts';
import type { Action, HookTask, KeepReason, Plan } from './plan-action.ts';
import { compareTurns, type SyncPhase, type Turn } from './sequence.ts';
import type { HookStatus, ResolvedRef, Run, WaitReason } from './verdict.ts';

/** One sync under way, as it is stored with the inventory. It is about one candidate; a newer one ends it. */
export interface SyncOperation {
  readonly candidate: string;
  readonly revision: ResolvedRef;
  readonly trigger: Run['trigger'];
  readonly orderToken?: string;
  /** ISO 8601. */
  readonly startedAt: string;
  readonly retries: number;
  readonly prune: boolean;
  readonly dryRun: boolean;
  /** Whether hooks have their turn: not in a repair, nor where single objects were asked for. */
  readonly hooksOn: boolean;
  /** Only these objects; absent: all. */
  readonly only?: readonly ObjectId[];
  /** By task key. */
  readonly hooks: Readonly<Record<string, HookState>>;
  /** Why it fails: what is left is its sync-fail hooks. */
  readonly failure?: string;
  /** Somebody ended it: not even its sync-fail hooks have their turn. */
  readonly terminated?: boolean;
  /** Since when the present wait lasts, ISO 8601. */
  readonly waitingSince?: string;
}

export interface HookState {
  readonly status: HookStatus;
  readonly uid?: string;
  readonly message?: string;
}

export type Step =
  | { readonly kind: 'act'; readonly actions: readonly Action[] }
  | { readonly kind: 'wait'; readonly reason: WaitReason; readonly refs: readonly ObjectRef[] }
  | { readonly kind: 'fail'; readonly message: string }
  | {
      readonly kind: 'end';
      readonly outcome: 'succeeded' | 'failed';
      /** Hooks that are to go now. */
      readonly actions: readonly Action[];
      readonly hadHooks: boolean;
    };

type Live = (ref: ObjectRef) => Conclusion | undefined;
type Placed = Exclude<Action, { kind: 'forget' }>;

/**
 * The operation after a look at its running hooks: what their health says has happened to them. The same one where
 * nothing has; otherwise the plan is of the past and is to be made anew.
 */
export function observeHooks(operation: SyncOperation, plan: Plan, live: Live): SyncOperation {
  const seen: Record<string, HookState> = {};
  for (const action of plan.actions) {
    const key = action.kind === 'keep' ? action.hook?.key : undefined;
    const state = key === undefined ? undefined : operation.hooks[key];
    if (key === undefined || state?.status !== 'running') continue;
    const next = hookStateOf(state, live(action.ref));
    if (next.status !== state.status || next.message !== state.message) seen[key] = next;
  }
  return Object.keys(seen).length === 0
    ? operation
    : { ...operation, hooks: { ...operation.hooks, ...seen } };
}

/** Unknown and Degraded mean failed; no health at all means done (argo-cd `gitops-engine/pkg/sync`). */
function hookStateOf(state: HookState, live: Conclusion | undefined): HookState {
  if (live === undefined || (state.uid !== undefined && live.uid !== state.uid))
    return { ...state, status: 'failed', message: 'was deleted before its end was seen' };
  const { health } = live;
  const told = health?.message === undefined ? {} : { message: health.message };
  if (health === undefined || health.status === 'Healthy') return { ...state, ...told, status: 'succeeded' };
  if (health.status === 'Degraded' || health.status === 'Unknown')
    return { ...state, ...told, status: 'failed' };
  // Our finalizer holds it, so that it would be waited for, for ever.
  if (live.deleting) return { ...state, status: 'failed', message: 'is being deleted before it has ended' };
  return { ...state, ...told };
}

/** What is to be done now. Deterministic; `act` is asked for again once it is done. */
export function nextStep(input: {
  readonly plan: Plan;
  readonly operation: SyncOperation;
  readonly live: Live;
}): Step {
  const { plan, operation, live } = input;
  const inScope = scopeOf(operation);
  const actions = plan.actions.filter((action) => action.kind !== 'forget');
  const releases = actions.filter((action) => action.kind === 'release' && !action.isStale);
  if (releases.length > 0) return { kind: 'act', actions: releases };
  const isOver = operation.failure !== undefined;
  const scoped = actions.filter(inScope);
  const unconfirmed = isOver ? [] : refsOf(scoped, 'awaits-confirmation');
  if (unconfirmed.length > 0) return { kind: 'wait', reason: 'confirmation', refs: unconfirmed };
  const groups = groupsOf(scoped, operation);
  for (const [index, group] of groups.entries()) {
    const step = stepOfGroup(group, { operation, live, isGated: index < groups.length - 1 });
    if (step !== undefined) return step;
  }
  const outcome = operation.failure === undefined ? 'succeeded' : 'failed';
  const hadHooks = actions.some(
    (action) => hookOf(action) !== undefined && isShown(hookOf(action), operation),
  );
  return { kind: 'end', outcome, actions: leftOverHooks(actions, { operation, live, outcome }), hadHooks };
}

/** What the operation is about. The namespace that it makes first is nobody's object, and part of any. */
export function scopeOf(operation: SyncOperation): (action: Action) => boolean {
  const isChosen = choiceOf(operation);
  return (action) => isChosen(action.id) || (action.kind === 'apply' && !action.tracked);
}

export function choiceOf(operation: SyncOperation | undefined): (id: ObjectId) => boolean {
  if (operation?.only === undefined) return () => true;
  const ids = new Set(operation.only);
  return (id) => ids.has(id);
}

const hookOf = (action: Action): HookTask | undefined => ('hook' in action ? action.hook : undefined);

const isShown = (hook: HookTask | undefined, { hooks }: SyncOperation): boolean =>
  hook !== undefined && hooks[hook.key] !== undefined;

function refsOf(actions: readonly Placed[], ...reasons: readonly KeepReason[]): ObjectRef[] {
  return actions.flatMap((action) =>
    action.kind === 'keep' && reasons.includes(action.reason) ? [action.ref] : [],
  );
}

/** By phase, then wave. A failed operation has its sync-fail phase alone. */
function groupsOf(actions: readonly Placed[], operation: SyncOperation): Placed[][] {
  if (operation.terminated === true) return [];
  const isFailing = operation.failure !== undefined;
  const groups = new Map<string, { turn: Turn; members: Placed[] }>();
  for (const action of actions) {
    if ((action.phase === 'sync-fail') !== isFailing) continue;
    if (action.kind === 'keep' && (action.reason === 'hook' || action.reason === 'switched-off')) continue;
    const key = `${action.phase} ${action.wave}`;
    const group = groups.get(key) ?? { turn: action, members: [] };
    group.members.push(action);
    groups.set(key, group);
  }
  return [...groups.values()].sort((a, b) => compareTurns(a.turn, b.turn)).map(({ members }) => members);
}

interface GroupContext {
  readonly operation: SyncOperation;
  readonly live: Live;
  /** More groups follow: this one must be healthy first. */
  readonly isGated: boolean;
}

function stepOfGroup(group: readonly Placed[], context: GroupContext): Step | undefined {
  const pending = group.filter(({ kind }) => kind !== 'keep');
  if (pending.length > 0) return { kind: 'act', actions: pending };
  const wait = (reason: WaitReason, refs: readonly ObjectRef[]): Step | undefined =>
    refs.length === 0 ? undefined : { kind: 'wait', reason, refs };
  return (
    failureOfGroup(group, context) ??
    wait('deletion', terminatingOf(group, context)) ??
    wait('definition', refsOf(group, 'awaits-definition')) ??
    wait('dependency', refsOf(group, 'awaits-dependency', 'awaits-dependents', 'awaits-others')) ??
    wait('hook', refsOf(group, 'hook-running')) ??
    (context.isGated ? wait('health', unhealthyOf(group, context.live, isWaited)) : undefined)
  );
}

/** What goes need not be gone before the last group ends; what is to come again must. */
function terminatingOf(group: readonly Placed[], { isGated }: GroupContext): ObjectRef[] {
  return group.flatMap((action) =>
    action.kind === 'keep' && action.reason === 'terminating' && (isGated || action.departs !== true)
      ? [action.ref]
      : [],
  );
}

const isWaited = (status: string): boolean => status !== 'Healthy';
const isLost = (status: string): boolean => status === 'Degraded';

function unhealthyOf(
  group: readonly Placed[],
  live: Live,
  isMeant: (status: string) => boolean,
): ObjectRef[] {
  return group.flatMap((action) => {
    if (action.kind !== 'keep' || action.hook !== undefined || action.departs === true) return [];
    if (action.healthless === true || absent.has(action.reason)) return [];
    const found = live(action.ref);
    const status = found === undefined ? 'Missing' : (found.health?.status ?? 'Healthy');
    return isMeant(status) ? [action.ref] : [];
  });
}

/** Kept without being there at all, which is no illness. */
const absent: ReadonlySet<KeepReason> = new Set(['switched-off', 'kind-missing', 'not-ours']);

function failureOfGroup(
  group: readonly Placed[],
  { operation, live, isGated }: GroupContext,
): Step | undefined {
  const fail = (message: string): Step => ({ kind: 'fail', message });
  if (operation.failure !== undefined) return undefined;
  for (const action of group) {
    const hook = hookOf(action);
    const state = hook === undefined ? undefined : operation.hooks[hook.key];
    if (state?.status === 'failed')
      return fail(
        `hook ${showRef(action.ref)} failed${state.message === undefined ? '' : `: ${state.message}`}`,
      );
  }
  if (!isGated) return undefined;
  const lost = unhealthyOf(group, live, isLost)[0];
  if (lost !== undefined) return fail(`${showRef(lost)} is Degraded, and later waves need it`);
  const blocked = refsOf(group, 'claimed', 'kind-unknown', 'deletion-blocked')[0];
  return blocked === undefined
    ? undefined
    : fail(`${showRef(blocked)} could not be synced, and later waves need it`);
}

/** Hooks with a policy for this outcome go when the whole sync is over, not when they are; stopped ones go in any case. */
function leftOverHooks(
  actions: readonly Placed[],
  { operation, live, outcome }: { operation: SyncOperation; live: Live; outcome: 'succeeded' | 'failed' },
): Action[] {
  return actions.flatMap((action): Action[] => {
    const hook = hookOf(action);
    const state = hook === undefined ? undefined : operation.hooks[hook.key];
    const found = live(action.ref);
    if (hook === undefined || state?.uid === undefined || found?.uid !== state.uid || found.deleting)
      return [];
    if (state.status !== 'terminated' && !hook.deletion.includes(outcome)) return [];
    const { id, ref, phase, wave } = action;
    return [{ kind: 'delete', id, ref, uid: state.uid, stage: 0, phase, wave, hook }];
  });
}

/** Ends an operation by a user's word: what runs is stopped, what was applied stays. */
export function terminateOperation(operation: SyncOperation): SyncOperation {
  const stopped = Object.entries(operation.hooks).map(([key, state]): [string, HookState] => [
    key,
    state.status === 'running' ? { ...state, status: 'terminated' } : state,
  ]);
  return {
    ...operation,
    hooks: Object.fromEntries(stopped),
    failure: 'Operation terminated',
    terminated: true,
  };
}

/** The phases of a hook that a sync runs; those of a deletion have their turn when the delivery goes. */
export function isSyncPhase(phase: HookPhase): phase is SyncPhase {
  return phase !== 'pre-delete' && phase !== 'post-delete';
}
