// The health of the kinds of Kubernetes itself that need to compute; kinds that need not are rules (rules/).
// Semantics: argo-cd `gitops-engine/pkg/health`.

import type { KubeObject } from '../object.ts';
import { isRecord } from '../object.ts';
import type { Health, HealthStatus } from '../verdict.ts';
import { pod } from './pod.ts';
import {
  behind,
  conditionOf,
  type Fields,
  fieldsOf,
  health,
  healthy,
  isBehind,
  listOf,
  numberOf,
  specOf,
  statusOf,
  textOf,
  waitFor,
} from './status-fields.ts';

type Rule = (object: KubeObject) => Health | undefined;

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

function namespace(object: KubeObject): Health | undefined {
  return statusOf(object).phase === 'Terminating'
    ? health('Progressing', 'Namespace is terminating')
    : undefined;
}

export const builtInKinds: Readonly<Record<string, Rule>> = {
  'apps/Deployment': deployment,
  'apps/StatefulSet': statefulSet,
  'apps/DaemonSet': daemonSet,
  'apps/ReplicaSet': replicaSet,
  '/Pod': pod,
  'batch/Job': job,
  'autoscaling/HorizontalPodAutoscaler': horizontalPodAutoscaler,
  '/Service': (object) => (specOf(object).type === 'LoadBalancer' ? loadBalanced(object) : healthy),
  'extensions/Ingress': loadBalanced,
  'networking.k8s.io/Ingress': loadBalanced,
  '/PersistentVolumeClaim': persistentVolumeClaim,
  '/Namespace': namespace,
  'apiregistration.k8s.io/APIService': apiService,
};
