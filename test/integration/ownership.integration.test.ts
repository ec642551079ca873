// Whose objects and fields are whose, over a real API server: take-over of what other tools wrote, objects that several
// deliveries list, moves from one delivery to another, shadow mode, and deletions that hang.

import { isRecord, type KubeObject, type ObjectRef, refOf } from '@weir/core';
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

const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/** Its generation counts changes of the spec alone; a Deployment's counts annotations too. */
const statefulSet = (name: string, labels: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name, namespace: 'apps', labels },
  spec: {
    replicas: 1,
    serviceName: name,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: { containers: [{ name: 'web', image: 'example.test/web:1' }] },
    },
  },
});

const files = {
  'adopt/web.yaml': JSON.stringify(statefulSet('web', { team: 'a', tier: 'front' })),
  'client/c.yaml': configMapText('c', '1'),
};

beforeAll(async () => {
  rig = await ControllerRig.startDelivering(files);
});

afterAll(async () => {
  await rig?.stop();
});

const argo = (name: string, path = name): KubeObject =>
  application(name, { url: rig.url, path, namespace: 'apps' });

/** What `kubectl apply` leaves. */
async function appliedByClient(object: KubeObject): Promise<void> {
  const annotations = { ...object.metadata.annotations, [lastApplied]: JSON.stringify(object) };
  await rig.writer.create(
    { ...object, metadata: { ...object.metadata, annotations } },
    { fieldManager: 'kubectl-client-side-apply' },
  );
}

/** `Apply kustomize-controller`, without those of subresources. */
const managersOf = (object: KubeObject | undefined): string[] =>
  (object?.metadata.managedFields ?? [])
    .filter(({ subresource = '' }) => subresource === '')
    .map(({ operation, manager }) => `${operation} ${manager}`)
    .filter((text) => !text.endsWith('kube-controller-manager'));

const textOf = (object: KubeObject | undefined, ...path: string[]): string | undefined => {
  const found = valueAt(object, ...path);
  return found === undefined ? undefined : String(found);
};

const liveAs = (ref: ObjectRef, isWanted: (object: KubeObject | undefined) => boolean) =>
  eventually(() => rig.get(ref), isWanted);

it('takes the fields of kubectl over without a change of the object, and what leaves Git leaves it', async () => {
  const wanted = statefulSet('web', { team: 'a', tier: 'front', old: 'yes' });
  await appliedByClient(wanted);
  const ref = refOf(wanted);
  const before = await rig.get(ref);
  await rig.declare(kustomization('adopt', { path: './adopt' }));
  // The fields are taken over first; the apply follows.
  const adopted = await liveAs(
    ref,
    (object) =>
      managersOf(object).join() === 'Apply kustomize-controller' &&
      object?.metadata.labels?.old === undefined,
  );
  expect(adopted?.metadata.uid).toBe(before?.metadata.uid);
  expect(adopted?.metadata.generation).toBe(before?.metadata.generation);
  expect(adopted?.metadata.labels).not.toHaveProperty('old');
  expect(adopted?.metadata.annotations ?? {}).not.toHaveProperty([lastApplied]);
  await rig.commit({ 'adopt/web.yaml': JSON.stringify(statefulSet('web', { team: 'a' })) });
  await liveAs(ref, (object) => object?.metadata.labels?.tier === undefined);
  // Whoever edits with kubectl is relieved again, as in Flux.
  await rig.writer.mergePatch(
    ref,
    { metadata: { labels: { mine: 'yes' } } },
    { fieldManager: 'kubectl-edit' },
  );
  const again = await liveAs(ref, (object) => object?.metadata.labels?.mine === undefined);
  expect(managersOf(again)).toEqual(['Apply kustomize-controller']);
  expect(again?.metadata.generation).toBe(before?.metadata.generation);
});

it('keeps what was applied last on the objects of an Application, until it asks for applies on the server', async () => {
  const ref = configMapRef('apps/c');
  await appliedByClient({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', namespace: 'apps' },
    data: { value: '1', old: '1' },
  });
  await rig.declare(argo('client'));
  const adopted = await liveAs(
    ref,
    (object) =>
      managersOf(object).join() === 'Apply argocd-controller' && textOf(object, 'data', 'old') === undefined,
  );
  expect(JSON.parse(adopted?.metadata.annotations?.[lastApplied] ?? '{}')).toMatchObject({
    data: { value: '1' },
    metadata: { annotations: { 'argocd.argoproj.io/tracking-id': 'client:/ConfigMap:apps/c' } },
  });
  const app = argo('client');
  const spec = isRecord(app.spec) ? app.spec : {};
  const syncPolicy = isRecord(spec.syncPolicy) ? spec.syncPolicy : {};
  await rig.declare({
    ...app,
    spec: { ...spec, syncPolicy: { ...syncPolicy, syncOptions: ['ServerSideApply=true'] } },
  });
  await liveAs(ref, (object) => object?.metadata.annotations?.[lastApplied] === undefined);
});

const held = (path: string, value: string): Record<string, string> => ({
  [`${path}/x.yaml`]: configMapText(path.replace(/-.*/, ''), value, 'apps'),
});

async function problemsOf(app: string): Promise<string> {
  const object = await rig.get(refOf(argo(app)));
  const status = isRecord(object?.status) ? object.status : {};
  return JSON.stringify(status.conditions ?? []);
}

const uidOf = async (ref: ObjectRef): Promise<string | undefined> => (await rig.get(ref))?.metadata.uid;

it('tells both of two deliveries that they list one object, which never changes back and forth', async () => {
  await rig.commit({ ...held('both-a', '1'), ...held('both-b', '2') });
  await rig.declare(argo('both-a'));
  const ref = configMapRef('apps/both');
  await liveAs(ref, (object) => object !== undefined);
  await rig.declare(kustomization('both-b', { path: './both-b' }));
  await eventually(
    () => problemsOf('both-a'),
    (text) => text.includes('OBJECT_CONTESTED') && text.includes('both-b'),
  );
  const first = await rig.get(ref);
  await rig.commit(held('both-b', '3'));
  await eventually(
    async () => JSON.stringify((await rig.get(refOf(kustomization('both-b', {}))))?.status ?? {}),
    (text) => text.includes('OBJECT_CLAIMED'),
  );
  expect((await rig.get(ref))?.metadata.resourceVersion).toBe(first?.metadata.resourceVersion);
  // Where the first lets go, the second has it at once, as it is.
  await rig.commit({ 'both-a/x.yaml': configMapText('other', '1', 'apps') });
  const moved = await liveAs(ref, (object) => textOf(object, 'data', 'value') === '3');
  expect(moved?.metadata.uid).toBe(first?.metadata.uid);
  expect(managersOf(moved)).toEqual(['Apply kustomize-controller']);
  await eventually(
    () => problemsOf('both-a'),
    (text) => !text.includes('OBJECT_CONTESTED'),
  );
});

it('moves an object between an Application and a Kustomization in one commit, either way', async () => {
  await rig.commit({
    ...held('move-a', '1'),
    'move-a/stay.yaml': configMapText('stay-a', '1', 'apps'),
    'move-b/stay.yaml': configMapText('stay-b', '1', 'apps'),
  });
  await rig.declare(argo('move-a'), kustomization('move-b', { path: './move-b' }));
  const ref = configMapRef('apps/move');
  await liveAs(ref, (object) => managersOf(object).join() === 'Apply argocd-controller');
  await liveAs(configMapRef('apps/stay-b'), (object) => object !== undefined);
  const uid = await uidOf(ref);
  const marker = await rig.cluster.markAudit();
  await rig.commit({ 'move-a/x.yaml': null, ...held('move-b', '1') });
  const there = await liveAs(
    ref,
    (object) =>
      managersOf(object).join() === 'Apply kustomize-controller' &&
      object?.metadata.annotations?.['argocd.argoproj.io/tracking-id'] === undefined,
  );
  await rig.commit({ ...held('move-a', '1'), 'move-b/x.yaml': null });
  const back = await liveAs(
    ref,
    (object) =>
      managersOf(object).join() === 'Apply argocd-controller' &&
      object?.metadata.labels?.['kustomize.toolkit.fluxcd.io/name'] === undefined,
  );
  expect([there?.metadata.uid, back?.metadata.uid]).toEqual([uid, uid]);
  expect((await rig.writesSince(marker)).filter((write) => write.startsWith('delete'))).toEqual([]);
  // Nobody wants it any more: it goes.
  await rig.commit({ 'move-a/x.yaml': null });
  await liveAs(ref, (object) => object === undefined);
});

it('leaves the objects of a delivery that goes without them, and another one adopts them as they are', async () => {
  await rig.commit(held('left-a', '1'));
  const { finalizers: _none, ...metadata } = argo('left-a').metadata;
  await rig.declare({ ...argo('left-a'), metadata });
  const ref = configMapRef('apps/left');
  await liveAs(ref, (object) => object !== undefined);
  const uid = await uidOf(ref);
  await rig.writer.remove(refOf(argo('left-a')), { propagation: 'Background' });
  await rig.declare(kustomization('left-b', { path: './left-a' }));
  const adopted = await liveAs(ref, (object) => managersOf(object).join() === 'Apply kustomize-controller');
  expect(adopted?.metadata.uid).toBe(uid);
});

async function shadowOf(delivery: string): Promise<Record<string, unknown>> {
  const kind = { group: 'weir.dev', version: 'v1alpha1', plural: 'inventories' };
  const specs = (await rig.client.list(kind)).map(({ spec }) => (isRecord(spec) ? spec : {}));
  const found = specs.find((spec) => spec.delivery === delivery)?.shadow;
  return isRecord(found) ? found : {};
}

it('leaves no trace of a delivery in shadow mode but what it would do, until that ends', async () => {
  await rig.commit({
    'dim/a.yaml': configMapText('dim-a', '1', 'apps'),
    'dim/b.yaml': configMapText('dim-b', '1', 'apps'),
  });
  const marker = await rig.cluster.markAudit();
  const dim = kustomization('dim', { path: './dim' });
  const argoDim = argo('argo-dim', 'dim');
  const inShadow = (object: KubeObject, is: string): KubeObject => ({
    ...object,
    metadata: { ...object.metadata, annotations: { 'weir.dev/shadow': is } },
  });
  await rig.declare(inShadow(dim, 'true'), inShadow(argoDim, 'true'));
  for (const id of ['flux:Kustomization:flux-system/dim', 'argocd:Application:argocd/argo-dim'])
    await eventually(
      () => shadowOf(id),
      (shadow) => shadow.create === 2,
    );
  expect((await shadowOf('flux:Kustomization:flux-system/dim')).lines).toEqual([
    'create ConfigMap/apps/dim-a',
    'create ConfigMap/apps/dim-b',
  ]);
  for (const each of [dim, argoDim]) {
    const object = await rig.get(refOf(each));
    // The server itself writes the default of Flux's definition.
    expect([undefined, { observedGeneration: -1 }]).toContainEqual(object?.status);
    expect(object?.metadata.finalizers ?? []).not.toContain('finalizers.fluxcd.io');
  }
  expect(await rig.writesSince(marker)).toEqual([]);
  await rig.writer.remove({ ...refOf(argoDim) }, { propagation: 'Background' });
  await rig.writer.mergePatch(refOf(argoDim), { metadata: { finalizers: null } }).catch(() => undefined);
  await rig.declare(inShadow(dim, 'false'));
  await liveAs(configMapRef('apps/dim-a'), (object) => object !== undefined);
  await eventually(
    () => shadowOf('flux:Kustomization:flux-system/dim'),
    (shadow) => shadow.create === undefined,
  );
});

it('says of a deletion that hangs what it waits for, and goes on with the rest', async () => {
  await rig.commit({
    'stuck/a.json': JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'stuck', namespace: 'apps' },
    }),
    'stuck/b.yaml': configMapText('stuck-b', '1', 'apps'),
  });
  await rig.declare(argo('stuck'));
  const ref = configMapRef('apps/stuck');
  await liveAs(ref, (object) => object !== undefined);
  await rig.writer.mergePatch(
    ref,
    { metadata: { finalizers: ['example.test/hold'] } },
    { fieldManager: 'holder' },
  );
  await rig.commit({ 'stuck/a.json': null, 'stuck/b.yaml': configMapText('stuck-b', '2', 'apps') });
  await liveAs(configMapRef('apps/stuck-b'), (object) => textOf(object, 'data', 'value') === '2');
  await eventually(
    () => problemsOf('stuck'),
    (text) => text.includes('DELETION_STUCK') && text.includes('example.test/hold (put there by holder)'),
    90_000,
  );
  await rig.writer.mergePatch(ref, { metadata: { finalizers: null } });
  await liveAs(ref, (object) => object === undefined);
}, 120_000);
