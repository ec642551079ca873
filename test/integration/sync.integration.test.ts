// What a sync does in turns, over a real API server: waves, hooks, confirmation, force, kinds that a set brings along,
// all-or-nothing, dependencies between deliveries of two dialects, shadow mode and the end of an operation.

import { setTimeout as sleep } from 'node:timers/promises';
import { type KubeObject, type ObjectRef, refOf } from '@weir/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  application,
  ControllerRig,
  configMapRef,
  configMapText,
  eventually,
  kustomization,
  valueAt,
} from './controller-rig.ts';

let rig: ControllerRig;

const hook = (phase: string, policy?: string): Record<string, string> => ({
  'argocd.argoproj.io/hook': phase,
  ...(policy === undefined ? {} : { 'argocd.argoproj.io/hook-delete-policy': policy }),
});

function job(
  name: string,
  annotations: Readonly<Record<string, string>>,
  pod: Readonly<Record<string, string>> = {},
): string {
  const metadata = name.endsWith('-') ? { generateName: name, annotations } : { name, annotations };
  return JSON.stringify({
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: {
      backoffLimit: 0,
      template: {
        metadata: { annotations: pod },
        spec: { restartPolicy: 'Never', containers: [{ name: 'job', image: 'example.test/job:1' }] },
      },
    },
  });
}

function deployment(name: string, delay: string, annotations: Readonly<Record<string, string>> = {}): string {
  return JSON.stringify({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, annotations },
    spec: {
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: { 'localkube/delay': delay } },
        spec: { containers: [{ name: 'web', image: 'example.test/web:1' }] },
      },
    },
  });
}

const inWave = (wave: number): Record<string, string> => ({ 'argocd.argoproj.io/sync-wave': String(wave) });

function markedConfigMap(name: string, value: string, annotations: Readonly<Record<string, string>>): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, annotations },
    data: { value },
  });
}

const files = {
  'waves/first.json': markedConfigMap('first', '1', inWave(-1)),
  'waves/mid.json': deployment('mid', '1s'),
  'waves/last.json': markedConfigMap('last', '1', inWave(1)),
  'hooks/a.yaml': configMapText('a', '1'),
  'hooks/pre.json': job('pre', hook('PreSync', 'HookSucceeded')),
  'hooks/post.json': job('post', hook('PostSync')),
  'hooks/named.json': job('named-', hook('PostSync', 'BeforeHookCreation')),
  'bad-hook/a.yaml': configMapText('a', '1'),
  'bad-hook/pre.json': job('pre', hook('PreSync'), { 'localkube/fail': 'exit' }),
  'bad-hook/sorry.json': job('sorry', hook('SyncFail')),
  'long-hook/a.yaml': configMapText('a', '1'),
  'long-hook/pre.json': job('pre', hook('PreSync'), { 'localkube/hold': 'true' }),
  'careful/a.json': markedConfigMap('a', '1', { 'argocd.argoproj.io/sync-options': 'Prune=confirm' }),
  'careful/b.yaml': configMapText('b', '1'),
  'forced/service.yaml': JSON.stringify({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'fixed', namespace: 'apps' },
    immutable: true,
    stringData: { value: '1' },
  }),
  'kinds/widget.yaml': JSON.stringify({
    apiVersion: 'example.test/v1',
    kind: 'Gadget',
    metadata: { name: 'g', namespace: 'apps' },
    spec: { size: 1 },
  }),
  'kinds/definition.yaml': JSON.stringify({
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'gadgets.example.test' },
    spec: {
      group: 'example.test',
      scope: 'Namespaced',
      names: { kind: 'Gadget', plural: 'gadgets' },
      versions: [
        {
          name: 'v1',
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  }),
  'atomic/good.yaml': configMapText('atomic-good', '1', 'apps'),
  'atomic/bad.yaml': JSON.stringify({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'atomic-bad', namespace: 'apps' },
    spec: { ports: [{ port: 99_999 }] },
  }),
  'after/z.yaml': configMapText('after', '1', 'apps'),
  'seen/s.yaml': configMapText('seen', '1', 'apps'),
};

beforeAll(async () => {
  rig = await ControllerRig.startDelivering(files);
});

afterAll(async () => {
  await rig?.stop();
});

const jobRef = (place: string): ObjectRef => ({ ...configMapRef(place), group: 'batch', kind: 'Job' });

const app = (name: string): KubeObject => application(name, { url: rig.url, path: name, namespace: name });

/** `Succeeded: message` */
async function operation(name: string): Promise<string> {
  const state = valueAt(await rig.get(refOf(app(name))), 'status', 'operationState');
  return `${valueAt(state, 'phase')}: ${valueAt(state, 'message')}`;
}

async function results(name: string): Promise<string[]> {
  const list = valueAt(
    await rig.get(refOf(app(name))),
    'status',
    'operationState',
    'syncResult',
    'resources',
  );
  return (Array.isArray(list) ? list : []).map((each) =>
    [
      valueAt(each, 'syncPhase'),
      valueAt(each, 'kind'),
      valueAt(each, 'name'),
      valueAt(each, 'hookPhase'),
    ].join(' '),
  );
}

const isThere = async (ref: ObjectRef): Promise<boolean> => (await rig.get(ref)) !== undefined;

it('applies wave after wave, each once the one before is healthy', async () => {
  await rig.declare(app('waves'));
  await eventually(
    () => operation('waves'),
    (told) => told === 'Running: waiting for healthy state of apps/Deployment/mid',
  );
  expect(await isThere(configMapRef('waves/last'))).toBe(false);
  await eventually(
    () => operation('waves'),
    (told) => told === 'Succeeded: successfully synced (all tasks run)',
  );
  expect(await isThere(configMapRef('waves/last'))).toBe(true);
  expect(await results('waves')).toEqual([
    'Sync ConfigMap first Succeeded',
    'Sync Deployment mid Succeeded',
    'Sync ConfigMap last Running',
  ]);
});

it('runs hooks around the objects, and takes away those whose policy says so', async () => {
  await rig.declare(app('hooks'));
  await eventually(
    () => operation('hooks'),
    (told) => told === 'Succeeded: successfully synced (no more tasks)',
  );
  await eventually(
    () => isThere(jobRef('hooks/pre')),
    (there) => !there,
  );
  const post = await rig.get(jobRef('hooks/post'));
  expect(post?.metadata.finalizers).toBeUndefined();
  expect(
    (await results('hooks')).map((line) => line.replace(/named-[0-9a-f]{7}-postsync-\d+/, 'named')),
  ).toEqual([
    'PreSync Job pre Succeeded',
    'Sync ConfigMap a Succeeded',
    'PostSync Job named Succeeded',
    'PostSync Job post Succeeded',
  ]);
  expect(rig.complaints).toEqual([]);
});

it('runs hooks anew with a commit that changes something, and not with one that does not', async () => {
  const before = (await rig.get(jobRef('hooks/post')))?.metadata.uid;
  await rig.commit({ 'hooks/README.md': 'nothing' });
  const commit = await rig.commit({ 'hooks/a.yaml': configMapText('a', '2') });
  await eventually(
    async () =>
      valueAt(await rig.get(refOf(app('hooks'))), 'status', 'operationState', 'syncResult', 'revision'),
    (revision) => revision === commit,
  );
  await eventually(
    () => operation('hooks'),
    (told) => told.startsWith('Succeeded'),
  );
  expect((await rig.get(jobRef('hooks/post')))?.metadata.uid).not.toBe(before);
});

it('ends with a hook that fails, runs those for that case, and applies nothing', async () => {
  await rig.declare({
    ...app('bad-hook'),
    spec: {
      ...(app('bad-hook').spec as object),
      syncPolicy: { automated: {}, retry: { limit: 0 }, syncOptions: ['CreateNamespace=true'] },
    },
  });
  await eventually(
    () => operation('bad-hook'),
    (told) => told.startsWith('Failed'),
  );
  expect(await operation('bad-hook')).toContain('one or more synchronization tasks completed unsuccessfully');
  expect(await isThere(configMapRef('bad-hook/a'))).toBe(false);
  expect(await results('bad-hook')).toEqual(['PreSync Job pre Failed', 'SyncFail Job sorry Succeeded']);
});

it('stops an operation when somebody says so', async () => {
  await rig.declare(app('long-hook'));
  await eventually(
    () => operation('long-hook'),
    (told) => told === 'Running: waiting for completion of hook batch/Job/pre',
  );
  await rig.writer.mergePatch(refOf(app('long-hook')), {
    status: { operationState: { phase: 'Terminating' } },
  });
  await eventually(
    () => operation('long-hook'),
    (told) => told === 'Failed: Operation terminated',
  );
  await eventually(
    () => isThere(jobRef('long-hook/pre')),
    (there) => !there,
  );
  expect(await isThere(configMapRef('long-hook/a'))).toBe(false);
});

it('waits for a word before it prunes what is to be confirmed, and does nothing else meanwhile', async () => {
  await rig.declare(app('careful'));
  await eventually(
    () => operation('careful'),
    (told) => told.startsWith('Succeeded'),
  );
  await rig.commit({ 'careful/a.json': null, 'careful/b.yaml': configMapText('b', '2') });
  await eventually(
    () => operation('careful'),
    (told) => told === 'Running: waiting for pruning confirmation of /ConfigMap/a',
  );
  expect(valueAt(await rig.get(configMapRef('careful/b')), 'data', 'value')).toBe('1');
  await rig.writer.mergePatch(refOf(app('careful')), {
    metadata: {
      annotations: { 'argocd.argoproj.io/deletion-approved': new Date(Date.now() + 1_000).toISOString() },
    },
  });
  await eventually(
    () => isThere(configMapRef('careful/a')),
    (there) => !there,
  );
  await eventually(
    async () => valueAt(await rig.get(configMapRef('careful/b')), 'data', 'value'),
    (value) => value === '2',
  );
});

it('makes anew what cannot be changed, where force says so', async () => {
  await rig.declare(kustomization('forced', { path: './forced', force: true }));
  const secret = { ...configMapRef('apps/fixed'), kind: 'Secret' };
  const first = await eventually(
    () => rig.get(secret),
    (found) => found !== undefined,
  );
  await rig.commit({ 'forced/service.yaml': files['forced/service.yaml'].replace('"1"', '"2"') });
  const second = await eventually(
    () => rig.get(secret),
    (found) => valueAt(found, 'data', 'value') === btoa('2'),
  );
  expect(second?.metadata.uid).not.toBe(first?.metadata.uid);
});

it('applies a definition and objects of its kind that come together', async () => {
  await rig.declare(kustomization('kinds', { path: './kinds' }));
  const told = await eventually(
    async () =>
      JSON.stringify(valueAt(await rig.get(refOf(kustomization('kinds', {}))), 'status', 'conditions')),
    (conditions) => conditions?.includes('ReconciliationSucceeded') === true,
  );
  expect(told).not.toContain('KIND_UNKNOWN');
  expect(await rig.client.list({ group: 'example.test', version: 'v1', plural: 'gadgets' })).toHaveLength(1);
});

it('writes nothing of a set of which the server would refuse a part, where all or nothing is asked for', async () => {
  await rig.declare(kustomization('atomic', { path: './atomic' }));
  const told = await eventually(
    async () =>
      JSON.stringify(valueAt(await rig.get(refOf(kustomization('atomic', {}))), 'status', 'conditions')),
    (conditions) => conditions?.includes('atomic-bad') === true,
  );
  expect(told).toContain('atomic-bad');
  expect(await isThere(configMapRef('apps/atomic-good'))).toBe(false);
  await rig.declare({
    ...kustomization('atomic', { path: './atomic' }),
    metadata: { name: 'atomic', namespace: 'flux-system', annotations: { 'weir.dev/atomicity': 'partial' } },
  });
  await eventually(
    () => isThere(configMapRef('apps/atomic-good')),
    (there) => there,
  );
});

it('begins a delivery when one of another dialect is ready', async () => {
  const after = kustomization('after', { path: './after' });
  const annotations = { 'weir.dev/depends-on': 'Application/argocd/before' };
  await rig.declare({ ...after, metadata: { ...after.metadata, annotations } });
  await eventually(
    async () => JSON.stringify(valueAt(await rig.get(refOf(after)), 'status', 'conditions')),
    (conditions) => conditions?.includes('argocd/before') === true,
    90_000,
  );
  expect(await isThere(configMapRef('apps/after'))).toBe(false);
  await rig.commit({ 'before/b.yaml': configMapText('before', '1') });
  await rig.declare(app('before'));
  await eventually(
    () => isThere(configMapRef('apps/after')),
    (there) => there,
  );
}, 120_000);

it('writes nothing for a delivery in shadow mode, and begins when that ends', async () => {
  const seen = kustomization('seen', { path: './seen' });
  const shadow = { ...seen.metadata, annotations: { 'weir.dev/shadow': 'true' } };
  const marker = await rig.cluster.markAudit();
  await rig.declare({ ...seen, metadata: shadow });
  await rig.commit({ 'seen/s.yaml': configMapText('seen', '2', 'apps') });
  // Long enough for a sync that should not be.
  await sleep(3_000);
  expect(await isThere(configMapRef('apps/seen'))).toBe(false);
  expect((await rig.writesSince(marker)).filter((write) => write.includes('seen'))).toEqual([]);
  await rig.declare({ ...seen, metadata: { ...seen.metadata, annotations: { 'weir.dev/shadow': 'false' } } });
  await eventually(
    () => isThere(configMapRef('apps/seen')),
    (there) => there,
  );
});
