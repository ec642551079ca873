// Whether a plan may run now, and how its outcome counts for the next time: policy, orders, retries, healing pace.
// Pure but for the delivery's own memory; it neither plans nor writes.

import {
  type Action,
  choiceOf,
  type Delivery,
  type Inventory,
  isWrite,
  type Plan,
  type Problem,
  type ResourceVerdict,
  type Run,
  type SyncOperation,
  type SyncOrder,
  showDelivery,
  showRef,
} from '@weir/core';
import type { DeliveryState } from './delivery-state.ts';
import type { Observation } from './observe.ts';
import { runOf } from './run-results.ts';

export interface RunDecision {
  readonly candidate: string;
  readonly execute: boolean;
  readonly heal: boolean;
  readonly prune: boolean;
  readonly trigger: Run['trigger'];
  readonly orderToken?: string;
  readonly dryRun: boolean;
  /** The sync under way, to be carried on. */
  readonly resumed?: SyncOperation;
  /** Drift is left for now, since it came back too often; milliseconds since the epoch. */
  readonly healBlockedUntil?: number;
}

/** Self-heal: the first at once, then 2 s * 3^(n-1), at most 5 minutes (argo-cd `--self-heal-backoff-*`). */
const healBackoff = { baseMs: 2_000, factor: 3, maxMs: 300_000 };
/** Drift that stays away this long starts the count anew. */
const healQuietMs = 600_000;

export function decideRun(input: {
  delivery: Delivery;
  state: DeliveryState;
  candidate: string;
  inventory: Inventory & { readonly candidate?: string; readonly operation?: SyncOperation };
  now: Date;
}): RunDecision {
  const { delivery, state, candidate, inventory } = input;
  const now = input.now.getTime();
  const { policy, order } = delivery;
  const isNew = inventory.candidate !== candidate;
  if (policy.shadow === true)
    return {
      candidate,
      execute: false,
      heal: true,
      prune: policy.prune,
      trigger: 'automatic',
      dryRun: false,
    };
  const { operation } = inventory;
  const isOrdered = order !== undefined && order.token !== state.handledOrder;
  // An order of a candidate that is over is carried out anew; a newer order takes the place of any, but to try out.
  const isOwn = !isOrdered || order.dryRun || operation?.orderToken === order.token;
  if (operation !== undefined && isOwn && operation.candidate === candidate) return resume(operation);
  if (isOrdered)
    return {
      candidate,
      execute: true,
      heal: true,
      prune: order.prune,
      trigger: 'order',
      orderToken: order.token,
      dryRun: order.dryRun,
    };
  const isAsked = delivery.requestToken !== undefined && delivery.requestToken !== state.handledToken;
  if (delivery.terminate === true && operation === undefined) endRetries(delivery, state, candidate);
  const held =
    !isAsked &&
    state.failedCandidate === candidate &&
    (now < state.retryAt || state.failures > policy.retry.limit);
  const execute = policy.mode === 'automatic' && !held;
  const healBlocked = policy.selfHeal && !isNew && now < state.healAt;
  return {
    candidate,
    execute,
    heal: isNew || (policy.selfHeal && !healBlocked),
    prune: policy.prune,
    trigger: isNew ? 'automatic' : 'self-heal',
    dryRun: false,
    ...(healBlocked ? { healBlockedUntil: state.healAt } : {}),
  };
}

/** Between two attempts there is nothing to stop but the next one. */
function endRetries({ policy }: Delivery, state: DeliveryState, candidate: string): void {
  if (state.failedCandidate !== candidate || state.failures > policy.retry.limit) return;
  state.failures = policy.retry.limit + 1;
  state.retryAt = 0;
  if (state.run?.phase === 'failed') state.run = { ...state.run, terminated: true };
}

/** A sync that waits goes on as it was begun; only a newer candidate or an order takes its place. */
function resume(operation: SyncOperation): RunDecision {
  const { candidate, prune, trigger, orderToken, dryRun } = operation;
  return {
    candidate,
    execute: true,
    heal: true,
    prune,
    trigger,
    dryRun,
    resumed: operation,
    ...(orderToken === undefined ? {} : { orderToken }),
  };
}

/** A sync begins when there is something to write, an order to answer, or a candidate to declare reached. */
export function beginOperation(of: {
  delivery: Delivery;
  state: DeliveryState;
  observation: Pick<Observation, 'inventory' | 'revision'>;
  decision: RunDecision;
  plan: Plan;
  now: Date;
}): SyncOperation | undefined {
  const { delivery, state, observation, decision, plan, now } = of;
  const { candidate, trigger, prune, dryRun, orderToken } = decision;
  const writes = plan.actions.filter(isWrite);
  const hasWork = plan.actions.some((action) => isWrite(action) || begins.has(reasonOf(action)));
  const isNew =
    observation.inventory.candidate !== candidate ||
    observation.inventory.applied?.commit !== observation.revision.commit;
  if (!hasWork && !isNew && trigger !== 'order') return undefined;
  const order = trigger === 'order' ? delivery.order : undefined;
  const isPartial = trigger === 'self-heal' || order?.only !== undefined;
  const only = order?.only === undefined ? writes.map(({ id }) => id) : chosen(plan, order.only);
  const isRetry = state.failedCandidate === candidate && trigger !== 'order';
  return {
    candidate,
    revision: observation.revision,
    trigger,
    startedAt: now.toISOString(),
    retries: isRetry ? state.failures : 0,
    prune,
    dryRun,
    hooksOn: !isPartial && !dryRun && order?.skipHooks !== true && (hasWork || order !== undefined),
    hooks: {},
    // A repair of very many objects is a sync of all; what somebody chose is never widened.
    ...(isPartial && (order !== undefined || only.length <= maxRepaired) ? { only } : {}),
    ...(orderToken === undefined ? {} : { orderToken }),
  };
}

const maxRepaired = 500;
/** Nothing is written yet, and something is to be done nevertheless. */
const begins: ReadonlySet<string> = new Set(['gone', 'not-ours', 'awaits-definition', 'awaits-confirmation']);

const reasonOf = (action: Action): string =>
  action.kind === 'forget' || action.kind === 'keep' ? action.reason : '';

function chosen(plan: Plan, only: NonNullable<SyncOrder['only']>): string[] {
  const keyOf = (of: { group: string; kind: string; name: string }, namespace: string): string =>
    [of.group, of.kind, namespace, of.name].join('/');
  // Without a namespace it may be in any.
  const keys = new Set(only.map((each) => keyOf(each, each.namespace || '*')));
  const isMeant = ({ ref }: Action): boolean =>
    keys.has(keyOf(ref, '*')) || keys.has(keyOf(ref, ref.namespace));
  return plan.actions.filter(isMeant).map(({ id }) => id);
}

/** Why an order cannot be carried out: it names a commit, and only the one that the source resolves to is at hand. */
export function refusalOf(of: {
  delivery: Delivery;
  observation: Pick<Observation, 'revision'>;
  decision: RunDecision;
}): Problem | undefined {
  const { delivery, observation, decision } = of;
  const asked = decision.orderToken === undefined ? undefined : delivery.order?.revision;
  if (asked === undefined || decision.resumed !== undefined) return undefined;
  const { commit, name } = observation.revision;
  const isCommit = /^[0-9a-f]{7,64}$/i.test(asked) && commit.startsWith(asked.toLowerCase());
  if (isCommit || asked === commit || asked === name || delivery.source.endsWith(`@${asked}`))
    return undefined;
  return {
    code: 'FIELD_UNSUPPORTED',
    message: `${showDelivery(delivery.id)}: the sync asks for revision ${asked}, and its source is at ${commit}; a sync of another revision than the spec names is not supported yet`,
    field: 'operation.sync.revision',
  };
}

/** Nothing was tried, so that it counts for no retry and no candidate. */
export function refuseOrder(of: {
  state: DeliveryState;
  operation: SyncOperation;
  refusal: Problem;
  now: Date;
}): void {
  const { state, operation, refusal: problem, now } = of;
  state.run = {
    ...runOf(operation, new Map()),
    phase: 'failed',
    finishedAt: now.toISOString(),
    message: problem.message,
    problem,
  };
  if (operation.orderToken !== undefined) state.handledOrder = operation.orderToken;
}

/** A newer candidate has taken the place of a sync that was under way: what it was stays told, as ended. */
export function overtake(state: DeliveryState, operation: SyncOperation, now: Date): void {
  const results = state.results?.startedAt === operation.startedAt ? state.results.byKey : new Map();
  delete state.results;
  state.run = {
    ...runOf(operation, results),
    phase: 'failed',
    finishedAt: now.toISOString(),
    message: operation.failure ?? 'something newer is wanted',
  };
}

export function afterRun(of: {
  delivery: Delivery;
  state: DeliveryState;
  observation: Pick<Observation, 'inventory' | 'revision'>;
  decision: RunDecision;
  plan: Plan;
  run: Run;
  results: readonly ResourceVerdict[];
  operation: SyncOperation;
  now: Date;
}): void {
  const { delivery, state, observation, decision, plan, run, results, operation, now } = of;
  const isBroken = operation.failure !== undefined && results.every(({ outcome }) => outcome !== 'failed');
  const failures = results.filter(({ outcome }) => outcome === 'failed').length + (isBroken ? 1 : 0);
  const isChosen = choiceOf(operation);
  const blocked = plan.actions.filter(
    (action) => action.kind === 'keep' && blocking.has(action.reason) && isChosen(action.id),
  );
  const isComplete = failures === 0 && blocked.length === 0;
  if (run.orderToken !== undefined) state.handledOrder = run.orderToken;
  // A run that wrote nothing only notes that the new commit is in force; what was done last stays told.
  // But a failure must not stay told once what it failed at is no longer wanted.
  const wrote = results.length > 0 || run.trigger === 'order' || !isComplete || state.run?.phase === 'failed';
  if (wrote)
    state.run = {
      ...run,
      phase: isComplete ? 'succeeded' : 'failed',
      finishedAt: now.toISOString(),
      message: operation.failure ?? messageOf(results, blocked),
      results: [...results, ...kept(plan.actions)],
      ...(isBroken ? { problem: brokenOff(delivery, operation) } : {}),
    };
  if (run.dryRun) return;
  // A sync of single objects says nothing about the rest.
  if (isComplete && (operation.only === undefined || run.trigger === 'self-heal'))
    observation.inventory.succeed(observation.revision, decision.candidate);
  // What somebody ended is not begun again before something is new.
  if (operation.terminated === true) {
    state.failedCandidate = decision.candidate;
    state.failures = delivery.policy.retry.limit;
  }
  countFailures({ delivery, state, decision, failures, now: now.getTime() });
  if (run.trigger === 'self-heal' && results.length > 0) countHeal(state, now.getTime());
}

function brokenOff({ id }: Delivery, { failure = '' }: SyncOperation): Problem {
  return { code: 'SYNC_FAILED', message: `${showDelivery(id)}: ${failure}` };
}

/** Objects that Git wants and that a run could not touch. */
const blocking: ReadonlySet<string> = new Set(['claimed', 'kind-unknown', 'deletion-blocked']);

function kept(actions: readonly Action[]): ResourceVerdict[] {
  return actions.flatMap((action) =>
    action.kind === 'keep' && action.reason === 'prune-off'
      ? [
          {
            ref: action.ref,
            sync: 'OutOfSync',
            requiresPruning: true,
            outcome: 'skipped',
            message: 'ignored (requires pruning)',
          } as const,
        ]
      : [],
  );
}

/** Objects that a message names; the rest is in the resources. */
const maxNamed = 10;

function messageOf(results: readonly ResourceVerdict[], blocked: readonly Action[]): string {
  const failed = results.find(({ outcome }) => outcome === 'failed');
  if (failed !== undefined) return `one or more objects failed to apply: ${failed.message ?? ''}`;
  if (blocked.length === 0) return 'successfully synced (all tasks run)';
  const named = blocked.slice(0, maxNamed).map((action) => {
    const why = action.kind === 'keep' ? ` (${action.reason})` : '';
    return `${showRef(action.ref)}${why}`;
  });
  return `one or more objects could not be synced: ${named.join(', ')}`;
}

function countFailures(of: {
  delivery: Delivery;
  state: DeliveryState;
  decision: RunDecision;
  failures: number;
  now: number;
}): void {
  const { delivery, state, decision, failures, now } = of;
  if (failures === 0) {
    delete state.failedCandidate;
    state.failures = 0;
    state.retryAt = 0;
    return;
  }
  state.failures = state.failedCandidate === decision.candidate ? state.failures + 1 : 1;
  state.failedCandidate = decision.candidate;
  const { baseMs, factor, maxMs, limit } = delivery.policy.retry;
  // Beyond the limit only a new candidate, an order or a request helps.
  state.retryAt = state.failures > limit ? 0 : now + Math.min(baseMs * factor ** (state.failures - 1), maxMs);
}

/** Nothing is left to write: what an earlier run could not do has been done by somebody else, or is wanted no more. */
export function forgetFailures(state: DeliveryState, plan: Plan): void {
  const isOpen = plan.actions.some((action) => action.kind === 'keep' && action.reason === 'drift-tolerated');
  if (isOpen) return;
  delete state.failedCandidate;
  state.failures = 0;
  state.retryAt = 0;
}

function countHeal(state: DeliveryState, now: number): void {
  state.heals = now - state.healedAt > healQuietMs ? 1 : state.heals + 1;
  state.healedAt = now;
  state.healAt =
    state.heals <= 1
      ? 0
      : now + Math.min(healBackoff.baseMs * healBackoff.factor ** (state.heals - 2), healBackoff.maxMs);
}
