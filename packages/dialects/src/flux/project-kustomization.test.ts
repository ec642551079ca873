import type { DeliveryVerdict, EventDraft, Problem } from '@weir/core';
import { describe, expect, it } from 'vitest';
import {
  commit,
  configMap,
  deliveryVerdict,
  deployment,
  kustomization,
  now,
  succeededRun,
} from '../conformance/samples.ts';
import { recordsAt } from '../resource/read-field.ts';
import { projectKustomization } from './project-kustomization.ts';
import { summarizeFlux } from './summarize-flux.ts';

const revision = `main@sha1:${commit}`;

function project(verdict: DeliveryVerdict, over: { spec?: object; status?: object } = {}) {
  const object = {
    ...kustomization,
    spec: { ...(kustomization.spec as object), ...over.spec },
    ...(over.status === undefined ? {} : { status: over.status }),
  };
  const projection = projectKustomization({ object, verdict, now });
  return { ...projection, object: { ...object, status: projection.status } };
}

const short = (text: string) => text.replaceAll(revision, 'REV').trim();

function conditions(status: unknown): string[] {
  return recordsAt(status, 'conditions').map(({ type, status: value, reason, message }) =>
    short(`${type}=${value} ${reason} ${message}`),
  );
}

const events = (drafts: readonly EventDraft[]) =>
  drafts.map(({ type, reason, message }) => short(`${type} ${reason} ${message}`));

const failed = (
  step: NonNullable<DeliveryVerdict['failedStep']>,
  problem: Problem,
  over: Partial<DeliveryVerdict> = {},
) => deliveryVerdict({ stage: 'failed', failedStep: step, problems: [problem], ...over });

const building =
  'Reconciling=True ProgressingWithRetry Building manifests for revision REV with a timeout of 9m30s';
const detecting =
  'Reconciling=True ProgressingWithRetry Detecting drift for revision REV with a timeout of 9m30s';

describe('conditions', () => {
  it.each<[string, DeliveryVerdict, object, string[]]>([
    ['ready', deliveryVerdict(), {}, ['Ready=True ReconciliationSucceeded Applied revision: REV']],
    [
      'ready after a wait',
      deliveryVerdict(),
      { wait: true },
      [
        'Ready=True ReconciliationSucceeded Applied revision: REV',
        'Healthy=True Succeeded Health check passed in 2s',
      ],
    ],
    [
      'applied but not healthy, without wait: ready',
      deliveryVerdict({ stage: 'progressing', health: { status: 'Progressing' } }),
      {},
      ['Ready=True ReconciliationSucceeded Applied revision: REV'],
    ],
    [
      'applied, with something left behind that must not be pruned: ready',
      deliveryVerdict({
        stage: 'out-of-sync',
        sync: 'OutOfSync',
        resources: [
          { ref: configMap, sync: 'Synced', requiresPruning: false },
          { ref: deployment, sync: 'OutOfSync', requiresPruning: true },
        ],
      }),
      { prune: false },
      ['Ready=True ReconciliationSucceeded Applied revision: REV'],
    ],
    [
      'waiting for health',
      deliveryVerdict({
        stage: 'progressing',
        resources: [
          { ref: deployment, sync: 'Synced', health: { status: 'Progressing' }, requiresPruning: false },
        ],
      }),
      { wait: true, timeout: '2m' },
      [
        'Reconciling=True Progressing Running health checks for revision REV with a timeout of 2m0s',
        'Ready=Unknown Progressing Reconciliation in progress',
        'Healthy=Unknown Progressing Running health checks for revision REV with a timeout of 2m0s',
      ],
    ],
    [
      'unhealthy when the wait ends',
      failed(
        'health',
        { code: 'HEALTH_TIMEOUT', message: 'x' },
        {
          resources: [
            { ref: deployment, sync: 'Synced', health: { status: 'Progressing' }, requiresPruning: false },
          ],
        },
      ),
      { wait: true, timeout: '30s' },
      [
        'Reconciling=True ProgressingWithRetry Running health checks for revision REV with a timeout of 30s',
        "Ready=False HealthCheckFailed health check failed after 30s: timeout waiting for: [Deployment/shop/web status: 'InProgress']",
        "Healthy=False HealthCheckFailed timeout waiting for: [Deployment/shop/web status: 'InProgress']",
      ],
    ],
    [
      'the source does not exist',
      failed('source', { code: 'SOURCE_NOT_FOUND', message: 'x' }),
      {},
      ['Ready=False ArtifactFailed GitRepository.source.toolkit.fluxcd.io "fleet" not found'],
    ],
    [
      'the source has no artifact yet',
      failed('source', { code: 'SOURCE_NOT_READY', message: 'x' }),
      {},
      ['Ready=False ArtifactFailed Source artifact not found, retrying in 30s'],
    ],
    [
      'the path does not exist',
      failed('render', { code: 'PATH_NOT_FOUND', message: 'web: no such directory' }),
      {},
      [
        'Reconciling=True ProgressingWithRetry Fetching manifests for revision REV with a timeout of 9m30s',
        'Ready=False ArtifactFailed kustomization path not found: stat /web: no such file or directory',
      ],
    ],
    [
      'the build fails',
      failed('render', { code: 'KUSTOMIZE_FAILED', message: 'accumulating resources' }),
      {},
      [building, 'Ready=False BuildFailed kustomize build failed: accumulating resources'],
    ],
    [
      'an object is refused',
      failed('apply', {
        code: 'APPLY_INVALID',
        message: 'ConfigMap/shop/settings: ConfigMap "settings" is invalid: data',
        object: configMap,
      }),
      {},
      [
        detecting,
        'Ready=False ReconciliationFailed ConfigMap/shop/settings dry-run failed (Invalid): ConfigMap "settings" is invalid: data',
      ],
    ],
    [
      'a kind is unknown',
      failed('apply', {
        code: 'KIND_UNKNOWN',
        message: 'x',
        object: { group: 'example.org', version: 'v1', kind: 'Gadget', namespace: 'shop', name: 'g' },
      }),
      {},
      [
        detecting,
        'Ready=False ReconciliationFailed Gadget/shop/g dry-run failed: no matches for kind "Gadget" in version "example.org/v1"',
      ],
    ],
    [
      'a dependency is not ready',
      deliveryVerdict({
        stage: 'waiting',
        waitingFor: { id: 'flux:Kustomization:shop/base', reason: 'not-ready' },
      }),
      {},
      ["Ready=False DependencyNotReady dependency 'shop/base' is not ready"],
    ],
    [
      'a dependency does not exist',
      deliveryVerdict({
        stage: 'waiting',
        waitingFor: { id: 'flux:Kustomization:shop/base', reason: 'not-found' },
      }),
      {},
      [
        `Ready=False DependencyNotReady dependency 'shop/base' not found: kustomizations.kustomize.toolkit.fluxcd.io "base" not found`,
      ],
    ],
    [
      'the resource cannot be understood',
      deliveryVerdict({
        stage: 'invalid',
        problems: [{ code: 'FIELD_UNSUPPORTED', message: 'spec.decryption: no' }],
      }),
      {},
      [
        'Stalled=True ReconciliationFailed Reconciliation failed terminally due to configuration error: FIELD_UNSUPPORTED: spec.decryption: no',
        'Ready=False ReconciliationFailed Reconciliation failed terminally due to configuration error: FIELD_UNSUPPORTED: spec.decryption: no',
      ],
    ],
  ])('%s', (_sentence, verdict, spec, expected) => {
    expect(conditions(project(verdict, { spec }).status)).toEqual(expected);
  });
});

describe('the rest of the status', () => {
  it('has revisions, inventory in apply order and history', () => {
    const { status } = project(deliveryVerdict({ handledToken: 't' }));
    expect(status).toMatchObject({
      observedGeneration: 1,
      lastAppliedRevision: revision,
      lastAttemptedRevision: revision,
      lastHandledReconcileAt: 't',
      inventory: {
        entries: [
          { id: 'shop_settings__ConfigMap', v: 'v1' },
          { id: 'shop_web_apps_Deployment', v: 'v1' },
        ],
      },
      history: [
        {
          digest: `sha256:${'ab'.repeat(32)}`,
          firstReconciled: '2026-01-02T03:04:02Z',
          lastReconciled: '2026-01-02T03:04:02Z',
          lastReconciledDuration: '2s',
          lastReconciledStatus: 'ReconciliationSucceeded',
          metadata: { revision },
          totalReconciliations: 1,
        },
      ],
    });
  });

  it('keeps what was applied when a build fails, and notes the attempt', () => {
    const before = project(deliveryVerdict()).status;
    const next = { commit: 'f'.repeat(40), name: 'main' };
    const verdict = failed('render', { code: 'YAML_INVALID', message: 'x' }, { revision: next });
    const { status } = project(verdict, { status: before });
    expect(status).toMatchObject({
      lastAppliedRevision: revision,
      lastAttemptedRevision: `main@sha1:${next.commit}`,
      inventory: before.inventory,
      history: before.history,
    });
  });

  it('keeps everything while suspended, but has seen the generation', () => {
    const before = project(deliveryVerdict()).status;
    const { status } = project(deliveryVerdict({ stage: 'suspended' }), {
      status: { ...before, observedGeneration: 0 },
    });
    expect(status).toEqual({ ...before, observedGeneration: 1 });
  });

  it('has not observed a generation that never succeeded', () => {
    const { status } = project(failed('render', { code: 'YAML_INVALID', message: 'x' }));
    expect(status.observedGeneration).toBe(-1);
  });

  it('escapes colons of RBAC names in ids', () => {
    const ref = {
      group: 'rbac.authorization.k8s.io',
      version: 'v1',
      kind: 'ClusterRole',
      namespace: '',
      name: 'a:b',
    };
    const { status } = project(
      deliveryVerdict({ resources: [{ ref, sync: 'Synced', requiresPruning: false }] }),
    );
    expect(status.inventory).toEqual({
      entries: [{ id: '_a__b_rbac.authorization.k8s.io_ClusterRole', v: 'v1' }],
    });
  });
});

describe('events', () => {
  const finished = 'Normal ReconciliationSucceeded Reconciliation finished in 2s, next run in 10m0s';

  it.each<[string, DeliveryVerdict, object, string[]]>([
    [
      'a run with changes',
      deliveryVerdict(),
      {},
      ['Normal Progressing ConfigMap/shop/settings created\nDeployment/shop/web configured', finished],
    ],
    [
      'a run with a wait and a prune',
      deliveryVerdict({
        run: {
          ...succeededRun,
          results: [{ ref: deployment, sync: 'Synced', requiresPruning: true, outcome: 'pruned' }],
        },
      }),
      { wait: true },
      [
        'Normal Progressing Deployment/shop/web deleted',
        'Normal Progressing Health check passed in 2s',
        finished,
      ],
    ],
    [
      'a dependency',
      deliveryVerdict({
        stage: 'waiting',
        waitingFor: { id: 'flux:Kustomization:shop/base', reason: 'not-ready' },
      }),
      {},
      ['Normal DependencyNotReady Dependencies do not meet ready condition, retrying in 30s'],
    ],
    ['a missing source: none', failed('source', { code: 'SOURCE_NOT_FOUND', message: 'x' }), {}, []],
    [
      'a build that fails',
      failed('render', { code: 'YAML_INVALID', message: 'x' }),
      {},
      ['Warning BuildFailed YAML_INVALID: x'],
    ],
  ])('%s', (_sentence, verdict, spec, expected) => {
    expect(events(project(verdict, { spec }).events)).toEqual(expected);
  });

  it('carry the revision, and the last one the commit status', () => {
    const [first, last] = project(deliveryVerdict()).events;
    expect(first?.annotations).toEqual({ 'kustomize.toolkit.fluxcd.io/revision': revision });
    expect(last?.annotations).toEqual({
      'kustomize.toolkit.fluxcd.io/revision': revision,
      'kustomize.toolkit.fluxcd.io/commit_status': 'update',
    });
  });

  it('tell of a revision that needed no write, and of a request, once each', () => {
    const before = project(deliveryVerdict()).status;
    const next = { commit: 'f'.repeat(40), name: 'main' };
    const verdict = deliveryVerdict({ revision: next, appliedRevision: next, handledToken: 't1' });
    const later = '2026-01-02T04:00:00Z';
    const once = projectKustomization({ object: { ...kustomization, status: before }, verdict, now: later });
    expect(once.events.map(({ message }) => message)).toEqual([
      'Reconciliation finished in 0s, next run in 10m0s',
    ]);
    expect(recordsAt(once.status, 'history')).toMatchObject([
      { lastReconciled: later, totalReconciliations: 2, metadata: { revision: `main@sha1:${next.commit}` } },
    ]);
    const twice = projectKustomization({
      object: { ...kustomization, status: once.status },
      verdict,
      now: later,
    });
    expect(twice.events).toEqual([]);
  });
});

describe('the summary', () => {
  it.each<[string, DeliveryVerdict, string]>([
    ['ready', deliveryVerdict(), 'main@sha1:01234567 Synced Healthy '],
    [
      'not fetched',
      failed('source', { code: 'SOURCE_NOT_READY', message: 'x' }),
      ' Unknown Degraded SOURCE_NOT_READY: Source artifact not found, retrying in 30s',
    ],
    [
      'refused',
      failed('apply', { code: 'APPLY_FORBIDDEN', message: 'no', object: configMap }),
      'main@sha1:01234567 OutOfSync Degraded APPLY_FORBIDDEN: ConfigMap/shop/settings dry-run failed (Forbidden): no',
    ],
  ])('%s', (_sentence, verdict, expected) => {
    const { appliedRevision: _applied, attemptedRevision: _attempted, ...rest } = verdict;
    const known = verdict.failedStep === 'source' ? rest : verdict;
    const { revision, sync, health, message } = summarizeFlux(project(known).object);
    const short = revision.replace(/([0-9a-f]{8})[0-9a-f]{32}$/, '$1');
    expect(`${short} ${sync} ${health} ${message}`).toBe(expected);
  });
});
