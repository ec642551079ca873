import { isRecord, refOf } from '@weir/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  application,
  ControllerRig,
  configMapRef,
  configMapText,
  eventually,
  gitRepository,
  kustomization,
  namespaceObject,
  valueAt,
} from './controller-rig.ts';

let rig: ControllerRig;

/** Each test has a folder of its own in the one repository. */
const files = {
  'flux/a.yaml': configMapText('a', '1', 'apps'),
  'flux/b.yaml': configMapText('b', '1', 'apps'),
  'argo/c.yaml': configMapText('c', '1'),
  'argo/d.yaml': configMapText('d', '1'),
  'second/a.yaml': configMapText('a', 'stolen', 'apps'),
  'second/own.yaml': configMapText('own', '1', 'apps'),
  'broken/good.yaml': configMapText('good', '1', 'apps'),
  'paused/p.yaml': configMapText('p', '1', 'apps'),
  'leaving/l.yaml': configMapText('l', '1', 'apps'),
};

beforeAll(async () => {
  rig = await ControllerRig.start(files);
  await rig.declare(
    namespaceObject('apps'),
    namespaceObject('flux-system'),
    namespaceObject('argocd'),
    gitRepository(rig.url),
    kustomization('flux', { path: './flux' }),
    application('argo', { url: rig.url, path: 'argo', namespace: 'shop' }),
  );
  await rig.startController();
});

afterAll(async () => {
  await rig?.stop();
});

async function dataOf(place: string): Promise<string> {
  const found = await rig.get(configMapRef(place));
  return found === undefined ? 'absent' : String(valueAt(found, 'data', 'value'));
}

const fluxRef = (name: string) => refOf(kustomization(name, {}));
const argoRef = (name: string) => refOf(application(name, { url: '', path: '', namespace: '' }));

/** `True main@sha1:…`: the Ready condition, its message, and the revision that was applied last. */
async function fluxStatus(name: string): Promise<{ ready: string; message: string; applied: string }> {
  const object = await rig.get(fluxRef(name));
  const conditions = valueAt(object, 'status', 'conditions');
  const ready = (Array.isArray(conditions) ? conditions : []).find(
    (each) => isRecord(each) && each.type === 'Ready',
  );
  return {
    ready: isRecord(ready) ? String(ready.status) : 'none',
    message: isRecord(ready) ? String(ready.message) : '',
    applied: String(valueAt(object, 'status', 'lastAppliedRevision') ?? ''),
  };
}

async function argoStatus(name: string): Promise<{ sync: string; health: string; revision: string }> {
  const object = await rig.get(argoRef(name));
  return {
    sync: String(valueAt(object, 'status', 'sync', 'status') ?? ''),
    health: String(valueAt(object, 'status', 'health', 'status') ?? ''),
    revision: String(valueAt(object, 'status', 'sync', 'revision') ?? ''),
  };
}

const isReadyAt = (commit: string) => (status: { ready: string; applied: string }) =>
  status.ready === 'True' && status.applied.includes(commit);

const fluxReadyAt = (name: string, commit: string): Promise<unknown> =>
  eventually(() => fluxStatus(name), isReadyAt(commit));

const argoReadyAt = (name: string, commit: string): Promise<unknown> =>
  eventually(
    () => argoStatus(name),
    ({ sync, health, revision }) => sync === 'Synced' && health === 'Healthy' && revision === commit,
  );

describe('the controller', () => {
  it('applies what is declared in both dialects, each with its own mark and manager', async () => {
    const head = await rig.copy.head();
    await fluxReadyAt('flux', head);
    await argoReadyAt('argo', head);
    const [flux, argo] = await Promise.all([
      rig.get(configMapRef('apps/a')),
      rig.get(configMapRef('shop/c')),
    ]);
    expect(flux?.metadata.labels).toEqual({
      'kustomize.toolkit.fluxcd.io/name': 'flux',
      'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
    });
    const { 'kubectl.kubernetes.io/last-applied-configuration': lastApplied, ...annotations } =
      argo?.metadata.annotations ?? {};
    expect(annotations).toEqual({ 'argocd.argoproj.io/tracking-id': 'argo:/ConfigMap:shop/c' });
    // Argo CD's users have it on every object that is not applied on the server side.
    expect(JSON.parse(lastApplied ?? '{}')).toMatchObject({ kind: 'ConfigMap', data: { value: '1' } });
    const managers = [flux, argo].map((object) =>
      object?.metadata.managedFields?.map(({ manager }) => manager),
    );
    expect(managers).toEqual([['kustomize-controller'], ['argocd-controller']]);
  });

  it('writes the one object that a commit changed, and carries the rest over', async () => {
    const marker = await rig.cluster.markAudit();
    const commit = await rig.commit({ 'flux/a.yaml': configMapText('a', '2', 'apps') });
    await fluxReadyAt('flux', commit);
    await argoReadyAt('argo', commit);
    expect(await dataOf('apps/a')).toBe('2');
    expect(await rig.writesSince(marker)).toEqual(['patch configmaps apps/a']);
  });

  it('prunes what left Git, and nothing else', async () => {
    const marker = await rig.cluster.markAudit();
    const commit = await rig.commit({ 'flux/b.yaml': null, 'argo/d.yaml': null });
    await fluxReadyAt('flux', commit);
    await argoReadyAt('argo', commit);
    expect([await dataOf('apps/b'), await dataOf('shop/d'), await dataOf('shop/c')]).toEqual([
      'absent',
      'absent',
      '1',
    ]);
    expect((await rig.writesSince(marker)).toSorted()).toEqual([
      'delete configmaps apps/b',
      'delete configmaps shop/d',
    ]);
  });

  it('heals an edit and a deletion, and leaves foreign fields', async () => {
    const marker = await rig.cluster.markAudit();
    await rig.writer.mergePatch(configMapRef('shop/c'), { data: { value: 'edited', foreign: 'kept' } });
    await eventually(
      () => dataOf('shop/c'),
      (value) => value === '1',
    );
    expect(valueAt(await rig.get(configMapRef('shop/c')), 'data', 'foreign')).toBe('kept');
    await rig.writer.remove(configMapRef('apps/a'), { propagation: 'Background' });
    await eventually(
      () => dataOf('apps/a'),
      (value) => value === '2',
    );
    expect(await rig.writesSince(marker)).toEqual(['patch configmaps shop/c', 'patch configmaps apps/a']);
  });

  it('leaves an object to the delivery that has it, until that one lets go', async () => {
    await rig.declare(kustomization('second', { path: './second' }));
    const status = await eventually(
      () => fluxStatus('second'),
      ({ ready }) => ready === 'False',
    );
    expect(status.message).toContain('ConfigMap/apps/a');
    expect(status.message).toContain('flux-system/flux');
    expect([await dataOf('apps/a'), await dataOf('apps/own')]).toEqual(['2', '1']);
    const commit = await rig.commit({ 'flux/a.yaml': null, 'flux/e.yaml': configMapText('e', '1', 'apps') });
    await fluxReadyAt('second', commit);
    await fluxReadyAt('flux', commit);
    expect(await dataOf('apps/a')).toBe('stolen');
  });

  it('says where YAML is broken, keeps what was applied, and recovers', async () => {
    await rig.declare(kustomization('broken', { path: './broken' }));
    await fluxReadyAt('broken', await rig.copy.head());
    const marker = await rig.cluster.markAudit();
    await rig.commit({ 'broken/good.yaml': `${configMapText('good', '2', 'apps')}  bad: [unclosed\n` });
    const status = await eventually(
      () => fluxStatus('broken'),
      ({ ready }) => ready === 'False',
    );
    expect(status.message).toMatch(/broken\/good\.yaml.* line \d+/);
    expect(await dataOf('apps/good')).toBe('1');
    expect(await rig.writesSince(marker)).toEqual([]);
    const commit = await rig.commit({ 'broken/good.yaml': configMapText('good', '3', 'apps') });
    await fluxReadyAt('broken', commit);
    expect(await dataOf('apps/good')).toBe('3');
  });

  it('says that a path is missing, deletes nothing, and recovers', async () => {
    await rig.declare(kustomization('missing', { path: './missing' }));
    const status = await eventually(
      () => fluxStatus('missing'),
      ({ ready }) => ready === 'False',
    );
    expect(status.message).toContain('missing');
    const commit = await rig.commit({ 'missing/m.yaml': configMapText('m', '1', 'apps') });
    await fluxReadyAt('missing', commit);
    await rig.commit({ 'missing/m.yaml': null });
    await eventually(
      () => fluxStatus('missing'),
      ({ ready }) => ready === 'False',
    );
    expect(await dataOf('apps/m')).toBe('1');
  });

  it('leaves a suspended delivery alone, and goes on when it is resumed', async () => {
    await rig.declare(kustomization('paused', { path: './paused' }));
    await fluxReadyAt('paused', await rig.copy.head());
    await rig.declare(kustomization('paused', { path: './paused', suspend: true }));
    const commit = await rig.commit({
      'paused/p.yaml': configMapText('p', '2', 'apps'),
      'flux/e.yaml': configMapText('e', '2', 'apps'),
    });
    // The other delivery shows that the commit has been worked on.
    await fluxReadyAt('flux', commit);
    expect(await dataOf('apps/p')).toBe('1');
    await rig.declare(kustomization('paused', { path: './paused', suspend: false }));
    await fluxReadyAt('paused', commit);
    expect(await dataOf('apps/p')).toBe('2');
  });

  it('deletes the objects of a deleted delivery before the delivery goes, and only its own', async () => {
    await rig.declare(kustomization('leaving', { path: './leaving' }));
    await fluxReadyAt('leaving', await rig.copy.head());
    expect((await rig.get(fluxRef('leaving')))?.metadata.finalizers).toEqual(['finalizers.fluxcd.io']);
    const foreign = { ...configMapRef('apps/foreign'), name: 'foreign' };
    await rig.declare({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'foreign', namespace: 'apps' },
    });
    for (const ref of [fluxRef('leaving'), argoRef('argo')]) {
      await rig.writer.remove(ref, { propagation: 'Background' });
      await eventually(
        () => rig.get(ref),
        (found) => found === undefined,
      );
    }
    expect([await dataOf('apps/l'), await dataOf('shop/c')]).toEqual(['absent', 'absent']);
    expect(await rig.get(foreign)).toBeDefined();
    const inventories = { group: 'weir.dev', version: 'v1alpha1', plural: 'inventories' };
    await eventually(
      async () =>
        (await rig.client.list(inventories)).map((each) => String(valueAt(each, 'spec', 'delivery'))).sort(),
      (deliveries) => !deliveries.some((id) => id.endsWith('/leaving') || id.endsWith('/argo')),
    );
  });

  it('writes no object after a restart, and knows what it owns', async () => {
    await rig.stopController();
    const marker = await rig.cluster.markAudit();
    await rig.startController();
    const commit = await rig.commit({ 'flux/f.yaml': configMapText('f', '1', 'apps') });
    await fluxReadyAt('flux', commit);
    await fluxReadyAt('paused', commit);
    expect(await rig.writesSince(marker)).toEqual(['patch configmaps apps/f']);
    const pruned = await rig.commit({ 'flux/e.yaml': null });
    await fluxReadyAt('flux', pruned);
    expect(await dataOf('apps/e')).toBe('absent');
  });

  it('complains of nothing that it should have foreseen', () => {
    expect(rig.complaints.filter((line) => line.includes('INTERNAL') || line.startsWith('error'))).toEqual(
      [],
    );
  });
});
