// What changes on a cluster, and not in Git: edits are healed, deletions restored, foreign things left alone; and what
// left Git is pruned. The same for both dialects.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest, Ref } from './rig/cluster.ts';
import { openFleet } from './rig/fleet.ts';
import type { Repo } from './rig/repo.ts';
import {
  application,
  applicationRef,
  configMapRef,
  configMapYaml,
  deploymentYaml,
  gitRepository,
  kustomization,
  kustomizationRef,
  namespaceYaml,
} from './rig/resources.ts';
import { managedWrites } from './rig/writes.ts';

const fleet = openFleet();
afterAll(() => fleet.close());

interface Subject {
  readonly dialect: string;
  readonly namespace: string;
  readonly ref: Ref;
  readonly declare: (repo: Repo) => Manifest[];
  readonly suspension: (suspended: boolean) => Readonly<Record<string, unknown>>;
}

const subjects: readonly Subject[] = [
  {
    dialect: 'argocd',
    namespace: 'e2e-drift-argocd',
    ref: applicationRef('e2e-drift'),
    declare: (repo) => [
      application({
        name: 'e2e-drift',
        repo: repo.url,
        path: 'app',
        namespace: 'e2e-drift-argocd',
        cluster: 'west',
      }),
    ],
    suspension: (suspended) => ({
      metadata: { annotations: { 'argocd.argoproj.io/skip-reconcile': suspended ? 'true' : null } },
    }),
  },
  {
    dialect: 'flux',
    namespace: 'e2e-drift-flux',
    ref: kustomizationRef('e2e-drift'),
    declare: (repo) => [
      gitRepository({ name: 'e2e-drift', url: repo.url }),
      kustomization({ name: 'e2e-drift', source: 'e2e-drift', path: './app', cluster: 'west' }),
    ],
    suspension: (suspended) => ({ spec: { suspend: suspended } }),
  },
];

describe.each(subjects)('$dialect', ({ dialect, namespace, ref, declare, suspension }) => {
  const { west } = fleet.clusters;
  const deployment: Ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: 'web' };
  let repo: Repo;

  beforeAll(async () => {
    repo = await fleet.repo(`drift-${dialect}`, {
      'app/namespace.yaml': namespaceYaml(namespace),
      'app/web.yaml': deploymentYaml('web', namespace),
      'app/one.yaml': configMapYaml('one', '1', namespace),
      'app/two.yaml': configMapYaml('two', '2', namespace),
    });
    await fleet.declare(...declare(repo));
    await fleet.untilReady(ref, await repo.copy.head());
  });

  test('an edited field goes back, and what others added stays', async () => {
    await west.patch(deployment, {
      metadata: { labels: { tier: 'edited', foreign: 'yes' } },
      spec: { replicas: 5 },
    });
    await fleet.until('the edit is healed', async () => {
      const { metadata, spec } = await west.need(deployment);
      expect(metadata.labels).toMatchObject({ tier: 'front', foreign: 'yes' });
      expect(spec).toMatchObject({ replicas: 2 });
    });
    await fleet.untilReady(ref);
  });

  test('a foreign field alone is no drift', async () => {
    const marker = await west.markAudit();
    await west.patch(configMapRef(namespace, 'one'), {
      metadata: { annotations: { 'example.invalid/note': 'mine' } },
      data: { other: 'mine' },
    });
    // An edit that is drift, made later and healed, shows that the earlier one was seen.
    await west.patch(configMapRef(namespace, 'two'), { data: { value: 'edited' } });
    await fleet.until('the drift is healed', async () => {
      expect((await west.need(configMapRef(namespace, 'two'))).data).toEqual({ value: '2' });
    });
    const { data, metadata } = await west.need(configMapRef(namespace, 'one'));
    expect(data).toEqual({ value: '1', other: 'mine' });
    expect(metadata.annotations).toMatchObject({ 'example.invalid/note': 'mine' });
    expect(managedWrites(await west.requestsSince(marker))).toEqual([`patch configmaps ${namespace}/two`]);
  });

  test('a deleted object comes back', async () => {
    const before = await west.need(configMapRef(namespace, 'one'));
    await west.remove(configMapRef(namespace, 'one'));
    await fleet.until('it is back', async () => {
      const { data, metadata } = await west.need(configMapRef(namespace, 'one'));
      expect(data).toEqual({ value: '1' });
      expect(metadata.uid).not.toBe(before.metadata.uid);
    });
    await fleet.untilReady(ref);
  });

  test('what left Git is pruned, and the foreign object beside it is not touched', async () => {
    const foreign = await west.ensure({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'foreign', namespace },
      data: { value: 'mine' },
    });
    const commit = await repo.push({ 'app/two.yaml': null });
    await fleet.untilReady(ref, commit);
    expect(await west.get(configMapRef(namespace, 'two'))).toBeUndefined();
    await west.need(configMapRef(namespace, 'one'));
    const { metadata } = await west.need(configMapRef(namespace, 'foreign'));
    expect(metadata.resourceVersion).toBe(foreign.metadata.resourceVersion);
  });

  test('what somebody else made under the same name is not pruned', async () => {
    const kept = configMapRef(namespace, 'kept');
    await fleet.untilReady(ref, await repo.push({ 'app/kept.yaml': configMapYaml('kept', 'k', namespace) }));
    await fleet.hub.patch(ref, suspension(true));
    await fleet.until('it is suspended', async () => {
      const rows = await fleet.rows();
      return rows.some(({ name, kind, suspended }) => name === ref.name && kind === ref.kind && suspended);
    });
    await west.remove(kept);
    const foreign = await west.create({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: kept.name, namespace },
      data: { value: 'foreign' },
    });
    const commit = await repo.push({ 'app/kept.yaml': null });
    await fleet.hub.patch(ref, suspension(false));
    await fleet.untilReady(ref, commit);
    const { metadata } = await west.need(kept);
    expect(metadata.resourceVersion).toBe(foreign.metadata.resourceVersion);
  });
});
