// What the users of Argo CD do by hand: manual sync, refresh, deletion with and without the finalizer.

import { afterAll, expect, test } from 'vitest';
import { openFleet, statusOf } from './rig/fleet.ts';
import { application, applicationRef, configMapRef, configMapYaml } from './rig/resources.ts';
import { managedWrites } from './rig/writes.ts';

const fleet = openFleet();
afterAll(() => fleet.close());
const { east } = fleet.clusters;

interface OperationState {
  readonly phase?: string;
  readonly syncResult?: { readonly revision?: string };
}

test('a manual Application shows OutOfSync, syncs by an operation, and does not heal', async () => {
  const namespace = 'e2e-manual';
  const repo = await fleet.repo('manual', { 'app/one.yaml': configMapYaml('one', '1') });
  const ref = applicationRef('e2e-manual');
  await fleet.declare(
    application({ name: ref.name, repo: repo.url, path: 'app', namespace, automated: false }),
  );
  const first = await repo.copy.head();
  await fleet.until('it is OutOfSync', async () => {
    const { sync, health } = statusOf(await fleet.hub.need(ref));
    expect({ sync: sync?.status, revision: sync?.revision, health: health?.status }).toEqual({
      sync: 'OutOfSync',
      revision: first,
      health: 'Missing',
    });
  });
  expect(await east.get(configMapRef(namespace, 'one'))).toBeUndefined();
  const [row] = await fleet.rows('app/e2e-manual');
  expect(row).toMatchObject({ sync: 'OutOfSync', health: 'Missing' });

  await order(ref, first);
  await fleet.untilReady(ref, first);
  expect((await east.need(configMapRef(namespace, 'one'))).data).toEqual({ value: '1' });

  const second = await repo.push({
    'app/one.yaml': configMapYaml('one', '2'),
    'app/two.yaml': configMapYaml('two', '2'),
  });
  await fleet.until('the new commit shows as OutOfSync', async () => {
    const { sync } = statusOf(await fleet.hub.need(ref));
    expect(sync).toMatchObject({ status: 'OutOfSync', revision: second });
  });
  expect((await east.need(configMapRef(namespace, 'one'))).data).toEqual({ value: '1' });
  expect(await east.get(configMapRef(namespace, 'two'))).toBeUndefined();

  await order(ref, second);
  await fleet.untilReady(ref, second);
  expect((await east.need(configMapRef(namespace, 'two'))).data).toEqual({ value: '2' });

  await east.patch(configMapRef(namespace, 'one'), { data: { value: 'edited' } });
  await fleet.until('the edit shows as OutOfSync', async () => {
    expect(statusOf(await fleet.hub.need(ref)).sync?.status).toBe('OutOfSync');
  });
  expect((await east.need(configMapRef(namespace, 'one'))).data).toEqual({ value: 'edited' });
});

/** As `argocd app sync` writes it. */
async function order(ref: ReturnType<typeof applicationRef>, revision: string): Promise<void> {
  await fleet.hub.patch(ref, {
    operation: { initiatedBy: { username: 'e2e' }, sync: { revision, prune: true } },
  });
  await fleet.until('the operation is carried out', async () => {
    const live = await fleet.hub.need(ref);
    const { operationState } = live.status as { operationState?: OperationState };
    expect(operationState).toMatchObject({ phase: 'Succeeded', syncResult: { revision } });
    expect(live.operation).toBeUndefined();
  });
}

test('the refresh annotation fetches now and is taken off', async () => {
  const namespace = 'e2e-refresh';
  const repo = await fleet.repo('refresh', { 'app/one.yaml': configMapYaml('one', '1') });
  const ref = applicationRef('e2e-refresh');
  await fleet.declare(application({ name: ref.name, repo: repo.url, path: 'app', namespace }));
  await fleet.untilReady(ref, await repo.copy.head());
  const commit = await repo.push({ 'app/one.yaml': configMapYaml('one', '2') }, { notify: false });
  await fleet.hub.patch(ref, { metadata: { annotations: { 'argocd.argoproj.io/refresh': 'normal' } } });
  const live = await fleet.untilReady(ref, commit);
  expect((await east.need(configMapRef(namespace, 'one'))).data).toEqual({ value: '2' });
  await fleet.until('the annotation is off', async () => {
    const { metadata } = await fleet.hub.need(ref);
    expect(metadata.annotations?.['argocd.argoproj.io/refresh']).toBeUndefined();
    expect(metadata.uid).toBe(live.metadata.uid);
  });
});

test('deletion with the finalizer removes the objects and nothing else', async () => {
  const namespace = 'e2e-removed';
  const repo = await fleet.repo('removed', {
    'app/one.yaml': configMapYaml('one', '1'),
    'app/two.yaml': configMapYaml('two', '2'),
  });
  const ref = applicationRef('e2e-removed');
  await fleet.declare(application({ name: ref.name, repo: repo.url, path: 'app', namespace }));
  await fleet.untilReady(ref, await repo.copy.head());
  await east.ensure({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'foreign', namespace } });
  const marker = await east.markAudit();
  await fleet.withdraw(ref);
  expect(await east.get(configMapRef(namespace, 'one'))).toBeUndefined();
  expect(await east.get(configMapRef(namespace, 'two'))).toBeUndefined();
  await east.need(configMapRef(namespace, 'foreign'));
  expect(managedWrites(await east.requestsSince(marker))).toEqual([
    `delete configmaps ${namespace}/one`,
    `delete configmaps ${namespace}/two`,
  ]);
  await fleet.until('its inventory is gone', () => hasNoInventory('argocd:Application:argocd/e2e-removed'));
});

test('deletion without the finalizer leaves the objects', async () => {
  const namespace = 'e2e-orphaned';
  const repo = await fleet.repo('orphaned', { 'app/one.yaml': configMapYaml('one', '1') });
  const ref = applicationRef('e2e-orphaned');
  await fleet.declare(
    application({ name: ref.name, repo: repo.url, path: 'app', namespace, finalizer: false }),
  );
  await fleet.untilReady(ref, await repo.copy.head());
  const marker = await east.markAudit();
  await fleet.withdraw(ref);
  await fleet.until('its inventory is gone', () => hasNoInventory('argocd:Application:argocd/e2e-orphaned'));
  await east.need(configMapRef(namespace, 'one'));
  expect(managedWrites(await east.requestsSince(marker))).toEqual([]);
});

async function hasNoInventory(delivery: string): Promise<boolean> {
  const found = await fleet.hub.list({ apiVersion: 'weir.dev/v1alpha1', kind: 'Inventory' });
  return !found.some(({ spec }) => (spec as { delivery?: string }).delivery === delivery);
}
