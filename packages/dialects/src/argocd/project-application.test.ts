import type { DeliveryVerdict, EventDraft, KubeObject, Problem, Run } from '@weir/core';
import { describe, expect, it } from 'vitest';
import {
  application,
  commit,
  configMap,
  deliveryVerdict,
  deployment,
  now,
  succeededRun,
} from '../conformance/samples.ts';
import { fieldAt, recordsAt } from '../resource/read-field.ts';
import { operationToken } from './lower-operation.ts';
import { projectApplication } from './project-application.ts';
import { refreshToken } from './read-application.ts';
import { summarizeApplication } from './summarize-application.ts';

const source = fieldAt(application, 'spec', 'source');
const destination = fieldAt(application, 'spec', 'destination');

function manual(over: Partial<KubeObject> = {}): KubeObject {
  const { syncPolicy: _automated, ...spec } = application.spec as Record<string, unknown>;
  return { ...application, spec, ...over };
}

const project = (verdict: DeliveryVerdict, object: KubeObject = application, at = now) =>
  projectApplication({ object, verdict, now: at });

const short = (text: unknown) => String(text).replaceAll(commit, 'SHA');
const conditions = (status: unknown) =>
  recordsAt(status, 'conditions').map(({ type, message }) => short(`${type}: ${message}`));
const events = (drafts: readonly EventDraft[]) =>
  drafts.map(({ type, reason, message }) => short(`${type} ${reason} ${message}`));

const failed = (
  step: NonNullable<DeliveryVerdict['failedStep']>,
  problem: Problem,
  over: Partial<DeliveryVerdict> = {},
) => deliveryVerdict({ stage: 'failed', failedStep: step, problems: [problem], ...over });

const refusal: Problem = {
  code: 'APPLY_INVALID',
  message: 'ConfigMap/shop/settings: ConfigMap "settings" is invalid: data',
  object: configMap,
};
const failedRun: Run = {
  ...succeededRun,
  phase: 'failed',
  retries: 5,
  results: [
    { ref: configMap, sync: 'OutOfSync', requiresPruning: false, outcome: 'failed', problem: refusal },
  ],
};
const applyFailed = failed('apply', refusal, {
  sync: 'OutOfSync',
  run: failedRun,
  resources: [
    { ref: configMap, sync: 'OutOfSync', requiresPruning: false, problem: refusal },
    { ref: deployment, sync: 'Synced', requiresPruning: false },
  ],
});

it('an automated sync gives the whole status of Argo CD', () => {
  const { status } = project(deliveryVerdict());
  expect(status).toEqual({
    controllerNamespace: 'argocd',
    health: { status: 'Healthy', lastTransitionTime: now },
    history: [
      {
        id: 0,
        revision: commit,
        source,
        deployStartedAt: '2026-01-02T03:04:00Z',
        deployedAt: '2026-01-02T03:04:02Z',
        initiatedBy: { automated: true },
      },
    ],
    operationState: {
      operation: {
        initiatedBy: { automated: true },
        retry: { limit: 5 },
        sync: { prune: true, revision: commit, source },
      },
      phase: 'Succeeded',
      message: 'successfully synced (all tasks run)',
      startedAt: '2026-01-02T03:04:00Z',
      finishedAt: '2026-01-02T03:04:02Z',
      syncResult: {
        revision: commit,
        source,
        resources: [
          {
            group: '',
            version: 'v1',
            kind: 'ConfigMap',
            namespace: 'shop',
            name: 'settings',
            status: 'Synced',
            message: 'configmap/settings created',
            hookPhase: 'Running',
            syncPhase: 'Sync',
          },
          {
            group: 'apps',
            version: 'v1',
            kind: 'Deployment',
            namespace: 'shop',
            name: 'web',
            status: 'Synced',
            message: 'deployment.apps/web configured',
            hookPhase: 'Running',
            syncPhase: 'Sync',
          },
        ],
      },
    },
    reconciledAt: now,
    resourceHealthSource: 'appTree',
    resources: [
      { version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings', status: 'Synced' },
      { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web', status: 'Synced' },
    ],
    sourceHydrator: {},
    sourceType: 'Directory',
    summary: { images: ['example.com/web:1.0'] },
    sync: { status: 'Synced', comparedTo: { source, destination }, revision: commit },
  });
});

it('a compared Application without a sync has no operation and no history', () => {
  const { run: _run, ...compared } = deliveryVerdict({
    stage: 'out-of-sync',
    sync: 'OutOfSync',
    health: { status: 'Missing' },
    images: [],
  });
  const { status, events: drafts } = project(compared, manual());
  expect(Object.keys(status).sort()).toEqual([
    'controllerNamespace',
    'health',
    'reconciledAt',
    'resourceHealthSource',
    'resources',
    'sourceType',
    'sync',
  ]);
  expect(events(drafts)).toEqual([
    'Normal ResourceUpdated Updated sync status:  -> OutOfSync',
    'Normal ResourceUpdated Updated health status:  -> Missing',
  ]);
});

describe('conditions', () => {
  it.each<[string, DeliveryVerdict, KubeObject, string[]]>([
    [
      'the path does not exist',
      failed('render', { code: 'PATH_NOT_FOUND', message: 'web: no such directory' }),
      application,
      [
        'ComparisonError: Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = Unknown desc = PATH_NOT_FOUND: web: app path does not exist',
      ],
    ],
    [
      'the cluster cannot be reached',
      failed('cluster', { code: 'CLUSTER_UNREACHABLE', message: 'timed out' }),
      application,
      ['ComparisonError: Failed to load live state: CLUSTER_UNREACHABLE: timed out'],
    ],
    [
      'the cluster is not known',
      failed('cluster', { code: 'CLUSTER_NOT_FOUND', message: 'edge: is not registered' }),
      application,
      ['InvalidSpecError: CLUSTER_NOT_FOUND: edge: is not registered'],
    ],
    [
      'the spec is invalid',
      deliveryVerdict({
        stage: 'invalid',
        failedStep: 'decode',
        problems: [{ code: 'FIELD_INVALID', message: 'spec.source: is required' }],
      }),
      application,
      ['InvalidSpecError: FIELD_INVALID: spec.source: is required'],
    ],
    [
      'the last attempt of an automated sync failed',
      applyFailed,
      application,
      [
        'SyncError: Failed last sync attempt to [SHA]: one or more synchronization tasks completed unsuccessfully, reason: ConfigMap "settings" is invalid: data (retried 5 times). [APPLY_INVALID]',
      ],
    ],
    ['the same by hand is told by the operation only', applyFailed, manual(), []],
    [
      'an object belongs to another one',
      failed(
        'apply',
        { code: 'OBJECT_CLAIMED', message: 'ConfigMap/shop/settings: is part of two' },
        { run: succeededRun },
      ),
      application,
      ['SharedResourceWarning: OBJECT_CLAIMED: ConfigMap/shop/settings: is part of two'],
    ],
    [
      'deletions wait for approval',
      deliveryVerdict({ stage: 'blocked', problems: [{ code: 'DELETION_BLOCKED', message: '30 of 40' }] }),
      application,
      ['SyncError: Skipping sync attempt to SHA: DELETION_BLOCKED: 30 of 40'],
    ],
  ])('%s', (_sentence, verdict, object, expected) => {
    expect(conditions(project(verdict, object).status)).toEqual(expected);
  });

  it('keep their time while they stay, and go when the trouble goes', () => {
    const broken = failed('render', { code: 'YAML_INVALID', message: 'x' });
    const first = project(broken).status;
    const second = project(broken, { ...application, status: first }, '2026-01-02T09:00:00Z').status;
    expect(second).toEqual(first);
    expect(project(deliveryVerdict(), { ...application, status: first }).status.conditions).toBeUndefined();
  });
});

describe('a failed load', () => {
  const synced = project(deliveryVerdict()).status;
  const broken = failed('render', { code: 'YAML_INVALID', message: 'x' }, { sync: 'Unknown' });

  it('leaves health, makes everything unknown, and compares with the name', () => {
    const { status, events: drafts } = project(broken, { ...application, status: synced });
    expect(status.sync).toMatchObject({ status: 'Unknown', revision: 'main' });
    expect(status.health).toEqual(synced.health);
    expect(status.sourceType).toBeUndefined();
    expect(recordsAt(status, 'resources')).toMatchObject([
      { name: 'settings', status: 'Unknown', requiresPruning: true },
      { name: 'web', status: 'Unknown', requiresPruning: true },
    ]);
    expect(events(drafts)).toEqual([
      'Normal ResourceUpdated Updated sync status: Synced -> Unknown',
      expect.stringMatching(/^Warning ComparisonError Failed to load target state: .* YAML_INVALID: x$/),
    ]);
  });

  it('after a restart keeps the list of objects', () => {
    const { status } = project({ ...broken, resources: [], images: [] }, { ...application, status: synced });
    expect(recordsAt(status, 'resources').length).toBe(2);
    expect(status.summary).toEqual(synced.summary);
  });

  it('of something never deployed is healthy', () => {
    const { run: _run, ...never } = { ...broken, resources: [], health: { status: 'Missing' } as const };
    expect(project(never).status.health).toMatchObject({ status: 'Healthy' });
  });
});

it('before the first fetch nothing is said', () => {
  const pending = failed('source', { code: 'SOURCE_NOT_READY', message: 'x' }, { resources: [] });
  expect(project(pending)).toEqual({ status: {}, events: [] });
});

describe('attempts', () => {
  const attempt = (retries: number, second: string): DeliveryVerdict => ({
    ...applyFailed,
    run: {
      ...failedRun,
      retries,
      startedAt: `2026-01-02T03:04:${second}Z`,
      finishedAt: `2026-01-02T03:04:${second}Z`,
    },
  });

  it('are one operation that goes on until the limit', () => {
    const first = project(attempt(0, '10'));
    expect(first.status.operationState).toMatchObject({
      phase: 'Running',
      retryCount: 1,
      startedAt: '2026-01-02T03:04:10Z',
      message:
        'one or more synchronization tasks completed unsuccessfully, reason: ConfigMap "settings" is invalid: data. Retrying attempt #1 at 3:04AM.',
    });
    expect(conditions(first.status)).toEqual([]);
    const second = project(attempt(1, '20'), { ...application, status: first.status });
    expect(second.status.operationState).toMatchObject({
      phase: 'Running',
      retryCount: 2,
      startedAt: '2026-01-02T03:04:10Z',
    });
    expect(second.events).toEqual([]);
    const last = project(attempt(5, '50'), { ...application, status: second.status });
    expect(last.status.operationState).toMatchObject({
      phase: 'Failed',
      retryCount: 5,
      finishedAt: '2026-01-02T03:04:50Z',
    });
    expect(events(last.events)).toEqual([
      'Warning OperationCompleted Sync operation to SHA failed: one or more synchronization tasks completed unsuccessfully, reason: ConfigMap "settings" is invalid: data (retried 5 times).',
    ]);
  });

  it('list the refused object and those that are unchanged', () => {
    const { status } = project(attempt(5, '50'));
    const results = recordsAt(status, 'operationState', 'syncResult', 'resources');
    expect(results.map((each) => `${each.status} ${each.hookPhase} ${each.message}`)).toEqual([
      'SyncFailed Failed ConfigMap "settings" is invalid: data',
      'Synced Succeeded deployment.apps/web unchanged',
    ]);
  });
});

describe('an order', () => {
  const operation = { sync: { revision: commit, prune: true }, initiatedBy: { username: 'ada' } };
  const ordered = manual({ operation });
  const run: Run = { ...succeededRun, trigger: 'order', orderToken: operationToken(ordered) ?? '' };

  it('is taken off when it was carried out, and stays in the state', () => {
    const verdict = deliveryVerdict({ run, handledOrder: run.orderToken ?? '' });
    const { status, patch, events: drafts } = project(verdict, ordered);
    expect(patch).toEqual({ operation: null });
    expect(status.operationState).toMatchObject({ operation, phase: 'Succeeded' });
    expect(recordsAt(status, 'history')).toMatchObject([{ id: 0, initiatedBy: { username: 'ada' } }]);
    expect(events(drafts)[0]).toBe('Normal OperationStarted ada initiated sync to main (SHA)');
    const after = project(verdict, manual({ status }));
    expect(after).toEqual({ status, events: [] });
  });

  it('at the same revision is history again; an automated sync is not', () => {
    const before = project(deliveryVerdict({ run }), ordered).status;
    const again = { ...run, startedAt: '2026-01-02T04:00:00Z', finishedAt: '2026-01-02T04:00:01Z' };
    const ids = (trigger: Run['trigger']) =>
      recordsAt(
        project(deliveryVerdict({ run: { ...again, trigger } }), manual({ status: before })).status,
        'history',
      ).map(({ id }) => id);
    expect(ids('order')).toEqual([0, 1]);
    expect(ids('automatic')).toEqual([0]);
    expect(ids('self-heal')).toEqual([0]);
  });

  it('for another revision than the source has fails, and says so', () => {
    const problem: Problem = { code: 'FIELD_UNSUPPORTED', message: 'the sync asks for revision v1' };
    const refused: Run = { ...run, phase: 'failed', results: [], message: problem.message, problem };
    const verdict = deliveryVerdict({ run: refused, handledOrder: run.orderToken ?? '' });
    const { status, patch } = project(verdict, ordered);
    expect(patch).toEqual({ operation: null });
    expect(status.operationState).toMatchObject({ phase: 'Failed', message: problem.message });
  });

  it('that cannot be carried out ends with an error and spoils nothing else', () => {
    const before = project(deliveryVerdict()).status;
    const object = { ...application, status: before, operation: { sync: { manifests: ['x'] } } };
    const problem: Problem = {
      code: 'FIELD_UNSUPPORTED',
      message: 'operation.sync.manifests: no',
      field: 'operation.sync.manifests',
    };
    const verdict = deliveryVerdict({ stage: 'invalid', failedStep: 'decode', problems: [problem] });
    const { status, patch } = project(verdict, object, '2026-01-02T05:00:00Z');
    expect(patch).toEqual({ operation: null });
    expect(status).toMatchObject({
      sync: before.sync,
      health: before.health,
      operationState: { phase: 'Error', message: 'FIELD_UNSUPPORTED: operation.sync.manifests: no' },
    });
    expect(project(verdict, { ...application, status }, '2026-01-02T06:00:00Z')).toEqual({
      status,
      events: [],
    });
  });

  it('of a dry run is no history', () => {
    const { status } = project(deliveryVerdict({ run: { ...run, dryRun: true } }), ordered);
    expect(status.history).toBeUndefined();
  });
});

it('self-heal is a partial sync', () => {
  const [healed] = succeededRun.results;
  const run: Run = { ...succeededRun, trigger: 'self-heal', results: healed === undefined ? [] : [healed] };
  const { status, events: drafts } = project(deliveryVerdict({ run }));
  expect(status.operationState).toMatchObject({
    operation: { sync: { autoHealAttemptsCount: 1, resources: [{ kind: 'ConfigMap', name: 'settings' }] } },
  });
  expect(recordsAt(status, 'operationState', 'syncResult', 'resources').length).toBe(1);
  expect(events(drafts).at(-1)).toBe('Normal OperationCompleted Partial sync operation to SHA succeeded');
});

it('a refresh is taken off once it was carried out, and only then moves reconciledAt', () => {
  const before = project(deliveryVerdict()).status;
  const annotations = { 'argocd.argoproj.io/refresh': 'hard' };
  const object = { ...application, metadata: { ...application.metadata, annotations }, status: before };
  const token = refreshToken(object) ?? '';
  expect(project(deliveryVerdict(), object, '2026-01-02T09:00:00Z')).toEqual({ status: before, events: [] });
  const { status, patch } = project(deliveryVerdict({ handledToken: token }), object, '2026-01-02T09:00:00Z');
  expect(patch).toEqual({ metadata: { annotations: { 'argocd.argoproj.io/refresh': null } } });
  expect(status).toEqual({ ...before, reconciledAt: '2026-01-02T09:00:00Z' });
});

it('a kind that is unknown stops the sync before it begins', () => {
  const thing = { group: 'nowhere.example.com', version: 'v1', kind: 'Thing', namespace: 'shop', name: 't' };
  const problem: Problem = { code: 'KIND_UNKNOWN', message: 'x', object: thing };
  const { status } = project(
    failed('apply', problem, { run: { ...succeededRun, phase: 'failed', results: [] } }),
  );
  expect(fieldAt(status, 'operationState', 'message')).toBe(
    'one or more synchronization tasks are not valid: failed to discover server resources for group version nowhere.example.com/v1: the server could not find the requested resource',
  );
  expect(recordsAt(status, 'operationState', 'syncResult', 'resources')).toEqual([
    {
      ...thing,
      status: 'SyncFailed',
      syncPhase: 'Sync',
      message:
        'The Kubernetes API could not find nowhere.example.com/Thing for requested resource shop/t. Make sure the "Thing" CRD is installed on the destination cluster.',
    },
  ]);
});

it('with one element in sources the status has lists', () => {
  const { source: one, ...spec } = application.spec as Record<string, unknown>;
  const { status } = project(deliveryVerdict(), { ...application, spec: { ...spec, sources: [one] } });
  expect(status.sync).toMatchObject({ revisions: [commit], comparedTo: { sources: [one] } });
  expect(recordsAt(status, 'history')).toMatchObject([{ revisions: [commit], sources: [one] }]);
});

it('the summary is one line', () => {
  expect(summarizeApplication({ ...application, status: project(deliveryVerdict()).status })).toEqual({
    cluster: 'in-cluster',
    revision: commit,
    sync: 'Synced',
    health: 'Healthy',
    message: '',
    suspended: false,
  });
});
