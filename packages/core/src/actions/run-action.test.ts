// Which actions an object offers, what running one writes, and what is refused.

import { expect, test } from 'vitest';
import type { KubeObject } from '../object.ts';
import { showProblem } from '../problem.ts';
import { knownActions } from './known-actions.ts';
import { discoverActions, runAction } from './run-action.ts';

const now = '2026-01-02T03:04:05.678Z';

function object(apiVersion: string, kind: string, rest: Record<string, unknown> = {}): KubeObject {
  const { metadata, ...others } = rest as { metadata?: Record<string, unknown> };
  return { apiVersion, kind, metadata: { name: 'web', namespace: 'shop', ...metadata }, ...others };
}

const showOffers = (of: KubeObject): string =>
  discoverActions(of)
    .map(({ name, disabled, parameters }) => {
      const shown = parameters.map((one) => `${one.name}${one.required ? '' : `=${one.default}`}`).join(' ');
      return `${disabled ? '-' : ''}${name}${shown === '' ? '' : `(${shown})`}`;
    })
    .join(' ');

test('there are actions for 36 kinds', () => {
  expect(Object.keys(knownActions)).toHaveLength(36);
});

const running = { currentPodHash: 'b', stableRS: 'a', observedGeneration: '4', currentStepIndex: 1 };
const canary = { strategy: { canary: { steps: [{}, {}] } } };

test.each([
  [
    'a Deployment',
    object('apps/v1', 'Deployment', { spec: { replicas: 3 } }),
    'restart pause -resume scale(replicas=3)',
  ],
  [
    'a paused Deployment without replicas',
    object('apps/v1', 'Deployment', { spec: { paused: true } }),
    'restart -pause resume scale(replicas)',
  ],
  [
    'a Deployment whose spec is a text',
    object('apps/v1', 'Deployment', { spec: 'x' }),
    'restart pause -resume scale(replicas)',
  ],
  ['another version of a kind', object('apps/v1beta2', 'DaemonSet'), 'restart'],
  ['a kind without actions', object('v1', 'ConfigMap'), ''],
  ['a kind named as a member of every object', object('constructor', 'toString'), ''],
  ['a Job that nobody has looked at', object('batch/v1', 'Job', { spec: {} }), 'suspend'],
  ['a running Job', object('batch/v1', 'Job', { spec: {}, status: {} }), 'suspend terminate'],
  ['a suspended Job', object('batch/v1', 'Job', { spec: { suspend: true }, status: {} }), 'resume terminate'],
  [
    'a complete Job',
    object('batch/v1', 'Job', { spec: {}, status: { conditions: [{ type: 'Complete', status: 'True' }] } }),
    '',
  ],
  [
    'a Rollout between two steps',
    object('argoproj.io/v1alpha1', 'Rollout', { metadata: { generation: 4 }, spec: canary, status: running }),
    'restart -resume pause abort -retry promote-full skip-current-step',
  ],
  [
    'an aborted Rollout that waits',
    object('argoproj.io/v1alpha1', 'Rollout', {
      spec: canary,
      status: { ...running, abort: true, pauseConditions: [{}], currentStepIndex: 2 },
    }),
    'restart resume pause -abort retry promote-full -skip-current-step',
  ],
  [
    'a Rollout that is done',
    object('argoproj.io/v1alpha1', 'Rollout', { spec: canary, status: { ...running, stableRS: 'b' } }),
    'restart -resume -pause -abort -retry -promote-full skip-current-step',
  ],
  [
    'a suspended Kustomization',
    object('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', { spec: { suspend: true } }),
    '-reconcile -suspend resume',
  ],
  [
    'a MonoVertex of a rollout',
    object('numaflow.numaproj.io/v1alpha1', 'MonoVertex', {
      metadata: { ownerReferences: [{ kind: 'MonoVertexRollout' }] },
    }),
    '-pause -unpause-gradual -unpause-fast -force-promote',
  ],
  [
    'a paused Pipeline that may resume fast',
    object('numaflow.numaproj.io/v1alpha1', 'Pipeline', {
      metadata: { annotations: { 'numaflow.numaproj.io/allowed-resume-strategies': 'slow, fast' } },
      spec: { lifecycle: { desiredPhase: 'Paused' } },
    }),
    '-pause unpause-gradual unpause-fast -force-promote',
  ],
  [
    'a database of one',
    object('postgresql.cnpg.io/v1', 'Cluster', { status: { instancesStatus: { healthy: ['web-1'] } } }),
    'restart reload -promote(instance=any) suspend hibernate',
  ],
])('%s offers', (_, of, expected) => {
  expect(showOffers(of)).toBe(expected);
});

const deployment = object('apps/v1', 'Deployment', { spec: { replicas: 3 } });

test.each([
  [
    'an unknown action',
    deployment,
    'explode',
    {},
    'ACTION_UNKNOWN: Deployment/shop/web has no action explode; expected one of restart, pause, resume, scale',
  ],
  [
    'an action of a kind without any',
    object('v1', 'Pod'),
    'restart',
    {},
    'ACTION_UNKNOWN: Pod/shop/web has no action restart: there are no actions for Pod',
  ],
  [
    'a parameter of another action',
    deployment,
    'restart',
    { replicas: '1' },
    'ACTION_PARAMETER_INVALID: the action restart has no parameter replicas; expected none',
  ],
  [
    'no replicas where there are none',
    object('apps/v1', 'Deployment'),
    'scale',
    {},
    'ACTION_PARAMETER_INVALID: the action scale needs the parameter replicas',
  ],
  [
    'a fraction',
    deployment,
    'scale',
    { replicas: '1.5' },
    'ACTION_PARAMETER_INVALID: invalid number: 1.5 (must be >= 0); the parameter replicas of scale expects a whole number',
  ],
  [
    'a negative number',
    deployment,
    'scale',
    { replicas: '-1' },
    'ACTION_PARAMETER_INVALID: invalid number: -1 (must be >= 0); the parameter replicas of scale expects a whole number',
  ],
  [
    'more than the server can take',
    deployment,
    'scale',
    { replicas: '2147483648' },
    'ACTION_PARAMETER_INVALID: invalid number: 2147483648 (must be >= 0); the parameter replicas of scale expects a whole number',
  ],
  [
    'a very long value',
    deployment,
    'scale',
    { replicas: '1'.repeat(300) },
    'ACTION_PARAMETER_INVALID: the parameter replicas is longer than 253 characters',
  ],
  [
    'a spec that is a text',
    object('apps/v1', 'Deployment', { spec: 'x' }),
    'pause',
    {},
    'OBJECT_INVALID: Deployment/shop/web cannot have the field spec.paused; expected mappings on the way to it',
  ],
  [
    'the promotion of nobody',
    object('postgresql.cnpg.io/v1', 'Cluster'),
    'promote',
    {},
    'ACTION_PARAMETER_INVALID: Could not find a healthy instance matching the criteria: any; expected "any", the number or the name of a healthy instance (there is none)',
  ],
] as const)('%s is refused', (_, of, action, parameters, message) => {
  const result = runAction({ object: of, action, parameters, now });
  expect(result.ok ? 'ran' : showProblem(result.problem)).toBe(message);
});

/** The fields that an action wrote or took away, as `path=value` and `-path`. */
function showRun(of: KubeObject, action: string, parameters: Record<string, string> = {}): string {
  const result = runAction({ object: of, action, parameters, now });
  if (!result.ok) return showProblem(result.problem);
  return result.value.map(({ operation, resource }) => `${operation} ${JSON.stringify(resource)}`).join('\n');
}

test('a restart stamps the template, whatever is missing on the way', () => {
  expect(showRun(object('apps/v1', 'DaemonSet'), 'restart')).toBe(
    'patch {"apiVersion":"apps/v1","kind":"DaemonSet","metadata":{"name":"web","namespace":"shop"},"spec":{"template":{"metadata":{"annotations":{"kubectl.kubernetes.io/restartedAt":"2026-01-02T03:04:05Z"}}}}}',
  );
});

test('a number is written as a number', () => {
  expect(showRun(deployment, 'scale', { replicas: ' 07 ' })).toContain('"spec":{"replicas":7}');
});

test('an annotation that goes takes an empty map with it', () => {
  const paused = object('keda.sh/v1alpha1', 'ScaledJob', {
    metadata: { annotations: { 'autoscaling.keda.sh/paused': 'true' } },
  });
  expect(showRun(paused, 'resume')).not.toContain('annotations');
});

test('the name of a Job keeps its time and fits into a label', () => {
  const cronJob = object('batch/v1', 'CronJob', { metadata: { name: 'a'.repeat(52), uid: 'u' } });
  const long = object('batch/v1', 'CronJob', { metadata: { name: `${'a'.repeat(51)}-${'b'.repeat(20)}` } });
  expect(showRun(cronJob, 'create-job')).toContain(`"name":"${'a'.repeat(52)}-2601020304"`);
  expect(showRun(long, 'create-job')).toContain(`"name":"${'a'.repeat(51)}-2601020304"`);
});

test('what an old Rollout controller does not know is not asked of it', () => {
  const old = object('argoproj.io/v1alpha1', 'Rollout', {
    metadata: { generation: 4 },
    spec: canary,
    status: { ...running, observedGeneration: '869957df4b', abort: true },
  });
  expect(showRun(old, 'promote-full')).toContain('"currentStepIndex":2}');
  expect(showRun(old, 'promote-full')).not.toContain('abort');
});

test.each([
  ['nothing', {}, true],
  ['a policy without enabled', { syncPolicy: { automated: { prune: true } } }, false],
  ['a policy that is off', { syncPolicy: { automated: { enabled: false } } }, true],
])('auto-sync is toggled from %s', (_, spec, enabled) => {
  expect(showRun(object('argoproj.io/v1alpha1', 'Application', { spec }), 'toggle-auto-sync')).toContain(
    `"enabled":${enabled}`,
  );
});

test('the promoted instance is the one after the primary, in turn', () => {
  const cluster = (primary: string): KubeObject =>
    object('postgresql.cnpg.io/v1', 'Cluster', {
      status: { currentPrimary: primary, instancesStatus: { healthy: ['web-1', 'web-2', 'web-3'] } },
    });
  const target = (primary: string): string =>
    /"targetPrimary":"([^"]+)"/.exec(showRun(cluster(primary), 'promote'))?.[1] ?? '';
  expect(['web-1', 'web-3', 'web-9'].map(target)).toEqual(['web-2', 'web-1', 'web-1']);
});
