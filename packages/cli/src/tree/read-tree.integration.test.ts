// The tree of real objects: what the cluster's own controllers made, in how few requests, and what events say of it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubeObject, refOf, type TreeNode } from '@weir/core';
import { connect, createWriter, type KubeClient, loadAccess } from '@weir/kube';
import { startCluster, type TestCluster } from '@weir/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readEvents } from './events.ts';
import { readTree } from './read-tree.ts';

const home = mkdtempSync(join(tmpdir(), 'weir-tree-'));
const signal = new AbortController().signal;
const reader = 'tree-reader';
let cluster: TestCluster;
let admin: KubeClient;
let client: KubeClient;

const labels = { app: 'web' };
const pod = { metadata: { labels }, spec: { containers: [{ name: 'web', image: 'web:1' }] } };
const named = (name: string): KubeObject['metadata'] => ({ name, namespace: 'default' });
const workload = { replicas: 2, selector: { matchLabels: labels }, template: pod };
const objects: readonly KubeObject[] = [
  { apiVersion: 'apps/v1', kind: 'Deployment', metadata: named('web'), spec: workload },
  {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: named('db'),
    spec: {
      ...workload,
      replicas: 1,
      serviceName: 'db',
      volumeClaimTemplates: [
        {
          metadata: { name: 'data' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } },
        },
      ],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: named('web'),
    spec: { selector: labels, ports: [{ port: 80 }] },
  },
  ...['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: named(name),
    data: {},
  })),
];

beforeAll(async () => {
  cluster = await startCluster({ home, user: reader });
  admin = connect(await loadAccess({ path: cluster.kubeconfigPath }));
  client = connect(await loadAccess({ path: cluster.userKubeconfigPath ?? '' }));
  const writer = createWriter(admin);
  const binding: KubeObject = {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: reader },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: reader }],
  };
  for (const object of [binding, ...objects])
    await writer.apply(object, { fieldManager: 'test', force: true });
});

afterAll(async () => {
  await client?.close();
  await admin?.close();
  await cluster?.stop({ delete: true });
  rmSync(home, { recursive: true, force: true });
});

const widgetKind = { group: 'example.dev', version: 'v1', kind: 'Widget' };
const widgetDefinition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.dev' },
  spec: {
    group: 'example.dev',
    scope: 'Namespaced',
    names: { plural: 'widgets', singular: 'widget', kind: 'Widget' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

/** Kinds alone, since names of pods are random: `Deployment(ReplicaSet(Pod Pod))`. */
function show({ facts, children }: TreeNode): string {
  const below = children.map(show).join(' ');
  return `${facts.ref.kind}${below === '' ? '' : `(${below})`}`;
}

const read = () => readTree({ client, owned: objects.map((object) => refOf(object)), signal });

async function shownTree(): Promise<string[]> {
  const tree = await read();
  return [...tree.roots.values()].map(show).sort();
}

test('what controllers made stands below what was delivered', { timeout: 60_000 }, async () => {
  await expect
    .poll(shownTree, { timeout: 40_000, interval: 500 })
    .toEqual([
      ...Array<string>(6).fill('ConfigMap'),
      'Deployment(ReplicaSet(Pod Pod))',
      'Service(EndpointSlice)',
      'StatefulSet(ControllerRevision PersistentVolumeClaim Pod)',
    ]);
});

test('nine objects and their children cost nine requests', async () => {
  await client.resources();
  const marker = await cluster.markAudit();
  const tree = await read();
  const requests = await cluster.requestsSince(marker);
  expect(requests.map(({ verb, resource }) => `${verb} ${resource}`).sort()).toEqual([
    'get deployments.apps',
    'get services',
    'get statefulsets.apps',
    'list configmaps',
    'list controllerrevisions.apps',
    'list endpointslices.discovery.k8s.io',
    'list persistentvolumeclaims',
    'list pods',
    'list replicasets.apps',
  ]);
  expect(tree.isCut).toBe(false);
});

test('events are those of the objects of the tree', { timeout: 60_000 }, async () => {
  const reasons = async (): Promise<string[]> => {
    const tree = await read();
    const events = await readEvents({ client, tree, signal });
    const kinds = [...events].flatMap(([uid, of]) =>
      of.map(({ reason }) => `${tree.objects.get(uid)?.object.kind} ${reason}`),
    );
    return [...new Set(kinds)].sort();
  };
  await expect
    .poll(reasons, { timeout: 40_000, interval: 500 })
    .toEqual(expect.arrayContaining(['Deployment ScalingReplicaSet', 'ReplicaSet SuccessfulCreate']));
});

test('children of a kind that nobody knows are found, and those with health are read whole', async () => {
  const writer = createWriter(admin);
  const apply = (object: KubeObject) => writer.apply(object, { fieldManager: 'test', force: true });
  const widget = (name: string, rest: Partial<KubeObject['metadata']> = {}): KubeObject => ({
    apiVersion: 'example.dev/v1',
    kind: 'Widget',
    metadata: { ...named(name), ...rest },
  });
  await apply(widgetDefinition);
  await expect.poll(async () => (await admin.resources({ fresh: 'now' })).find(widgetKind)).toBeDefined();
  const { uid = '' } = await apply(widget('w'))
    .then(() => admin.get(refOf(widget('w'))))
    .then((w) => ({ ...w?.metadata }));
  const ownerReferences = [{ apiVersion: 'example.dev/v1', kind: 'Widget', name: 'w', uid }];
  const status = { conditions: [{ type: 'Ready', status: 'False', message: 'broken' }] };
  await apply({ ...widget('w-child', { ownerReferences }), status });
  await apply({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...named('w-config'), ownerReferences },
    data: { a: 'b' },
  });
  await client.resources({ fresh: 'now' });
  const tree = await readTree({ client, owned: [refOf(widget('w'))], signal });
  expect([...tree.roots.values()].map(show)).toEqual(['Widget(ConfigMap Widget)']);
  const below = [...tree.roots.values()].flatMap(({ children }) =>
    children.map(({ facts }) => tree.objects.get(facts.uid)),
  );
  expect(
    below.map((one) => [
      one?.object.kind,
      one?.isPartial,
      'data' in (one?.object ?? {}),
      'status' in (one?.object ?? {}),
    ]),
  ).toEqual([
    ['ConfigMap', true, false, false],
    ['Widget', false, false, true],
  ]);
});
