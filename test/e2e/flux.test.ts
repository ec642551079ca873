// What the users of Flux do by hand: dependencies, suspend and resume, reconcile requests, deletion with and without prune.

import { afterAll, expect, test } from 'vitest';
import { conditionOf, openFleet, statusOf } from './rig/fleet.ts';
import {
  configMapRef,
  configMapYaml,
  gitRepository,
  gitRepositoryRef,
  kustomization,
  kustomizationRef,
  namespaceYaml,
} from './rig/resources.ts';
import { managedWrites } from './rig/writes.ts';

const fleet = openFleet();
afterAll(() => fleet.close());
const { west } = fleet.clusters;
const requestedAt = 'reconcile.fluxcd.io/requestedAt';

test('a Kustomization waits for what it depends on', async () => {
  const namespace = 'e2e-depends';
  const repo = await fleet.repo('depends', {
    'first/broken.yaml': 'kind: [\n',
    'second/two.yaml': configMapYaml('two', '2', namespace),
  });
  await fleet.declare(
    gitRepository({ name: 'e2e-depends', url: repo.url }),
    kustomization({
      name: 'e2e-first',
      source: 'e2e-depends',
      path: './first',
      cluster: 'west',
      spec: { wait: true },
    }),
    kustomization({
      name: 'e2e-second',
      source: 'e2e-depends',
      path: './second',
      cluster: 'west',
      spec: { dependsOn: [{ name: 'e2e-first' }] },
    }),
  );
  await fleet.until('the second waits', async () => {
    const ready = conditionOf(await fleet.hub.need(kustomizationRef('e2e-second')), 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'DependencyNotReady' });
    expect(ready?.message).toContain('e2e-first');
  });
  const [row] = await fleet.rows('ks/e2e-second');
  expect(row?.message).toMatch(/^DEPENDENCY_NOT_READY: /);
  expect(await west.get(configMapRef(namespace, 'two'))).toBeUndefined();

  const commit = await repo.push({
    'first/broken.yaml': null,
    'first/namespace.yaml': namespaceYaml(namespace),
  });
  await fleet.untilReady(kustomizationRef('e2e-first'), commit);
  await fleet.untilReady(kustomizationRef('e2e-second'), commit);
  await west.need(configMapRef(namespace, 'two'));
});

test('a suspended Kustomization does nothing until it is resumed', async () => {
  const namespace = 'e2e-suspend';
  const repo = await fleet.repo('suspend', {
    'app/namespace.yaml': namespaceYaml(namespace),
    'app/one.yaml': configMapYaml('one', '1', namespace),
  });
  const ref = kustomizationRef('e2e-suspend');
  await fleet.declare(
    gitRepository({ name: 'e2e-suspend', url: repo.url }),
    kustomization({ name: 'e2e-suspend', source: 'e2e-suspend', path: './app', cluster: 'west' }),
  );
  await fleet.untilReady(ref, await repo.copy.head());
  await fleet.hub.patch(ref, { spec: { suspend: true } });
  await fleet.until('weir get shows it', async () => {
    const [row] = await fleet.rows('ks/e2e-suspend');
    expect(row).toMatchObject({ suspended: true, sync: 'Synced', health: 'Healthy' });
  });
  const marker = await west.markAudit();
  const commit = await repo.push({ 'app/one.yaml': configMapYaml('one', '2', namespace) });
  await fleet.until('the source has the commit', async () => {
    const { artifact } = statusOf(await fleet.hub.need(gitRepositoryRef('e2e-suspend')));
    expect(artifact?.revision).toBe(`main@sha1:${commit}`);
  });
  await west.patch(configMapRef(namespace, 'one'), { data: { value: 'edited' } });
  // Another delivery on the same cluster that heals meanwhile shows that time has passed for this one too.
  const orders = configMapRef('shop-backend', 'orders');
  const { data } = await west.need(orders);
  await west.patch(orders, { data: { MAX_ITEMS: '1' } });
  await fleet.until('the other one is healed', async () => {
    expect((await west.need(orders)).data).toEqual(data);
  });
  expect((await west.need(configMapRef(namespace, 'one'))).data).toEqual({ value: 'edited' });
  expect(managedWrites(await west.requestsSince(marker))).toEqual(['patch configmaps shop-backend/orders']);

  await fleet.hub.patch(ref, { spec: { suspend: false } });
  await fleet.untilReady(ref, commit);
  expect((await west.need(configMapRef(namespace, 'one'))).data).toEqual({ value: '2' });
});

test('a reconcile request is carried out and answered in the status', async () => {
  const namespace = 'e2e-request';
  const repo = await fleet.repo('request', {
    'app/namespace.yaml': namespaceYaml(namespace),
    'app/one.yaml': configMapYaml('one', '1', namespace),
  });
  const source = gitRepositoryRef('e2e-request');
  const ref = kustomizationRef('e2e-request');
  await fleet.declare(
    gitRepository({ name: 'e2e-request', url: repo.url }),
    kustomization({ name: 'e2e-request', source: 'e2e-request', path: './app', cluster: 'west' }),
  );
  await fleet.untilReady(ref, await repo.copy.head());
  const commit = await repo.push({ 'app/one.yaml': configMapYaml('one', '2', namespace) }, { notify: false });
  await fleet.hub.patch(source, { metadata: { annotations: { [requestedAt]: 'first' } } });
  await fleet.until('the source answered', async () => {
    expect((await fleet.hub.need(source)).status).toMatchObject({
      lastHandledReconcileAt: 'first',
      artifact: { revision: `main@sha1:${commit}` },
    });
  });
  await fleet.untilReady(ref, commit);
  expect((await west.need(configMapRef(namespace, 'one'))).data).toEqual({ value: '2' });
  await fleet.hub.patch(ref, { metadata: { annotations: { [requestedAt]: 'second' } } });
  await fleet.until('the Kustomization answered', async () => {
    expect((await fleet.hub.need(ref)).status).toMatchObject({ lastHandledReconcileAt: 'second' });
  });
});

test.each([
  { prune: true, name: 'e2e-pruned', kept: false },
  { prune: false, name: 'e2e-unpruned', kept: true },
])('deletion with prune: $prune', async ({ prune, name, kept }) => {
  const repo = await fleet.repo(name, {
    'app/namespace.yaml': namespaceYaml(name),
    'app/one.yaml': configMapYaml('one', '1', name),
  });
  const ref = kustomizationRef(name);
  await fleet.declare(
    gitRepository({ name, url: repo.url }),
    kustomization({ name, source: name, path: './app', cluster: 'west', spec: { prune } }),
  );
  const live = await fleet.untilReady(ref, await repo.copy.head());
  expect(live.metadata.finalizers).toEqual(['finalizers.fluxcd.io']);
  const marker = await west.markAudit();
  await fleet.withdraw(ref);
  const deleted = managedWrites(await west.requestsSince(marker)).map((line) => line.replace(/^delete /, ''));
  expect(deleted).toEqual(kept ? [] : [`configmaps ${name}/one`, `namespaces ${name}/${name}`]);
  if (kept) await west.need(configMapRef(name, 'one'));
  else
    await fleet.until('the object is gone', async () => {
      expect(await west.get(configMapRef(name, 'one'))).toBeUndefined();
    });
});
