// One reconcile of one delivery: observe, plan, execute, judge, report. It is level-based: run at any time, any number
// of times, it moves the cluster towards what Git says and then does nothing.

import {
  type Action,
  type Delivery,
  type DeliveryVerdict,
  isWell,
  isWrite,
  judgeDelivery,
  type Plan,
  type Problem,
  planSync,
  type Reading,
  type SyncOperation,
  shadowOf,
} from '@weir/core';
import { digestText } from '@weir/kube';
import type { DeliveryState } from './delivery-state.ts';
import { isHiddenYet, isServedNow } from './hidden-kinds.ts';
import { askNeighbours, othersRetryMs, tellWants } from './neighbours.ts';
import { judgedRefs, type Observation, type Observed, observeDelivery } from './observe.ts';
import type { ReconcileContext } from './reconcile-context.ts';
import { reconcileRemoval } from './removal.ts';
import { decideRun, forgetFailures, overtake, type RunDecision } from './run-decision.ts';
import { invalidExpressions } from './select-paths.ts';
import { settleSuspects } from './settle-suspects.ts';
import { stuckDeletions } from './stuck-deletions.ts';
import { runSync } from './sync-run.ts';

/** Answers when to look again, in milliseconds; undefined: only when something happens. */
export async function reconcileDelivery(
  id: string,
  context: ReconcileContext,
  signal: AbortSignal,
): Promise<number | undefined> {
  const delivery = context.delivery(id);
  if (delivery === undefined) return undefined;
  const state = context.states.of(id, delivery.owner.uid);
  if (delivery.deleting) return reconcileRemoval(delivery, context, signal);
  if (delivery.suspended) return conclude({ delivery, state, context, signal });
  if (awaitsRefresh(delivery, state, context)) return undefined;
  const isShadow = delivery.policy.shadow === true;
  if (!isShadow) await context.setFinalizer(delivery, true, signal);
  const since = context.now().getTime();
  const superseded = new AbortController();
  state.superseded = superseded;
  const observed = await observeDelivery(delivery, context, { signal, superseded: superseded.signal });
  delete state.superseded;
  if (signal.aborted) return undefined;
  // A newer commit or spec came while this one was rendered: it is nothing to tell of.
  if (superseded.signal.aborted) return 0;
  const silentMs = observed.ok || observed.isPending !== true ? 0 : silenceLeftMs(state, since);
  if (silentMs > 0) return silentMs;
  if (!observed.ok) return conclude({ delivery, state, context, signal, observed });
  tellWants(delivery, { state, observation: observed.value, context });
  // What is not to be touched cannot be told: nothing is written.
  const problems = await invalidExpressions(delivery, context.selectPaths, signal);
  const unreadable = (await context.health?.invalid(delivery, signal)) ?? [];
  if (unreadable.length > 0) {
    const isFinal = unreadable.every(({ code }) => code === 'EVALUATION_INVALID');
    const refused = { ok: false, step: isFinal ? 'decode' : 'plan', problems: unreadable } as const;
    return conclude({ delivery, state, context, signal, observed: refused });
  }
  if (problems.length > 0) {
    const { revision } = observed.value;
    const refused = { ok: false, step: 'plan', problems, revision } as const;
    return conclude({ delivery, state, context, signal, observed: refused });
  }
  const decision = decideRun({
    delivery,
    state,
    candidate: observed.value.candidate,
    inventory: observed.value.inventory,
    now: context.now(),
  });
  const cleared = await settleSuspects({
    delivery,
    state,
    observation: observed.value,
    decision,
    context,
    signal,
  });
  const look = { delivery, state, observation: observed.value, decision, context, cleared };
  const plan = await execute({ ...look, signal });
  if (decision.execute) await context.health?.settle(judged(delivery, observed.value), signal);
  if (signal.aborted) return undefined;
  return conclude({ delivery, state, context, signal, observed, decision, plan, since });
}

/** After a start the dependencies are looked at first; nothing is told of waiting for them so long. */
const startMs = 30_000;

function silenceLeftMs(state: DeliveryState, now: number): number {
  state.firstLookAt ??= now;
  return state.firstLookAt + startMs - now;
}

/** A user asked for a refresh: the source is fetched first, then this runs. */
function awaitsRefresh(delivery: Delivery, state: DeliveryState, context: ReconcileContext): boolean {
  const token = delivery.requestToken;
  if (token === undefined || token === state.handledToken || !context.isInlineSource(delivery.source))
    return false;
  const attempts = context.sourceState(delivery.source)?.attempts ?? 0;
  if (state.refresh?.token !== token) state.refresh = { token, attempts };
  return attempts <= state.refresh.attempts;
}

interface Look {
  readonly delivery: Delivery;
  readonly state: DeliveryState;
  readonly observation: Observation;
  readonly decision: RunDecision;
  readonly context: ReconcileContext;
  readonly cleared: ReadonlySet<string>;
}

function planFor(of: Look, operation?: SyncOperation): Plan {
  const { delivery, state, observation, decision, context, cleared } = of;
  const { session, inventory, desired, discovery } = observation;
  const plan = planSync({
    delivery,
    desired: desired.objects,
    inventory,
    live: observation.live,
    claimedBy: (object) =>
      context.inventories.holder({ cluster: session.key, id: object, except: delivery.id }),
    ...askNeighbours(delivery, { cluster: session.key, state, context }),
    isServed: (ref) => isServedNow(ref, { cache: session.cache, discovery }) && !observation.isBlind(ref),
    isBlind: (ref) =>
      observation.isBlind(ref) || isHiddenYet(ref, { cache: session.cache, discovery, now: context.now() }),
    cleared,
    execute: decision.execute,
    heal: decision.heal,
    // What cannot be placed may be what seems to have left Git.
    prune: decision.prune && desired.problems.every(({ code }) => code === 'OBJECT_DUPLICATE'),
    ...(operation === undefined ? {} : { operation }),
    digest: digestText,
  });
  return { ...plan, problems: [...observation.warnings, ...desired.problems, ...plan.problems] };
}

/** Answers the plan as it is after all that could be done now. */
async function execute(look: Look & { signal: AbortSignal }): Promise<Plan> {
  const { delivery, state, observation, decision, context, signal } = look;
  const { inventory } = observation;
  // A sync of something older is over; what it left undone is planned anew.
  if (inventory.operation !== undefined && decision.resumed === undefined) {
    overtake(state, inventory.operation, context.now());
    await inventory.keep(undefined, signal);
  }
  const isShadow = delivery.policy.shadow === true;
  if (isShadow) return planFor({ ...look, decision: { ...decision, execute: true } });
  if (!decision.execute) return planFor(look);
  const before = state.run;
  const plan = await runSync({
    delivery,
    state,
    observation,
    decision,
    planFor: (operation) => planFor(look, operation),
    ...(context.selectPaths === undefined ? {} : { selectPaths: context.selectPaths }),
    now: context.now,
    signal,
  });
  if (signal.aborted) return plan;
  if (state.run === before) forgetFailures(state, plan);
  // What was just applied has all its time to become healthy, whatever an older state had used up.
  else if (state.run?.trigger !== 'self-heal' && (state.run?.results.length ?? 0) > 0)
    delete state.waitingSince;
  return plan;
}

/** A custom resource that cannot be understood: what it deployed before stays as it is. */
export function invalidVerdict(
  { id, owner, problems }: Extract<Reading, { kind: 'invalid' }>,
  context: ReconcileContext,
): DeliveryVerdict {
  const state = context.states.of(id, owner.uid);
  const nothing = {
    sync: 'Unknown',
    health: { status: 'Unknown' },
    resources: [],
    images: [],
    externalUrls: [],
  } as const;
  state.verdict = {
    ...nothing,
    ...state.verdict,
    delivery: id,
    sync: 'Unknown',
    health: { status: 'Unknown' },
    stage: 'invalid',
    failedStep: 'decode',
    problems,
  };
  return state.verdict;
}

interface Conclusion {
  readonly delivery: Delivery;
  readonly state: DeliveryState;
  readonly context: ReconcileContext;
  readonly signal: AbortSignal;
  readonly observed?: Observed;
  readonly decision?: RunDecision;
  readonly plan?: Plan;
  /** When this look began, in milliseconds since the epoch. */
  readonly since?: number;
}

async function conclude(of: Conclusion): Promise<number | undefined> {
  const { delivery, state, context, signal, plan, observed } = of;
  const stuck =
    plan === undefined || observed?.ok !== true
      ? []
      : await stuckDeletions({ plan, state, session: observed.value.session, now: context.now(), signal });
  const verdict = verdictOf(of, stuck);
  const before = state.verdict;
  state.verdict = verdict;
  const waits =
    verdict.checks?.some(({ health }) => !isWell(health)) ??
    (delivery.policy.wait ? verdict.health.status !== 'Healthy' : verdict.health.status === 'Progressing');
  if (verdict.stage === 'progressing' && waits) state.waitingSince ??= context.now().getTime();
  else if (verdict.stage !== 'failed') delete state.waitingSince;
  if (verdict.handledToken !== undefined) state.handledToken = verdict.handledToken;
  // Before the report: where that fails, the next look finds the verdict unchanged and would wake nobody.
  context.onVerdict(verdict, before);
  noteShadow(of, verdict);
  await context.report(delivery.id, verdict, signal);
  return nextLook(of, verdict);
}

/** In shadow mode the journal is the only place that tells anything. */
function noteShadow({ delivery, context, plan }: Conclusion, { problems, revision }: DeliveryVerdict): void {
  const record = context.inventories.get(delivery.id);
  if (delivery.policy.shadow !== true) {
    record?.show(undefined);
    return;
  }
  const at = context.now().toISOString();
  record?.show(
    shadowOf(
      { actions: plan?.actions ?? [], problems },
      { at, revision: [revision?.name ?? [], revision?.commit ?? []].flat().join('@') },
    ),
  );
}

function verdictOf(of: Conclusion, stuck: readonly Problem[]): DeliveryVerdict {
  const { delivery, state, context, observed, plan } = of;
  const now = context.now().getTime();
  const value = observed?.ok === true ? observed.value : undefined;
  const refused = observed?.ok === false ? observed : undefined;
  const revision = value?.revision ?? refused?.revision ?? state.verdict?.revision;
  const applied = context.inventories.get(delivery.id)?.applied;
  const judged = judgeDelivery({
    delivery,
    ...(plan === undefined ? {} : { plan }),
    live: (ref) => value?.live(ref),
    ...(state.run === undefined ? {} : { run: state.run }),
    ...(value === undefined || state.drift === undefined ? {} : { drift: state.drift }),
    problems: [...(refused?.problems ?? []), ...runProblems(of), ...scriptProblems(of), ...stuck],
    ...(refused === undefined ? {} : { failedStep: refused.step }),
    ...(refused?.waitingFor === undefined ? {} : { waitingFor: refused.waitingFor }),
    isOverdue: state.waitingSince !== undefined && now - state.waitingSince >= delivery.policy.timeoutMs,
    ...(state.verdict === undefined ? {} : { previous: state.verdict }),
  });
  return {
    ...judged,
    ...(revision === undefined ? {} : { revision }),
    ...(applied === undefined ? {} : { appliedRevision: applied }),
    ...(state.run === undefined ? {} : { run: state.run }),
    ...attempted(of),
    ...(value === undefined
      ? renderedBefore(state)
      : { renderedAs: value.rendering.type, renderDigest: value.rendering.digest }),
    ...(delivery.requestToken === undefined ? {} : { handledToken: delivery.requestToken }),
    ...(state.handledOrder === undefined ? {} : { handledOrder: state.handledOrder }),
  };
}

function attempted({ state, observed, decision }: Conclusion): Pick<DeliveryVerdict, 'attemptedRevision'> {
  const isTried = observed?.ok === true && decision?.execute === true && !decision.dryRun;
  const revision = isTried
    ? observed.value.revision
    : (state.run?.revision ?? state.verdict?.attemptedRevision);
  return revision === undefined ? {} : { attemptedRevision: revision };
}

function renderedBefore(state: DeliveryState): Pick<DeliveryVerdict, 'renderedAs' | 'renderDigest'> {
  const { renderedAs, renderDigest } = state.verdict ?? {};
  return {
    ...(renderedAs === undefined ? {} : { renderedAs }),
    ...(renderDigest === undefined ? {} : { renderDigest }),
  };
}

function scriptProblems({ delivery, context, observed }: Conclusion): readonly Problem[] {
  if (observed?.ok !== true) return [];
  return context.health?.problems(judged(delivery, observed.value)) ?? [];
}

function judged(delivery: Delivery, { session, inventory }: Observation) {
  return { delivery, session, refs: judgedRefs(delivery, inventory) };
}

/** What the last run could not do counts as long as the same state is wanted. */
function runProblems({ state, decision }: Conclusion): DeliveryVerdict['problems'] {
  if (decision === undefined || state.failedCandidate !== decision.candidate) return [];
  const { run } = state;
  const own = run?.problem === undefined ? [] : [run.problem];
  return [...own, ...(run?.results ?? []).flatMap(({ problem }) => (problem === undefined ? [] : [problem]))];
}

/** Kinds that appear, credentials that come and servers that return are looked for at this pace at most. */
const environmentRetryMs = 60_000;
/** The end of an object that is not in the inventory is nobody's event. */
const terminatingRetryMs = 15_000;
const leftOverMs = 200;
/** Suspects that are many are asked about, and given back, bit by bit. */
const suspectsRetryMs = 5_000;

function nextLook(of: Conclusion, verdict: DeliveryVerdict): number | undefined {
  const { delivery, state, context, decision, plan, since } = of;
  const now = context.now().getTime();
  const looks: number[] = [];
  // A retry that fell due while this very look was being told has not been made yet.
  if (state.retryAt > (since ?? now)) looks.push(Math.max(state.retryAt - now, 0));
  const { gateTimeoutMs } = delivery.policy;
  const operation = of.observed?.ok === true ? of.observed.value.inventory.operation : undefined;
  const waitingSince = operation?.waitingSince;
  if (gateTimeoutMs !== undefined && waitingSince !== undefined)
    looks.push(Math.max(Date.parse(waitingSince) + gateTimeoutMs - now, 100));
  if (decision?.healBlockedUntil !== undefined) looks.push(Math.max(decision.healBlockedUntil - now, 0));
  // Only where readiness waits for health does the end of the wait change anything.
  const isTimed = delivery.policy.wait || verdict.checks !== undefined;
  if (isTimed && state.waitingSince !== undefined && verdict.stage === 'progressing')
    looks.push(Math.max(state.waitingSince + delivery.policy.timeoutMs - now, 100));
  // A sync of single objects leaves the others to the next one; one that waits is woken by what it waits for.
  if (
    operation === undefined &&
    decision?.execute === true &&
    state.failedCandidate === undefined &&
    plan?.actions.some(isWrite) === true
  )
    looks.push(leftOverMs);
  if (plan?.actions.some((action) => isUncertain(action)) === true) looks.push(terminatingRetryMs);
  // What was asked for meanwhile has its turn when a sync is over.
  const isAsked = delivery.order !== undefined && delivery.order.token !== state.handledOrder;
  if (decision?.resumed !== undefined && operation === undefined && isAsked) looks.push(leftOverMs);
  if (plan?.actions.some((action) => action.kind === 'keep' && action.reason === 'awaits-others') === true)
    looks.push(othersRetryMs);
  if (of.observed?.ok === true && (state.suspectsLeft ?? 0) > 0) looks.push(suspectsRetryMs);
  if (isEnvironmental(of, verdict))
    looks.push(Math.min(1_000 * 2 ** Math.min(environmentTries(state, verdict), 6), environmentRetryMs));
  else delete state.environment;
  return looks.length === 0 ? undefined : Math.min(...looks);
}

/** Goes, or has gone, and no event of ours may tell. */
function isUncertain(action: Action): boolean {
  if (action.kind !== 'keep') return false;
  return action.reason === 'terminating' || (action.reason === 'kind-unknown' && action.departs === true);
}

/** No event says when it is over: whatever kept the cluster from being looked at, and what may pass by itself. */
function isEnvironmental({ observed, plan }: Conclusion, verdict: DeliveryVerdict): boolean {
  const isUnseen = observed?.ok === false && observed.step === 'cluster';
  // A definition is there before the server serves its kind.
  const awaitsKind = plan?.actions.some(
    (each) => each.kind === 'keep' && each.reason === 'awaits-definition',
  );
  return isUnseen || awaitsKind === true || verdict.problems.some(({ code }) => environmental.has(code));
}

const environmental = new Set([
  'KIND_UNKNOWN',
  'CLUSTER_NOT_FOUND',
  'CLUSTER_UNREACHABLE',
  'CLUSTER_CREDENTIALS_INVALID',
  'RENDER_CRASHED',
  'RENDER_BUSY',
  'RENDER_PROTOCOL',
  'INTERNAL',
  'APPLY_FAILED',
  'API_SERVICE_DOWN',
  'KIND_UNREADABLE',
  'ADMISSION_UNAVAILABLE',
  'NAMESPACE_TERMINATING',
]);

/** How often in a row the same trouble was met. */
function environmentTries(state: DeliveryState, verdict: DeliveryVerdict): number {
  const text = verdict.problems.map(({ code }) => code).join();
  const tries = state.environment?.text === text ? state.environment.tries + 1 : 0;
  state.environment = { text, tries };
  return tries;
}
