// `weir up`: three clusters, two dialects, everything delivered; and a second `up` that finds nothing to do.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { openFleet } from './rig/fleet.ts';
import { postPush } from './rig/repo.ts';
import { managedWrites, ownWrites } from './rig/writes.ts';

const fleet = openFleet();
const run = promisify(execFile);
const clusters = ['east', 'hub', 'west'] as const;

const deliveries = [
  ...['catalog', 'fleet', 'operations', 'storefront'].flatMap((app) =>
    clusters.map((cluster) => `Application argocd/${app}-${cluster}`),
  ),
  ...clusters.map((cluster) => `Kustomization flux-system/cluster-${cluster}`),
  ...clusters.flatMap((cluster) =>
    ['apps', 'infrastructure'].map((part) => `Kustomization flux-system/${cluster}-${part}`),
  ),
].sort();

test('every delivery is in sync and healthy, and `weir get -o json` says so in its exact shape', async () => {
  const { stdout, code } = await fleet.weir('get', '-o', 'json');
  expect(code).toBe(0);
  const data = JSON.parse(stdout) as { items: Record<string, unknown>[] };
  expect(Object.keys(data)).toEqual(['items']);
  const fields = ['kind', 'namespace', 'name', 'dialect', 'cluster', 'revision', 'sync', 'health'];
  for (const item of data.items) expect(Object.keys(item)).toEqual(fields);
  const shown = data.items.map(({ kind, namespace, name }) => `${kind} ${namespace}/${name}`).sort();
  expect(shown).toEqual(deliveries);
  expect(data.items.filter(({ sync, health }) => sync !== 'Synced' || health !== 'Healthy')).toEqual([]);
  const heads = { argocd: await headOf('argocd-fleet'), flux: await headOf('flux-fleet') };
  for (const { dialect, kind, revision } of data.items) {
    expect(dialect).toBe(kind === 'Application' ? 'argocd' : 'flux');
    expect(revision).toBe(kind === 'Application' ? heads.argocd : `main@sha1:${heads.flux}`);
  }
});

test('each delivery names its own cluster', async () => {
  for (const { name, kind, cluster } of await fleet.rows()) {
    const wanted = clusters.find((each) => name.includes(each)) ?? '';
    // The entries write the custom resources of every cluster on the hub.
    const isOnHub = wanted === 'hub' || /^(fleet|cluster)-/.test(name);
    const remote = kind === 'Application' ? wanted : `${wanted}-kubeconfig`;
    expect(`${name} ${cluster}`).toBe(`${name} ${isOnHub ? 'in-cluster' : remote}`);
  }
});

test.each(clusters)('the workloads run on %s', async (name) => {
  const cluster = fleet.clusters[name];
  const workloads = [
    ['storefront', 'storefront'],
    ['catalog', 'catalog'],
    ['shop-backend', 'orders'],
    ['shop-backend', 'payments'],
  ] as const;
  for (const [namespace, workload] of workloads) {
    const ref = { apiVersion: 'apps/v1', kind: 'Deployment', namespace, name: workload };
    const { spec, status } = (await cluster.need(ref)) as {
      spec?: { replicas?: number };
      status?: { availableReplicas?: number };
    };
    expect(status?.availableReplicas).toBe(spec?.replicas);
  }
  await cluster.need({ apiVersion: 'batch/v1', kind: 'CronJob', namespace: 'operations', name: 'report' });
});

test('a second `weir up` changes nothing', async () => {
  const before = { state: fleet.state(), versions: await versions() };
  const markers = await Promise.all(fleet.all().map((cluster) => cluster.markAudit()));
  const { code } = await fleet.weir('up');
  expect(code).toBe(0);
  expect({ state: fleet.state(), versions: await versions() }).toEqual(before);
  for (const [index, cluster] of fleet.all().entries()) {
    const marker = markers[index];
    const requests = marker === undefined ? [] : await cluster.requestsSince(marker);
    expect(managedWrites(requests)).toEqual([]);
    expect(ownWrites(requests)).toEqual({});
  }
});

test('the webhook takes a push with the right signature only', async () => {
  const { url } = fleet.example('argocd-fleet');
  const push = { url, commit: await headOf('argocd-fleet') };
  expect(await postPush(fleet.webhook, push)).toBe(202);
  expect(await postPush(fleet.webhook, { ...push, secret: 'wrong' })).toBe(401);
  expect(await postPush(fleet.webhook, { ...push, secret: null })).toBe(401);
});

async function headOf(name: 'argocd-fleet' | 'flux-fleet'): Promise<string> {
  const { stdout } = await run('git', ['-C', fleet.example(name).dir, 'rev-parse', 'HEAD']);
  return stdout.trim();
}

/** Versions of the custom resources, and of what they delivered. */
async function versions(): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  const kinds = [
    { apiVersion: 'argoproj.io/v1alpha1', kind: 'Application' },
    { apiVersion: 'kustomize.toolkit.fluxcd.io/v1', kind: 'Kustomization' },
    { apiVersion: 'source.toolkit.fluxcd.io/v1', kind: 'GitRepository' },
    { apiVersion: 'weir.dev/v1alpha1', kind: 'Inventory' },
    { apiVersion: 'v1', kind: 'Secret', namespace: 'argocd' },
    { apiVersion: 'v1', kind: 'Secret', namespace: 'flux-system' },
  ];
  for (const cluster of fleet.all())
    for (const kind of [
      ...(cluster.name === 'hub' ? kinds : []),
      { apiVersion: 'apps/v1', kind: 'Deployment' },
      { apiVersion: 'v1', kind: 'ConfigMap' },
      { apiVersion: 'v1', kind: 'Service' },
    ])
      for (const { metadata } of await cluster.list(kind))
        found[`${cluster.name} ${kind.kind} ${metadata.namespace}/${metadata.name}`] =
          metadata.resourceVersion;
  return found;
}
