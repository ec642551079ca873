import { readFile } from 'node:fs/promises';
import { isRecord, type KubeObject, refOf } from '@weir/core';
import { loadAll } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  ControllerRig,
  configMapRef,
  configMapText,
  eventually,
  gitRepository,
  kustomization,
  namespaceObject,
} from './controller-rig.ts';

/** The controller with the rights of deploy/rbac and no others: the hub's, and those to act as service accounts. */
let rig: ControllerRig;
const marker = { id: '', offset: 0 };

beforeAll(async () => {
  const [hub, acting] = await Promise.all([objectsOf('weir.yaml'), objectsOf('acting.yaml')]);
  const isHub = ({ metadata }: KubeObject): boolean => metadata.labels?.['weir.dev/part'] === 'hub';
  rig = await ControllerRig.start(
    { 'tenant/a.yaml': configMapText('a', '1', 'tenant'), 'bare/b.yaml': configMapText('b', '1', 'tenant') },
    { user: 'weir', rights: [...hub.filter(isHub), ...acting] },
  );
  await rig.declare(
    ...['flux-system', 'argocd', 'tenant'].map(namespaceObject),
    gitRepository(rig.url),
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'deployer', namespace: 'flux-system' } },
    edits('deployer'),
  );
  await rig.startController();
});

afterAll(async () => {
  await rig?.stop();
});

async function objectsOf(file: string): Promise<KubeObject[]> {
  return loadAll(
    await readFile(new URL(`../../deploy/rbac/${file}`, import.meta.url), 'utf8'),
  ) as KubeObject[];
}

/** What Kubernetes calls `edit`, in the tenant's namespace. */
const edits = (name: string): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: { name, namespace: 'tenant' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'edit' },
  subjects: [{ kind: 'ServiceAccount', name, namespace: 'flux-system' }],
});

async function readyOf(name: string): Promise<string> {
  const status = (await rig.get(refOf(kustomization(name, {}))))?.status;
  const conditions = isRecord(status) && Array.isArray(status.conditions) ? status.conditions : [];
  const ready = conditions.find((each) => isRecord(each) && each.type === 'Ready');
  return `${ready?.status} ${ready?.message}`;
}

it('delivers, prunes and ends a delivery that names an account, and is refused nothing', async () => {
  await rig.declare(kustomization('tenant', { path: './tenant', serviceAccountName: 'deployer' }));
  await eventually(
    () => readyOf('tenant'),
    (ready) => ready.startsWith('True'),
  );
  await rig.commit({ 'tenant/a.yaml': null, 'tenant/c.yaml': configMapText('c', '1', 'tenant') });
  await eventually(
    () => rig.get(configMapRef('tenant/a')),
    (found) => found === undefined,
  );
  await rig.writer.remove(refOf(kustomization('tenant', {})), { propagation: 'Background' });
  await eventually(
    () => rig.get(configMapRef('tenant/c')),
    (found) => found === undefined,
  );
  const asked = (await rig.cluster.requestsSince(marker)).filter(({ user }) => user === 'weir');
  const refused = asked.filter(({ code }) => code === 403);
  expect(refused.map(({ verb, resource, namespace }) => `${verb} ${resource} ${namespace}`)).toEqual([]);
});

it('refuses a delivery that names no account, since weir itself may write nothing', async () => {
  await rig.declare(kustomization('bare', { path: './bare' }));
  const ready = await eventually(
    () => readyOf('bare'),
    (text) => text.startsWith('False'),
  );
  expect(ready).toContain('User "weir" cannot patch resource "configmaps"');
  expect(await rig.get(configMapRef('tenant/b'))).toBeUndefined();
});
