// A commit that changes one line: it arrives where it belongs, and of all managed objects exactly the changed ones are
// written. The API servers' audit logs are the witness.

import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { AuditMarker } from '../../packages/testkit/src/cluster-audit.ts';
import { openFleet, statusOf } from './rig/fleet.ts';
import type { ClusterName } from './rig/resources.ts';
import { managedWrites, ownWrites, statusWrites } from './rig/writes.ts';

const fleet = openFleet();
const run = promisify(execFile);

type Example = 'argocd-fleet' | 'flux-fleet';

/** Changes one file of an example's clone and pushes it; the server's hook tells the webhook. */
async function commitTo(example: Example, path: string, edit: (text: string) => string): Promise<string> {
  const { dir } = fleet.example(example);
  const file = join(dir, path);
  const before = await readFile(file, 'utf8');
  const after = edit(before);
  expect(after).not.toBe(before);
  await writeFile(file, after);
  await run('git', ['-C', dir, 'commit', '--quiet', '--all', '--message', `Change ${path}`]);
  const { stderr } = await run('git', ['-C', dir, 'push']);
  expect(stderr).toContain('the controller knows');
  return (await run('git', ['-C', dir, 'rev-parse', 'HEAD'])).stdout.trim();
}

async function markAll(): Promise<Record<ClusterName, AuditMarker>> {
  const { hub, east, west } = fleet.clusters;
  const [onHub, onEast, onWest] = await Promise.all([hub.markAudit(), east.markAudit(), west.markAudit()]);
  return { hub: onHub, east: onEast, west: onWest };
}

async function writesSince(
  markers: Record<ClusterName, AuditMarker>,
): Promise<Record<ClusterName, string[]>> {
  const of = async (name: ClusterName): Promise<string[]> =>
    managedWrites(await fleet.clusters[name].requestsSince(markers[name]));
  return { hub: await of('hub'), east: await of('east'), west: await of('west') };
}

const deliveriesOf = async (kind: 'Application' | 'Kustomization') => {
  const apiVersion = kind === 'Application' ? 'argoproj.io/v1alpha1' : 'kustomize.toolkit.fluxcd.io/v1';
  return fleet.hub.list({ apiVersion, kind });
};

async function untilAllAt(kind: 'Application' | 'Kustomization', commit: string): Promise<void> {
  await fleet.until(`every ${kind} is at ${commit}`, async () => {
    const behind = (await deliveriesOf(kind)).filter((live) => {
      const { sync, health, lastAppliedRevision } = statusOf(live);
      return kind === 'Application'
        ? sync?.revision !== commit || sync.status !== 'Synced' || health?.status !== 'Healthy'
        : lastAppliedRevision !== `main@sha1:${commit}`;
    });
    expect(behind.map(({ metadata }) => metadata.name)).toEqual([]);
  });
}

test('one line of Helm values writes one Deployment on one cluster', async () => {
  const markers = await markAll();
  const commit = await commitTo('argocd-fleet', 'apps/storefront/values-east.yaml', (text) =>
    text.replace(/^replicas: \d+/m, 'replicas: 4'),
  );
  await untilAllAt('Application', commit);
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    namespace: 'storefront',
    name: 'storefront',
  };
  expect((await fleet.clusters.east.need(deployment)).spec).toMatchObject({ replicas: 4 });
  expect(await writesSince(markers)).toEqual({
    hub: [],
    east: ['patch deployments.apps storefront/storefront'],
    west: [],
  });
  const onHub = await fleet.hub.requestsSince(markers.hub);
  console.log('own writes of a Helm commit:', ownWrites(onHub));
  // The others only follow the revision, in one write each.
  const { 'storefront-east': changed, ...followers } = statusWrites(onHub);
  expect(changed).toBeLessThanOrEqual(6);
  expect(followers).toEqual(Object.fromEntries(Object.keys(followers).map((name) => [name, 1] as const)));
  expect(Object.keys(followers)).toHaveLength(11);
});

test('one line of an overlay writes one ConfigMap on one cluster', async () => {
  const markers = await markAll();
  const commit = await commitTo('flux-fleet', 'apps/overlays/east/kustomization.yaml', (text) =>
    text.replace('value: bank-east', 'value: bank-far-east'),
  );
  await untilAllAt('Kustomization', commit);
  const configMap = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'shop-backend', name: 'payments' };
  expect((await fleet.clusters.east.need(configMap)).data).toMatchObject({ PROVIDER: 'bank-far-east' });
  expect(await writesSince(markers)).toEqual({
    hub: [],
    east: ['patch configmaps shop-backend/payments'],
    west: [],
  });
  console.log('own writes of an overlay commit:', ownWrites(await fleet.hub.requestsSince(markers.hub)));
});

test('one line of a base writes one ConfigMap on each cluster that uses it', async () => {
  const markers = await markAll();
  const commit = await commitTo('flux-fleet', 'apps/base/orders/configmap.yaml', (text) =>
    text.replace(/MAX_ITEMS: "\d+"/, 'MAX_ITEMS: "250"'),
  );
  await untilAllAt('Kustomization', commit);
  const orders = ['patch configmaps shop-backend/orders'];
  expect(await writesSince(markers)).toEqual({ hub: orders, east: orders, west: orders });
});

test('a commit that no delivery reads writes no object', async () => {
  const markers = await markAll();
  const commit = await commitTo('argocd-fleet', 'README.md', (text) => `${text}\nOne line more.\n`);
  await untilAllAt('Application', commit);
  expect(await writesSince(markers)).toEqual({ hub: [], east: [], west: [] });
});

test('`weir reconcile` finds nothing to write', async () => {
  const markers = await markAll();
  for (const name of ['app/storefront-east', 'ks/east-apps']) {
    const { code, stderr } = await fleet.weir('reconcile', name, '--with-source', '--timeout', '60s');
    expect(`${code} ${stderr}`).toMatch(/^0 /);
  }
  expect(await writesSince(markers)).toEqual({ hub: [], east: [], west: [] });
});
