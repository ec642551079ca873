// The health of one object from its own status: pure, a table of rules by kind, then the general conditions rules.
// Rules of the built-in kinds: argo-cd `gitops-engine/pkg/health`; of the conditions: kstatus.

import { groupOf, isRecord, type KubeObject } from './object.ts';
import type { Health, HealthStatus } from './verdict.ts';

type Rule = (object: KubeObject) => Health | undefined;
type Fields = Readonly<Record<string, unknown>>;

const health = (status: HealthStatus, message = ''): Health =>
  message === '' ? { status } : { status, message };
const healthy = health('Healthy');

const fieldsOf = (value: unknown): Fields => (isRecord(value) ? value : {});
const listOf = (value: unknown): Fields[] => (Array.isArray(value) ? value.filter(isRecord) : []);
const numberOf = (value: unknown, fallback = 0): number => (typeof value === 'number' ? value : fallback);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const statusOf = (object: KubeObject): Fields => fieldsOf(object.status);
const specOf = (object: KubeObject): Fields => fieldsOf(object.spec);

function conditionOf(object: KubeObject, type: string): Fields | undefined {
  return listOf(statusOf(object).conditions).find((condition) => condition.type === type);
}

/** The controller has not yet looked at the present spec. */
function isBehind(object: KubeObject): boolean {
  const observed = statusOf(object).observedGeneration;
  return object.metadata.generation !== undefined && numberOf(observed, -1) < object.metadata.generation;
}

const waitFor = (message: string): Health => health('Progressing', message);
const behind = (object: KubeObject): Health =>
  waitFor(`waiting for the controller to observe generation ${object.metadata.generation}`);

function deployment(object: KubeObject): Health {
  const spec = specOf(object);
  const status = statusOf(object);
  if (spec.paused === true) return health('Suspended', 'Deployment is paused');
  if (isBehind(object)) return behind(object);
  const progressing = conditionOf(object, 'Progressing');
  if (progressing?.reason === 'ProgressDeadlineExceeded')
    return health('Degraded', `Deployment exceeded its progress deadline: ${textOf(progressing.message)}`);
  const wanted = numberOf(spec.replicas, 1);
  const updated = numberOf(status.updatedReplicas);
  const available = numberOf(status.availableReplicas);
  if (updated < wanted) return waitFor(`${updated} of ${wanted} new replicas have been updated`);
  const old = numberOf(status.replicas) - updated;
  if (old > 0) return waitFor(`${old} old replicas are pending termination`);
  return available < updated ? waitFor(`${available} of ${updated} updated replicas are available`) : healthy;
}

function statefulSet(object: KubeObject): Health {
  const spec = specOf(object);
  const status = statusOf(object);
  if (numberOf(status.observedGeneration) === 0 || isBehind(object)) return behind(object);
  const wanted = numberOf(spec.replicas, 1);
  const ready = numberOf(status.readyReplicas);
  if (ready < wanted) return waitFor(`${ready} of ${wanted} pods are ready`);
  const strategy = fieldsOf(spec.updateStrategy);
  if (strategy.type === 'OnDelete') return healthy;
  const rolling = strategy.rollingUpdate;
  if (isRecord(rolling)) {
    const expected = wanted - numberOf(rolling.partition);
    const updated = numberOf(status.updatedReplicas);
    return updated < expected ? waitFor(`${updated} of ${expected} pods have been updated`) : healthy;
  }
  return status.updateRevision === status.currentRevision ? healthy : waitFor('the update is not complete');
}

function daemonSet(object: KubeObject): Health {
  const status = statusOf(object);
  if (isBehind(object)) return behind(object);
  if (fieldsOf(specOf(object).updateStrategy).type === 'OnDelete') return healthy;
  const wanted = numberOf(status.desiredNumberScheduled);
  const updated = numberOf(status.updatedNumberScheduled);
  const available = numberOf(status.numberAvailable);
  if (updated < wanted) return waitFor(`${updated} of ${wanted} pods have been updated`);
  return available < wanted ? waitFor(`${available} of ${wanted} pods are available`) : healthy;
}

function replicaSet(object: KubeObject): Health {
  if (isBehind(object)) return behind(object);
  const failure = conditionOf(object, 'ReplicaFailure');
  if (failure?.status === 'True') return health('Degraded', textOf(failure.message));
  const wanted = numberOf(specOf(object).replicas, 1);
  const available = numberOf(statusOf(object).availableReplicas);
  return available < wanted ? waitFor(`${available} of ${wanted} replicas are available`) : healthy;
}

function containersOf(object: KubeObject): Fields[] {
  return [...listOf(statusOf(object).initContainerStatuses), ...listOf(statusOf(object).containerStatuses)];
}

function podFailure(object: KubeObject): Health | undefined {
  for (const container of containersOf(object)) {
    const waiting = fieldsOf(fieldsOf(container.state).waiting);
    const reason = textOf(waiting.reason);
    if (reason.startsWith('Err') || reason.endsWith('Error') || reason.endsWith('BackOff'))
      return health('Degraded', `${textOf(container.name)}: ${reason} ${textOf(waiting.message)}`.trim());
  }
  return undefined;
}

function pod(object: KubeObject): Health {
  const phase = textOf(statusOf(object).phase);
  const restarts = textOf(specOf(object).restartPolicy) || 'Always';
  const failure = restarts === 'Always' ? podFailure(object) : undefined;
  if (failure !== undefined) return failure;
  if (phase === 'Succeeded') return healthy;
  if (phase === 'Failed')
    return health('Degraded', textOf(statusOf(object).message) || terminationOf(object));
  if (phase !== 'Running') return phase === 'Pending' ? health('Progressing') : health('Unknown');
  if (restarts !== 'Always') return health('Progressing');
  if (conditionOf(object, 'Ready')?.status === 'True') return healthy;
  const terminated = containersOf(object).some((container) =>
    isRecord(fieldsOf(container.lastState).terminated),
  );
  return terminated ? health('Degraded', terminationOf(object)) : health('Progressing');
}

function terminationOf(object: KubeObject): string {
  for (const container of containersOf(object)) {
    const state = { ...fieldsOf(container.lastState), ...fieldsOf(container.state) };
    const ended = fieldsOf(state.terminated);
    if (numberOf(ended.exitCode) !== 0)
      return `${textOf(container.name)} ended with exit code ${numberOf(ended.exitCode)}`;
  }
  return '';
}

function job(object: KubeObject): Health {
  const is = (type: string): Fields | undefined => {
    const condition = conditionOf(object, type);
    return condition?.status === 'True' ? condition : undefined;
  };
  const failed = is('Failed');
  if (failed !== undefined) return health('Degraded', textOf(failed.message));
  if (is('Suspended') !== undefined) return health('Suspended');
  const complete = is('Complete');
  return complete === undefined ? health('Progressing') : health('Healthy', textOf(complete.message));
}

const failingScalers = ['FailedGetScale', 'FailedUpdateScale', 'FailedGetResourceMetric', 'InvalidSelector'];

/** The first condition that says something decides, as in argo-cd. */
function horizontalPodAutoscaler(object: KubeObject): Health {
  for (const condition of scalerConditions(object)) {
    const { type, status, reason } = condition;
    if (failingScalers.includes(textOf(reason))) return health('Degraded', textOf(condition.message));
    if ((type === 'AbleToScale' || type === 'ScalingLimited') && status === 'True')
      return health('Healthy', textOf(condition.message));
  }
  return waitFor('waiting to scale');
}

/** autoscaling/v1 has no field for conditions: the server puts them into an annotation, as JSON. */
function scalerConditions(object: KubeObject): Fields[] {
  const annotation = object.metadata.annotations?.['autoscaling.alpha.kubernetes.io/conditions'];
  if (typeof annotation !== 'string') return listOf(statusOf(object).conditions);
  try {
    return listOf(JSON.parse(annotation));
  } catch {
    return [];
  }
}

function loadBalanced(object: KubeObject): Health {
  const ingress = listOf(fieldsOf(statusOf(object).loadBalancer).ingress);
  return ingress.length > 0 ? healthy : health('Progressing');
}

function persistentVolumeClaim(object: KubeObject): Health {
  const phase = textOf(statusOf(object).phase);
  const byPhase: Readonly<Record<string, HealthStatus>> = {
    Bound: 'Healthy',
    Pending: 'Progressing',
    Lost: 'Degraded',
  };
  return health(byPhase[phase] ?? 'Unknown');
}

function apiService(object: KubeObject): Health {
  const available = conditionOf(object, 'Available');
  return available?.status === 'True' ? healthy : health('Progressing', textOf(available?.message));
}

/** Times are RFC 3339 in UTC, so they compare as texts. While a job runs, the last success is always older. */
function cronJob(object: KubeObject): Health {
  const { active, lastScheduleTime, lastSuccessfulTime } = statusOf(object);
  if (specOf(object).suspend === true) return health('Healthy', 'CronJob is suspended');
  const succeeded = textOf(lastSuccessfulTime);
  const isRunning = listOf(active).length > 0;
  return succeeded !== '' && !isRunning && succeeded < textOf(lastScheduleTime)
    ? health('Degraded', 'the last execution did not succeed')
    : healthy;
}

/** Too few pods for a disruption is an answer, not a fault. */
function podDisruptionBudget(object: KubeObject): Health {
  const conditions = listOf(statusOf(object).conditions);
  const failing = conditions.find(
    ({ status, reason }) => status === 'False' && reason !== 'InsufficientPods',
  );
  if (failing !== undefined) return health('Degraded', textOf(failing.message) || textOf(failing.reason));
  return conditions.length === 0 ? waitFor('waiting for the controller to compute it') : healthy;
}

function namespace(object: KubeObject): Health | undefined {
  return statusOf(object).phase === 'Terminating'
    ? health('Progressing', 'Namespace is terminating')
    : undefined;
}

function customResourceDefinition(object: KubeObject): Health {
  const names = conditionOf(object, 'NamesAccepted');
  const established = conditionOf(object, 'Established');
  const violations = conditionOf(object, 'NonStructuralSchema');
  if (conditionOf(object, 'Terminating')?.status === 'True')
    return waitFor('CustomResourceDefinition is terminating');
  if (names?.status === 'False') return health('Degraded', textOf(names.message));
  if (violations?.status === 'True') return health('Degraded', textOf(violations.message));
  if (established?.status === 'True') return healthy;
  return established?.status === 'False' && established.reason !== 'Installing'
    ? health('Degraded', textOf(established.message))
    : waitFor('waiting for the definition to be established');
}

const rules: Readonly<Record<string, Rule>> = {
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'apps/DaemonSet': daemonSet,
  'apps/ReplicaSet': replicaSet,
  '/Pod': pod,
  'batch/Job': job,
  'batch/CronJob': cronJob,
  'autoscaling/HorizontalPodAutoscaler': horizontalPodAutoscaler,
  '/Service': (object) => (specOf(object).type === 'LoadBalancer' ? loadBalanced(object) : healthy),
  'networking.k8s.io/Ingress': loadBalanced,
  '/PersistentVolumeClaim': persistentVolumeClaim,
  '/Namespace': namespace,
  'policy/PodDisruptionBudget': podDisruptionBudget,
  'apiregistration.k8s.io/APIService': apiService,
  'apiextensions.k8s.io/CustomResourceDefinition': customResourceDefinition,
};

/** Groups of the API server itself: a kind of theirs without a rule has no health. Others follow the conditions. */
const builtInGroups = /^$|^(apps|batch|autoscaling|policy|extensions)$|\.k8s\.io$/;

/** Undefined for kinds that have no health. */
export function judgeHealth(object: KubeObject): Health | undefined {
  if (object.metadata.deletionTimestamp !== undefined) return health('Progressing', 'Pending deletion');
  const group = groupOf(object.apiVersion);
  const rule = rules[`${group}/${object.kind}`];
  if (rule !== undefined) return rule(object);
  return builtInGroups.test(group) ? undefined : byConditions(object);
}

/** The general rules of a custom resource that keeps conditions (kstatus); no conditions, no health. */
function byConditions(object: KubeObject): Health | undefined {
  const status = statusOf(object);
  if (!Array.isArray(status.conditions) || status.conditions.length === 0) return undefined;
  if (status.observedGeneration !== undefined && isBehind(object)) return behind(object);
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.status === 'True') return health('Degraded', textOf(stalled.message));
  const reconciling = conditionOf(object, 'Reconciling');
  if (reconciling?.status === 'True') return health('Progressing', textOf(reconciling.message));
  const ready = conditionOf(object, 'Ready') ?? conditionOf(object, 'Available');
  if (ready === undefined) return undefined;
  if (ready.status === 'True') return health('Healthy', textOf(ready.message));
  return health(ready.status === 'False' ? 'Degraded' : 'Progressing', textOf(ready.message));
}

const severity: readonly HealthStatus[] = [
  'Healthy',
  'Suspended',
  'Progressing',
  'Missing',
  'Degraded',
  'Unknown',
];

export function isWorse(a: HealthStatus, b: HealthStatus): boolean {
  return severity.indexOf(a) > severity.indexOf(b);
}

/** The worst of its parts; of none: Healthy. */
export function worstHealth(parts: readonly (Health | undefined)[]): Health {
  let worst = healthy;
  for (const part of parts) if (part !== undefined && isWorse(part.status, worst.status)) worst = part;
  return worst;
}
