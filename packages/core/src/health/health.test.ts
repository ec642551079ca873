import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../object.ts';
import type { Health, HealthStatus } from '../verdict.ts';
import { isWorse, judgeHealth, worstHealth } from './health.ts';

const show = (health: Health | undefined): string =>
  health === undefined
    ? 'none'
    : `${health.status}${health.message === undefined ? '' : `: ${health.message}`}`;

/** An object from `apiVersion Kind`, its generation, and YAML of its other members. */
function objectOf(kind: string, yaml: string): KubeObject {
  const [apiVersion = '', name = ''] = kind.split(' ');
  const { metadata, ...rest } = (load(yaml) ?? {}) as Record<string, unknown>;
  const common = { name: 'x', generation: 2, ...(metadata as object | undefined) };
  return { apiVersion, kind: name, metadata: common, ...rest } as KubeObject;
}

const tables: Record<string, Record<string, [yaml: string, expected: string]>> = {
  'apps/v1 Deployment': {
    'that nobody has looked at': [
      'spec: {}',
      'Progressing: waiting for the controller to observe generation 2',
    ],
    'whose new spec nobody has looked at': [
      'status: { observedGeneration: 1, updatedReplicas: 1, availableReplicas: 1, replicas: 1 }',
      'Progressing: waiting for the controller to observe generation 2',
    ],
    'that is paused': ['spec: { paused: true }', 'Suspended: Deployment is paused'],
    'with too few new replicas': [
      '{ spec: { replicas: 3 }, status: { observedGeneration: 2, updatedReplicas: 1, replicas: 3 } }',
      'Progressing: 1 of 3 new replicas have been updated',
    ],
    'with old replicas left': [
      '{ spec: { replicas: 2 }, status: { observedGeneration: 2, updatedReplicas: 2, replicas: 3 } }',
      'Progressing: 1 old replicas are pending termination',
    ],
    'with replicas that are not available': [
      '{ spec: { replicas: 2 }, status: { observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 1 } }',
      'Progressing: 1 of 2 updated replicas are available',
    ],
    'with all replicas': [
      '{ spec: { replicas: 2 }, status: { observedGeneration: 2, updatedReplicas: 2, replicas: 2, availableReplicas: 2 } }',
      'Healthy',
    ],
    'scaled to none': ['{ spec: { replicas: 0 }, status: { observedGeneration: 2 } }', 'Healthy'],
    'that took too long': [
      '{ status: { observedGeneration: 2, conditions: [{ type: Progressing, reason: ProgressDeadlineExceeded, message: timed out }] } }',
      'Degraded: Deployment exceeded its progress deadline: timed out',
    ],
  },
  'apps/v1 StatefulSet': {
    'that nobody has looked at': [
      'status: {}',
      'Progressing: waiting for the controller to observe generation 2',
    ],
    'with too few pods': [
      '{ spec: { replicas: 3 }, status: { observedGeneration: 2, readyReplicas: 2 } }',
      'Progressing: 2 of 3 pods are ready',
    ],
    'within its partition': [
      '{ spec: { replicas: 3, updateStrategy: { type: RollingUpdate, rollingUpdate: { partition: 2 } } }, status: { observedGeneration: 2, readyReplicas: 3, updatedReplicas: 1 } }',
      'Healthy',
    ],
    'short of its partition': [
      '{ spec: { replicas: 3, updateStrategy: { type: RollingUpdate, rollingUpdate: { partition: 1 } } }, status: { observedGeneration: 2, readyReplicas: 3, updatedReplicas: 1 } }',
      'Progressing: 1 of 2 pods have been updated',
    ],
    'updated on deletion': [
      '{ spec: { replicas: 1, updateStrategy: { type: OnDelete } }, status: { observedGeneration: 2, readyReplicas: 1, updateRevision: b, currentRevision: a } }',
      'Healthy',
    ],
    'in the middle of an update': [
      '{ spec: { replicas: 1 }, status: { observedGeneration: 2, readyReplicas: 1, updateRevision: b, currentRevision: a } }',
      'Progressing: the update is not complete',
    ],
    'with all pods': [
      '{ spec: { replicas: 1 }, status: { observedGeneration: 2, readyReplicas: 1, updateRevision: a, currentRevision: a } }',
      'Healthy',
    ],
  },
  'apps/v1 DaemonSet': {
    'with old pods': [
      'status: { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 2 }',
      'Progressing: 2 of 3 pods have been updated',
    ],
    'with pods that are not available': [
      'status: { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 1 }',
      'Progressing: 1 of 3 pods are available',
    ],
    'with all pods': [
      'status: { observedGeneration: 2, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberAvailable: 3 }',
      'Healthy',
    ],
    'updated on deletion': [
      '{ spec: { updateStrategy: { type: OnDelete } }, status: { observedGeneration: 2, desiredNumberScheduled: 3 } }',
      'Healthy',
    ],
  },
  'apps/v1 ReplicaSet': {
    'that cannot make pods': [
      'status: { observedGeneration: 2, conditions: [{ type: ReplicaFailure, status: "True", message: quota }] }',
      'Degraded: quota',
    ],
    'with too few pods': [
      '{ spec: { replicas: 2 }, status: { observedGeneration: 2, availableReplicas: 1 } }',
      'Progressing: 1 of 2 replicas are available',
    ],
    'with all pods': [
      '{ spec: { replicas: 2 }, status: { observedGeneration: 2, availableReplicas: 2 } }',
      'Healthy',
    ],
  },
  'v1 Pod': {
    'that waits for a node': ['status: { phase: Pending }', 'Progressing'],
    'that cannot get its image': [
      '{ spec: { restartPolicy: Always }, status: { phase: Pending, containerStatuses: [{ name: a, state: { waiting: { reason: ImagePullBackOff, message: no such image } } }] } }',
      'Degraded: a: ImagePullBackOff no such image',
    ],
    'of a Job that cannot get its image': [
      '{ spec: { restartPolicy: Never }, status: { phase: Pending, containerStatuses: [{ name: a, state: { waiting: { reason: ErrImagePull } } }] } }',
      'Progressing',
    ],
    'that is creating its container': [
      '{ spec: { restartPolicy: Always }, status: { phase: Pending, containerStatuses: [{ name: a, state: { waiting: { reason: ContainerCreating } } }] } }',
      'Progressing',
    ],
    'that is ready': [
      '{ spec: { restartPolicy: Always }, status: { phase: Running, conditions: [{ type: Ready, status: "True" }] } }',
      'Healthy',
    ],
    'that is not ready': ['{ spec: { restartPolicy: Always }, status: { phase: Running } }', 'Progressing'],
    'that ends, of an owner who asks for it to be judged as one that does not': [
      '{ metadata: { annotations: { argocd.argoproj.io/ignore-restart-policy: "true" } }, spec: { restartPolicy: OnFailure }, status: { phase: Running, conditions: [{ type: Ready, status: "True" }] } }',
      'Healthy',
    ],
    'that is not ready since it broke down': [
      '{ spec: { restartPolicy: Always }, status: { phase: Running, containerStatuses: [{ name: a, lastState: { terminated: { exitCode: 3 } } }] } }',
      'Degraded: a ended with exit code 3',
    ],
    'of a Job that runs': ['{ spec: { restartPolicy: Never }, status: { phase: Running } }', 'Progressing'],
    'that succeeded': ['status: { phase: Succeeded }', 'Healthy'],
    'that failed with a message': ['status: { phase: Failed, message: evicted }', 'Degraded: evicted'],
    'that failed with an exit code': [
      'status: { phase: Failed, containerStatuses: [{ name: a, state: { terminated: { exitCode: 2 } } }] }',
      'Degraded: a ended with exit code 2',
    ],
    'of which nothing is known': ['status: {}', 'Unknown'],
    'that is being deleted': [
      'metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" }',
      'Progressing: Pending deletion',
    ],
  },
  'batch/v1 Job': {
    'that is deleted before its end was seen': [
      'metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [argocd.argoproj.io/hook-finalizer] }',
      'Progressing',
    ],
    'that is deleted': [
      'metadata: { deletionTimestamp: "2026-01-01T00:00:00Z", finalizers: [a/b, c/d] }',
      'Progressing: Pending deletion, waiting for the finalizers a/b, c/d',
    ],
    'that runs': ['status: { active: 1 }', 'Progressing'],
    'that is complete': [
      'status: { conditions: [{ type: SuccessCriteriaMet, status: "True" }, { type: Complete, status: "True", message: done }] }',
      'Healthy: done',
    ],
    'that failed': [
      'status: { conditions: [{ type: Failed, status: "True", message: backoff }] }',
      'Degraded: backoff',
    ],
    'that is suspended': ['status: { conditions: [{ type: Suspended, status: "True" }] }', 'Suspended'],
    'that was resumed': ['status: { conditions: [{ type: Suspended, status: "False" }] }', 'Progressing'],
  },
  'batch/v1 CronJob': {
    'without a status': ['spec: {}', 'Progressing: waiting for the CronJob'],
    'that is suspended': ['spec: { suspend: true }', 'Healthy: CronJob is suspended'],
    'whose last execution failed': [
      'status: { lastScheduleTime: "2026-01-02T00:00:00Z", lastSuccessfulTime: "2026-01-01T00:00:00Z" }',
      'Degraded: CronJob has not completed its last execution successfully',
    ],
    'whose last execution succeeded': [
      'status: { lastScheduleTime: "2026-01-02T00:00:00Z", lastSuccessfulTime: "2026-01-02T00:01:00Z" }',
      'Healthy: CronJob has completed its last execution successfully',
    ],
    'that runs after a success': [
      'status: { active: [{ name: a }], lastScheduleTime: "2026-01-02T00:00:00Z", lastSuccessfulTime: "2026-01-01T00:00:00Z" }',
      'Healthy: a job is running; the execution before may not have been successful',
    ],
    'that never succeeded so far': [
      'status: { lastScheduleTime: "2026-01-02T00:00:00Z" }',
      'Healthy: CronJob has never completed successfully and may not be healthy',
    ],
  },
  'autoscaling/v2 HorizontalPodAutoscaler': {
    'without conditions': ['status: {}', 'Progressing: waiting to scale'],
    'that is able to scale': [
      'status: { conditions: [{ type: AbleToScale, status: "True", message: ready }, { type: ScalingActive, status: "True" }] }',
      'Healthy: ready',
    ],
    'that gets no metric': [
      'status: { conditions: [{ type: ScalingActive, status: "False", reason: FailedGetResourceMetric, message: no metrics }] }',
      'Degraded: no metrics',
    ],
    'that finds no target': [
      'status: { conditions: [{ type: AbleToScale, status: "False", reason: FailedGetScale, message: not found }] }',
      'Degraded: not found',
    ],
  },
  'autoscaling/v1 HorizontalPodAutoscaler': {
    'without conditions': ['status: {}', 'Progressing: waiting to scale'],
    'whose conditions are in an annotation': [
      `metadata: { annotations: { autoscaling.alpha.kubernetes.io/conditions: '[{"type":"AbleToScale","status":"True","message":"ready"}]' } }`,
      'Healthy: ready',
    ],
    'whose annotation is broken': [
      'metadata: { annotations: { autoscaling.alpha.kubernetes.io/conditions: "[" } }',
      'Progressing: waiting to scale',
    ],
  },
  'v1 Service': {
    'inside the cluster': ['spec: { type: ClusterIP }', 'Healthy'],
    'that waits for an address': ['spec: { type: LoadBalancer }', 'Progressing'],
    'with an address': [
      '{ spec: { type: LoadBalancer }, status: { loadBalancer: { ingress: [{ ip: 10.0.0.1 }] } } }',
      'Healthy',
    ],
  },
  'networking.k8s.io/v1 Ingress': {
    'that waits for an address': ['spec: {}', 'Progressing'],
    'with an address': ['status: { loadBalancer: { ingress: [{ hostname: a }] } }', 'Healthy'],
  },
  'v1 PersistentVolumeClaim': {
    'that waits': ['status: { phase: Pending }', 'Progressing'],
    'that is bound': ['status: { phase: Bound }', 'Healthy'],
    'that lost its volume': ['status: { phase: Lost }', 'Degraded'],
    'without a phase': ['status: {}', 'Unknown'],
  },
  'v1 Namespace': {
    'that lives': ['status: { phase: Active }', 'none'],
    'that ends': ['status: { phase: Terminating }', 'Progressing: Namespace is terminating'],
  },
  'policy/v1 PodDisruptionBudget': {
    'that nobody has looked at': ['spec: {}', 'Progressing: waiting for the status'],
    'that allows disruptions': [
      'status: { conditions: [{ type: DisruptionAllowed, status: "True", reason: SufficientPods }] }',
      'Healthy: PodDisruptionBudget has SufficientPods',
    ],
    'that allows none for now': [
      'status: { conditions: [{ type: DisruptionAllowed, status: "False", reason: InsufficientPods }] }',
      'Healthy: PodDisruptionBudget has InsufficientPods',
    ],
    'that cannot be computed': [
      'status: { conditions: [{ type: DisruptionAllowed, status: "False", reason: SyncFailed, message: no scale }] }',
      'Degraded: PodDisruptionBudget has SyncFailed: no scale',
    ],
  },
  'apiregistration.k8s.io/v1 APIService': {
    'that is not available': [
      'status: { conditions: [{ type: Available, status: "False", message: no endpoints }] }',
      'Progressing: no endpoints',
    ],
    'that is available': ['status: { conditions: [{ type: Available, status: "True" }] }', 'Healthy'],
  },
  'apiextensions.k8s.io/v1 CustomResourceDefinition': {
    'without conditions': ['status: {}', 'Progressing: CRD has no conditions yet'],
    'that is being installed': [
      'status: { conditions: [{ type: NamesAccepted, status: "True" }, { type: Established, status: "False", reason: Installing }] }',
      'Progressing',
    ],
    'whose names are taken': [
      'status: { conditions: [{ type: NamesAccepted, status: "False", message: conflict }] }',
      'Degraded: CRD names are not accepted: conflict',
    ],
    'that cannot be established': [
      'status: { conditions: [{ type: Established, status: "False", reason: NotAccepted, message: not all names are accepted }] }',
      'Degraded: CRD is not established',
    ],
    'that is established': [
      'status: { conditions: [{ type: Established, status: "True" }] }',
      'Healthy: CRD is healthy',
    ],
  },
  'example.com/v1 Widget': {
    'without conditions has no health': ['status: {}', 'none'],
    'with conditions that say nothing of readiness has none': [
      'status: { conditions: [{ type: Painted, status: "True" }] }',
      'none',
    ],
    'that is ready': [
      'status: { conditions: [{ type: Ready, status: "True", message: ok }] }',
      'Healthy: ok',
    ],
    'that is available': ['status: { conditions: [{ type: Available, status: "True" }] }', 'Healthy'],
    'that is not ready': [
      'status: { conditions: [{ type: Ready, status: "False", message: bad }] }',
      'Degraded: bad',
    ],
    'that does not know': ['status: { conditions: [{ type: Ready, status: Unknown }] }', 'Progressing'],
    'that is stuck': [
      'status: { conditions: [{ type: Stalled, status: "True", message: stuck }, { type: Ready, status: "True" }] }',
      'Degraded: stuck',
    ],
    'that is under way': [
      'status: { conditions: [{ type: Ready, status: "False" }, { type: Reconciling, status: "True", message: soon }] }',
      'Progressing: soon',
    ],
    'whose new spec nobody has looked at': [
      'status: { observedGeneration: 1, conditions: [{ type: Ready, status: "True" }] }',
      'Progressing: waiting for the controller to observe generation 2',
    ],
  },
  'argoproj.io/v1alpha1 Workflow': {
    'that runs': ['status: { phase: Running }', 'Progressing'],
    'that failed': ['status: { phase: Failed, message: exit 1 }', 'Degraded: exit 1'],
    'that succeeded': ['status: { phase: Succeeded }', 'Healthy'],
  },
  'v1 ConfigMap': { 'has no health': ['data: {}', 'none'] },
  'rbac.authorization.k8s.io/v1 Role': { 'has no health': ['rules: []', 'none'] },
};

for (const [kind, table] of Object.entries(tables))
  describe(`${kind}`, () => {
    for (const [sentence, [yaml, expected]] of Object.entries(table))
      it(sentence, () => expect(show(judgeHealth(objectOf(kind, yaml)))).toBe(expected));
  });

describe('health from statuses of any form', () => {
  const kinds = Object.keys(tables);
  const broken = [
    'status: text',
    'status: []',
    'status: { conditions: {} }',
    'status: { conditions: [1, null] }',
    'spec: 1',
  ];
  for (const yaml of broken)
    it(`is judged without an exception: ${yaml}`, () => {
      for (const kind of kinds) expect(() => judgeHealth(objectOf(kind, yaml))).not.toThrow();
    });
});

describe('the worst health', () => {
  const of = (...statuses: HealthStatus[]): string =>
    worstHealth(statuses.map((status) => ({ status }))).status;
  it('of nothing is Healthy', () => expect(of()).toBe('Healthy'));
  it('of parts without health is Healthy', () => expect(worstHealth([undefined]).status).toBe('Healthy'));
  it('is the worst of all', () => expect(of('Healthy', 'Degraded', 'Progressing')).toBe('Degraded'));
  it('is ordered', () => {
    const order: HealthStatus[] = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'];
    expect(order.toSorted((a, b) => (isWorse(a, b) ? 1 : -1))).toEqual(order);
  });
});
