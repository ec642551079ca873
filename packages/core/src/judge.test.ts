import { describe, expect, it, test } from 'vitest';
import type { Delivery } from './delivery.ts';
import { type JudgeInput, type Judgement, judgeDelivery } from './judge.ts';
import type { Conclusion } from './live.ts';
import { idOf, showRef } from './object.ts';
import { liveFrom, makeDelivery, planOf, refFrom, type World } from './plan-rig.ts';
import type { Problem } from './problem.ts';
import type { DeliveryVerdict, HealthStatus, ResourceVerdict, Run } from './verdict.ts';

interface Scene extends World {
  /** By object; objects without one have no health. */
  readonly health?: Readonly<Record<string, HealthStatus>>;
  /** Addresses by object. */
  readonly urls?: Readonly<Record<string, readonly string[]>>;
  readonly suspended?: boolean;
  readonly deleting?: boolean;
  readonly more?: Partial<JudgeInput>;
  /** No plan could be made. */
  readonly noPlan?: boolean;
}

function judge(scene: Scene): Judgement {
  const live = liveOf(scene);
  const delivery: Delivery = makeDelivery(
    { ...scene.delivery, suspended: scene.suspended === true, deleting: scene.deleting === true },
    scene.policy,
  );
  return judgeDelivery({
    delivery,
    ...(scene.noPlan === true ? {} : { plan: planOf(scene) }),
    live: (ref) => live.get(idOf(ref)),
    problems: [],
    isOverdue: false,
    ...scene.more,
  });
}

function liveOf(scene: Scene): Map<string, Conclusion> {
  const live = liveFrom(scene.live ?? '');
  for (const [name, status] of Object.entries(scene.health ?? {})) {
    const known = live.get(idOf(refFrom(name)));
    if (known !== undefined) live.set(known.id, { ...known, health: { status } });
  }
  for (const [name, externalUrls] of Object.entries(scene.urls ?? {})) {
    const known = live.get(idOf(refFrom(name)));
    if (known !== undefined) live.set(known.id, { ...known, externalUrls });
  }
  return live;
}

const show = ({ stage, sync, health, failedStep }: Judgement): string =>
  `${stage}, ${sync}, ${health.status}${failedStep === undefined ? '' : `, at ${failedStep}`}`;

const showResource = ({ ref, sync, health, requiresPruning, outcome, problem }: ResourceVerdict): string =>
  [
    showRef(ref),
    sync,
    health?.status ?? '-',
    ...(requiresPruning ? ['prune'] : []),
    ...(outcome === undefined ? [] : [outcome]),
    ...(problem === undefined ? [] : [problem.code]),
  ].join(' ');

const a = 'ConfigMap/web/a';
const d = 'Deployment/web/d';
const inSync: Scene = { git: `${a} v1\n${d} v1`, inventory: `${a} v1\n${d} v1`, live: `${a} v1\n${d} v1` };
const problem = (code: Problem['code']): Problem => ({ code, message: 'something' });
const run: Run = {
  phase: 'succeeded',
  revision: { commit: 'c1' },
  startedAt: '2026-01-01T00:00:00Z',
  message: '',
  trigger: 'automatic',
  retries: 0,
  dryRun: false,
  results: [],
};
const previous: DeliveryVerdict = {
  ...judge({ ...inSync, health: { [d]: 'Healthy' } }),
  externalUrls: [],
  images: [],
};

const stages: Record<string, [Scene, string]> = {
  'with everything as in Git is ready': [{ ...inSync, health: { [d]: 'Healthy' } }, 'ready, Synced, Healthy'],
  'of nothing is ready': [{}, 'ready, Synced, Healthy'],
  'whose workload comes up is progressing': [
    { ...inSync, health: { [d]: 'Progressing' } },
    'progressing, Synced, Progressing',
  ],
  'whose workload fails is ready, for Git is in force': [
    { ...inSync, health: { [d]: 'Degraded' } },
    'ready, Synced, Degraded',
  ],
  'that waits for a workload that fails is progressing until its time is over': [
    { ...inSync, health: { [d]: 'Degraded' }, policy: { wait: true } },
    'progressing, Synced, Degraded',
  ],
  'that has waited too long has failed': [
    { ...inSync, health: { [d]: 'Progressing' }, policy: { wait: true }, more: { isOverdue: true } },
    'failed, Synced, Progressing, at health',
  ],
  'that does not wait is never overdue': [
    { ...inSync, health: { [d]: 'Progressing' }, more: { isOverdue: true } },
    'progressing, Synced, Progressing',
  ],
  'whose workload is paused is ready, waiting or not': [
    { ...inSync, health: { [d]: 'Suspended' }, policy: { wait: true } },
    'ready, Synced, Suspended',
  ],
  'with drift that is tolerated is out of sync': [
    { ...inSync, live: `${a} edited\n${d} v1`, given: { heal: false } },
    'out-of-sync, OutOfSync, Healthy',
  ],
  'with an object missing is not Missing': [
    { ...inSync, live: `${d} v1`, health: { [d]: 'Healthy' }, given: { execute: false } },
    'out-of-sync, OutOfSync, Healthy',
  ],
  'with all objects missing is Missing': [
    { ...inSync, live: '', given: { execute: false } },
    'out-of-sync, OutOfSync, Missing',
  ],
  'with something left to prune is out of sync': [
    { ...inSync, git: `${a} v1`, given: { prune: false } },
    'out-of-sync, OutOfSync, Healthy',
  ],
  'in the middle of a run is progressing': [
    { ...inSync, more: { run: { ...run, phase: 'running' } } },
    'progressing, Synced, Healthy',
  ],
  'whose object failed has failed at applying': [
    { ...inSync, more: { problems: [problem('APPLY_INVALID')] } },
    'failed, Synced, Healthy, at apply',
  ],
  'whose deletion failed has failed at pruning': [
    { ...inSync, more: { problems: [problem('PRUNE_FAILED')] } },
    'failed, Synced, Healthy, at prune',
  ],
  'with an object twice in Git is ready all the same': [
    { ...inSync, more: { problems: [problem('OBJECT_DUPLICATE')] } },
    'ready, Synced, Healthy',
  ],
  'with a claimed object has failed': [{ ...inSync, claimed: [a] }, 'failed, OutOfSync, Healthy, at apply'],
  'with too many deletions is blocked': [
    {
      git: a,
      inventory: Array.from({ length: 30 }, (_, index) => `ConfigMap/web/c${index}`).join('\n'),
      live: Array.from({ length: 30 }, (_, index) => `ConfigMap/web/c${index}`).join('\n'),
    },
    'blocked, OutOfSync, Healthy',
  ],
  'that is suspended says so before anything else': [
    { noPlan: true, suspended: true, more: { previous } },
    'suspended, Synced, Healthy',
  ],
  'that was never seen and is suspended': [{ noPlan: true, suspended: true }, 'suspended, Unknown, Unknown'],
  'that is being deleted says so before it is suspended': [
    { noPlan: true, suspended: true, deleting: true, more: { previous } },
    'deleting, Synced, Healthy',
  ],
  'whose source failed keeps its last health': [
    { noPlan: true, more: { failedStep: 'source', problems: [problem('GIT_UNREACHABLE')], previous } },
    'failed, Unknown, Healthy, at source',
  ],
  'whose source failed at once is Missing': [
    { noPlan: true, more: { failedStep: 'source', problems: [problem('GIT_UNREACHABLE')] } },
    'failed, Unknown, Missing, at source',
  ],
  'that cannot be understood is invalid': [
    { noPlan: true, more: { failedStep: 'decode', problems: [problem('FIELD_INVALID')] } },
    'invalid, Unknown, Missing, at decode',
  ],
  'whose dependency is not ready waits': [
    {
      noPlan: true,
      more: {
        failedStep: 'dependency',
        problems: [problem('DEPENDENCY_NOT_READY')],
        waitingFor: { id: 'flux:Kustomization:a/b', reason: 'not-ready' },
        previous,
      },
    },
    'waiting, Unknown, Healthy, at dependency',
  ],
};

describe('a delivery', () => {
  for (const [sentence, [scene, expected]] of Object.entries(stages))
    it(sentence, () => expect(show(judge(scene))).toBe(expected));
});

const resources: Record<string, [Scene, string[]]> = {
  'tell sync and health of each object': [
    { ...inSync, live: `${a} edited\n${d} v1`, health: { [d]: 'Progressing' }, given: { heal: false } },
    [`${a} OutOfSync -`, `${d} Synced Progressing`],
  ],
  'tell what is missing': [
    { ...inSync, live: a, given: { execute: false } },
    [`${a} Synced -`, `${d} OutOfSync Missing`],
  ],
  'tell what waits to be pruned': [
    { ...inSync, git: a, given: { prune: false } },
    [`${a} Synced -`, `${d} OutOfSync - prune`],
  ],
  'leave out what left the inventory': [{ ...inSync, git: a, live: a }, [`${a} Synced -`]],
  'leave out the namespace that nobody owns': [
    { git: a, policy: { createNamespace: true } },
    [`${a} OutOfSync Missing`],
  ],
  'tell the outcome of the last run and the problem of an object': [
    {
      ...inSync,
      more: {
        run: {
          ...run,
          results: [{ ref: refFrom(a), sync: 'Synced', requiresPruning: false, outcome: 'configured' }],
        },
        problems: [{ ...problem('APPLY_INVALID'), object: refFrom(d) }],
      },
    },
    [`${a} Synced - configured`, `${d} Synced - APPLY_INVALID`],
  ],
  'are kept, with unknown sync, when no plan could be made': [
    { noPlan: true, more: { failedStep: 'cluster', problems: [problem('CLUSTER_UNREACHABLE')], previous } },
    [`${a} Unknown -`, `${d} Unknown Healthy`],
  ],
};

describe('the resources of a verdict', () => {
  for (const [sentence, [scene, expected]] of Object.entries(resources))
    it(sentence, () => expect(judge(scene).resources.map(showResource)).toEqual(expected));
});

describe('the message of a wait that was too long', () => {
  it('names the objects and what they are', () => {
    const { problems } = judge({
      ...inSync,
      health: { [d]: 'Degraded' },
      policy: { wait: true },
      more: { isOverdue: true },
    });
    expect(problems.map(({ message }) => message)).toEqual([
      'timeout waiting for: [Deployment/web/d is Degraded]; expected all objects to become healthy',
    ]);
  });
});

describe('the objects that readiness waits for by name', () => {
  const elsewhere = refFrom('Deployment/other/x');
  const checked = (more: Scene): Judgement =>
    judge({ ...inSync, ...more, delivery: { healthChecks: [refFrom(d), elsewhere], ...more.delivery } });

  it.each<[string, Scene, string, string]>([
    ['hold it while one is missing', {}, 'progressing', 'Healthy, Missing'],
    [
      'are alone in what it waits for',
      { health: { [a]: 'Progressing' }, delivery: { healthChecks: [refFrom(d)] } },
      'ready',
      'Healthy',
    ],
    [
      'hold it while one is not well',
      { health: { [d]: 'Degraded' }, delivery: { healthChecks: [refFrom(d)] } },
      'progressing',
      'Degraded',
    ],
    ['count for nothing where all objects are waited for', { policy: { wait: true } }, 'ready', ''],
  ])('%s', (_sentence, scene, stage, statuses) => {
    const judged = checked(scene);
    expect(judged.stage).toBe(stage);
    expect((judged.checks ?? []).map(({ health }) => health.status).join(', ')).toBe(statuses);
  });

  it('are named when the wait was too long', () => {
    expect(
      checked({ more: { isOverdue: true } }).problems.map(({ code, message }) => `${code} ${message}`),
    ).toEqual([
      'HEALTH_TIMEOUT timeout waiting for: [Deployment/other/x is Missing]; expected all objects to become healthy',
    ]);
  });
});

test('a health script that failed stops nothing', () => {
  const problem: Problem = { code: 'HEALTH_SCRIPT_FAILED', message: 'x' };
  expect(judge({ ...inSync, more: { problems: [problem] } }).stage).toBe('ready');
});

test('a delivery is reached where its objects are, each address once', () => {
  const urls = { [a]: ['https://b.example', 'https://a.example'], [d]: ['https://a.example'] };
  expect(judge({ ...inSync, urls }).externalUrls).toEqual(['https://a.example', 'https://b.example']);
  expect(judge(inSync).externalUrls).toEqual([]);
});
