// The verdict: what a delivery's state amounts to, from the plan, what was done, and what is live.
// It never decides what to do next.

import type { Delivery, DeliveryId } from './delivery.ts';
import type { DriftedField } from './drifted-fields.ts';
import { worstHealth } from './health/health.ts';
import type { Conclusion } from './live.ts';
import { idOf, type ObjectId, type ObjectRef, showRef } from './object.ts';
import type { Action, Plan } from './plan-action.ts';
import type { Problem } from './problem.ts';
import type {
  DeliveryVerdict,
  FailedStep,
  Health,
  HealthCheck,
  ResolvedRef,
  ResourceVerdict,
  Run,
  Stage,
  SyncStatus,
} from './verdict.ts';

export interface JudgeInput {
  readonly delivery: Pick<Delivery, 'id' | 'policy' | 'suspended' | 'deleting' | 'healthChecks'>;
  /** After execution: planned anew over what is live now. Absent when no plan could be made. */
  readonly plan?: Plan;
  readonly live: (ref: ObjectRef) => Conclusion | undefined;
  readonly revision?: ResolvedRef;
  readonly applied?: ResolvedRef;
  readonly run?: Run;
  /** What is known of objects that differ from Git. */
  readonly drift?: ReadonlyMap<ObjectId, readonly DriftedField[]>;
  readonly problems: readonly Problem[];
  readonly failedStep?: FailedStep;
  readonly waitingFor?: { readonly id: DeliveryId; readonly reason: 'not-found' | 'not-ready' };
  /** The wait for health has lasted longer than the policy allows. */
  readonly isOverdue: boolean;
  readonly previous?: DeliveryVerdict;
}

/** What the verdict says beyond the resources; the rest is filled in by the engine. */
export type Judgement = Pick<
  DeliveryVerdict,
  'delivery' | 'stage' | 'sync' | 'health' | 'resources' | 'problems' | 'images' | 'externalUrls'
> &
  Partial<Pick<DeliveryVerdict, 'checks' | 'failedStep' | 'waitingFor' | 'deletionDigest'>>;

export function judgeDelivery(input: JudgeInput): Judgement {
  const resources =
    input.plan === undefined
      ? (input.previous?.resources ?? []).map(asUnknown)
      : resourcesOf(input.plan, input);
  const sync = syncOf(input, resources);
  const health = healthOf(input, resources);
  const checks = checksOf(input);
  const late = overdueProblem(input, checks ?? (input.delivery.policy.wait ? withHealth(resources) : []));
  const problems = [...input.problems, ...(input.plan?.problems ?? []), ...late];
  const stage = stageOfDelivery({ input, sync, isAwaited: isAwaited({ input, health, checks }), problems });
  return {
    delivery: input.delivery.id,
    stage,
    sync,
    health,
    resources,
    problems,
    ...(checks === undefined ? {} : { checks }),
    images: unionOf(resources, input, ({ images }) => images),
    externalUrls: unionOf(resources, input, ({ externalUrls = [] }) => externalUrls),
    ...(input.failedStep === undefined ? {} : { failedStep: input.failedStep }),
    ...(stage === 'failed' && input.failedStep === undefined ? { failedStep: stepOf(problems) } : {}),
    ...(input.waitingFor === undefined ? {} : { waitingFor: input.waitingFor }),
    ...(input.plan?.deletionDigest === undefined ? {} : { deletionDigest: input.plan.deletionDigest }),
  };
}

/** Problems that are told but do not stop a delivery from being in force. */
const warnings = new Set([
  'OBJECT_DUPLICATE',
  'OBJECT_CONTESTED',
  'DELETION_STUCK',
  'OBJECT_MARKED',
  'HEALTH_SCRIPT_FAILED',
]);

function stageOfDelivery(at: {
  input: JudgeInput;
  sync: SyncStatus;
  isAwaited: boolean;
  problems: readonly Problem[];
}): Stage {
  const { input, sync, isAwaited, problems } = at;
  if (input.delivery.deleting) return 'deleting';
  if (input.delivery.suspended) return 'suspended';
  if (input.failedStep === 'decode') return 'invalid';
  if (input.waitingFor !== undefined) return 'waiting';
  if (input.plan?.deletionDigest !== undefined) return 'blocked';
  if (problems.some(({ code }) => !warnings.has(code))) return 'failed';
  if (input.run?.phase === 'running') return 'progressing';
  if (sync !== 'Synced') return 'out-of-sync';
  return isAwaited ? 'progressing' : 'ready';
}

/** Whether an object can be counted as there, for those who wait for it. */
export const isWell = ({ status }: Health): boolean => status === 'Healthy' || status === 'Suspended';

/** Where objects are named, nothing else is waited for (Flux `healthChecks`); `wait` is for all, whatever is named. */
function isAwaited(of: {
  input: JudgeInput;
  health: Health;
  checks: readonly HealthCheck[] | undefined;
}): boolean {
  const { input, health, checks } = of;
  if (checks !== undefined) return !checks.every((check) => isWell(check.health));
  return (input.delivery.policy.wait && !isWell(health)) || health.status === 'Progressing';
}

function checksOf({ delivery, plan, live }: JudgeInput): readonly HealthCheck[] | undefined {
  const { healthChecks = [], policy } = delivery;
  if (healthChecks.length === 0 || policy.wait || plan === undefined) return undefined;
  return healthChecks.map((ref) => {
    const found = live(ref);
    // A kind without health has nothing to wait for once the object is there.
    const health: Health =
      found === undefined ? { status: 'Missing' } : (found.health ?? { status: 'Healthy' });
    return { ref, health };
  });
}

function withHealth(resources: readonly ResourceVerdict[]): HealthCheck[] {
  return resources.flatMap(({ ref, health, isHook }) =>
    isHook === true || health === undefined ? [] : [{ ref, health }],
  );
}

function stepOf(problems: readonly Problem[]): FailedStep {
  // A write that found no server says nothing about the object.
  if (problems.some(({ code }) => code === 'CLUSTER_UNREACHABLE')) return 'cluster';
  if (problems.some(({ code }) => code === 'HEALTH_TIMEOUT')) return 'health';
  return problems.some(({ code }) => code === 'PRUNE_FAILED') ? 'prune' : 'apply';
}

function overdueProblem(input: JudgeInput, awaited: readonly HealthCheck[]): Problem[] {
  const sick = input.isOverdue ? awaited.filter(({ health }) => !isWell(health)) : [];
  if (sick.length === 0) return [];
  const named = sick.slice(0, 10).map(({ ref, health }) => `${showRef(ref)} is ${health.status}`);
  return [
    {
      code: 'HEALTH_TIMEOUT',
      message: `timeout waiting for: [${named.join(', ')}]; expected all objects to become healthy`,
    },
  ];
}

function syncOf(input: JudgeInput, resources: readonly ResourceVerdict[]): SyncStatus {
  if (input.plan === undefined)
    return input.delivery.suspended ? (input.previous?.sync ?? 'Unknown') : 'Unknown';
  return resources.every(({ sync, isHook }) => isHook === true || sync === 'Synced') ? 'Synced' : 'OutOfSync';
}

/** Missing objects alone do not make a delivery Missing, unless nothing is live (argo-cd 3.4). */
function healthOf(input: JudgeInput, resources: readonly ResourceVerdict[]): Health {
  if (input.plan === undefined)
    return input.previous?.health ?? { status: input.failedStep === undefined ? 'Unknown' : 'Missing' };
  const lasting = resources.filter(({ isHook }) => isHook !== true);
  const live = lasting.filter(({ health }) => health?.status !== 'Missing');
  if (live.length === 0 && lasting.length > 0) return { status: 'Missing' };
  return worstHealth(live.map(({ health }) => health));
}

function resourcesOf(plan: Plan, input: JudgeInput): ResourceVerdict[] {
  const results = new Map<ObjectId, ResourceVerdict>(
    (input.run?.results ?? []).map((result) => [idOf(result.ref), result]),
  );
  const problems = new Map<ObjectId, Problem>();
  for (const problem of [...plan.problems, ...input.problems])
    if (problem.object !== undefined) problems.set(idOf(problem.object), problem);
  return plan.actions.flatMap((action) => {
    if (action.kind === 'forget' || (action.kind === 'apply' && !action.tracked)) return [];
    // A hook is told of while it lives.
    if (isHookAction(action) && input.live(action.ref) === undefined) return [];
    return [
      resourceOf(action, {
        live: input.live(action.ref),
        result: results.get(action.id),
        problem: problems.get(action.id),
        drift: input.drift?.get(action.id),
      }),
    ];
  });
}

function resourceOf(
  action: Action,
  known: {
    live: Conclusion | undefined;
    result: ResourceVerdict | undefined;
    problem: Problem | undefined;
    drift: readonly DriftedField[] | undefined;
  },
): ResourceVerdict {
  const { live, result, problem, drift = [] } = known;
  const isHook = isHookAction(action);
  const isKept = action.kind === 'keep';
  const isDeparting = !isHook && (action.kind === 'delete' || (isKept && action.departs === true));
  const isOff = isKept && settled.has(action.reason);
  const inSync = isHook || isOff || (isKept && action.reason === 'in-sync');
  const health: Health | undefined =
    live === undefined && !isOff && !isHook ? { status: 'Missing' } : live?.health;
  const counts = !(isKept && action.healthless === true);
  return {
    ref: action.ref,
    sync: inSync ? 'Synced' : 'OutOfSync',
    requiresPruning: isDeparting,
    ...(isHook ? { isHook } : {}),
    ...(health === undefined || !counts ? {} : { health }),
    ...(result?.outcome === undefined ? {} : { outcome: result.outcome }),
    ...(result?.message === undefined ? {} : { message: result.message }),
    ...(problem === undefined ? {} : { problem, message: problem.message }),
    ...(inSync || drift.length === 0 ? {} : { drift }),
  };
}

/** Left as it is, by somebody's will. */
const settled: ReadonlySet<string> = new Set(['switched-off', 'kind-missing']);

function isHookAction(action: Action): boolean {
  if (action.kind === 'forget' || action.kind === 'release') return action.kind === 'release';
  return action.hook !== undefined || (action.kind === 'keep' && action.reason === 'hook');
}

function asUnknown(resource: ResourceVerdict): ResourceVerdict {
  return { ...resource, sync: 'Unknown' };
}

/** What the live objects have of one thing, each once and in order. */
function unionOf(
  resources: readonly ResourceVerdict[],
  input: JudgeInput,
  pick: (live: Conclusion) => readonly string[],
): string[] {
  const found = resources.flatMap(({ ref }) => {
    const live = input.live(ref);
    return live === undefined ? [] : pick(live);
  });
  return [...new Set(found)].sort();
}
