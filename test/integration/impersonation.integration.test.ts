import { isRecord, type KubeObject, type ObjectRef, refOf } from '@weir/core';
import { actingAs, connect, createWriter, loadAccess } from '@weir/kube';
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

let rig: ControllerRig;
const deployer = 'system:serviceaccount:tenant:deployer';

beforeAll(async () => {
  rig = await ControllerRig.start({
    'inside/a.yaml': configMapText('a', '1', 'tenant'),
    'inside/b.yaml': configMapText('b', '1', 'tenant'),
    'outside/c.yaml': configMapText('c', '1', 'other'),
    'nobody/d.yaml': configMapText('d', '1', 'tenant'),
    'bereft/e.yaml': configMapText('e', '1', 'tenant'),
  });
  await rig.declare(
    ...['flux-system', 'tenant', 'other'].map(namespaceObject),
    gitRepository(rig.url),
    account('deployer'),
    ...rights('deployer', 'tenant'),
  );
  await rig.startController();
});

afterAll(async () => {
  await rig?.stop();
});

const account = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace: 'tenant' },
});

/** To do with ConfigMaps of that namespace what a delivery does. */
function rights(name: string, namespace: string): KubeObject[] {
  const metadata = { name, namespace };
  const apiVersion = 'rbac.authorization.k8s.io/v1';
  const rule = { apiGroups: [''], resources: ['configmaps'], verbs: ['get', 'create', 'patch', 'delete'] };
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name };
  return [
    { apiVersion, kind: 'Role', metadata, rules: [rule] },
    {
      apiVersion,
      kind: 'RoleBinding',
      metadata,
      roleRef,
      subjects: [{ kind: 'ServiceAccount', name, namespace: 'tenant' }],
    },
  ];
}

/** In the tenant's namespace, which is also that of the account. */
function delivery(name: string, serviceAccountName: string): KubeObject {
  const object = kustomization(name, {
    path: `./${name}`,
    serviceAccountName,
    retryInterval: '1s',
    sourceRef: { kind: 'GitRepository', name: 'fleet', namespace: 'flux-system' },
  });
  return { ...object, metadata: { name, namespace: 'tenant' } };
}

const refOfDelivery = (name: string): ObjectRef => refOf(delivery(name, ''));

async function readyOf(name: string): Promise<{ status: string; message: string }> {
  const status = (await rig.get(refOfDelivery(name)))?.status;
  const conditions = isRecord(status) && Array.isArray(status.conditions) ? status.conditions : [];
  const ready = conditions.find((each) => isRecord(each) && each.type === 'Ready');
  return { status: String(ready?.status), message: String(ready?.message) };
}

const isReady = ({ status }: { status: string }): boolean => status === 'True';
const says =
  (words: string) =>
  ({ status, message }: { status: string; message: string }): boolean =>
    status === 'False' && message.includes(words);

const isGone = async (name: string): Promise<boolean> => (await rig.get(refOfDelivery(name))) === undefined;

it('writes, tries out and prunes as the account, and tells as itself', async () => {
  const marker = await rig.cluster.markAudit();
  await rig.declare(delivery('inside', 'deployer'));
  await eventually(() => readyOf('inside'), isReady);
  await rig.commit({ 'inside/b.yaml': null });
  await eventually(
    () => rig.get(configMapRef('tenant/b')),
    (found) => found === undefined,
  );
  const asked = await rig.accountsSince(marker);
  expect(new Set(asked)).toEqual(
    new Set([
      `${deployer}: patch configmaps tenant/a 201`,
      `${deployer}: patch configmaps tenant/b 201`,
      `${deployer}: delete configmaps tenant/b 200`,
    ]),
  );
  const all = await rig.cluster.requestsSince(marker);
  const told = all.filter(({ resource }) => resource === 'kustomizations.kustomize.toolkit.fluxcd.io/status');
  expect(new Set(told.map(({ impersonated }) => impersonated))).toEqual(new Set([undefined]));
});

it('heals as the account', async () => {
  const marker = await rig.cluster.markAudit();
  await rig.writer.mergePatch(configMapRef('tenant/a'), { data: { value: 'edited' } });
  await eventually(
    () => rig.writesSince(marker),
    (writes) => writes.length > 0,
  );
  expect(new Set(await rig.accountsSince(marker))).toEqual(
    new Set([`${deployer}: patch configmaps tenant/a 200`]),
  );
});

it('is refused what the account may not do, says which right is missing, and goes on when it is given', async () => {
  const marker = await rig.cluster.markAudit();
  await rig.declare(delivery('outside', 'deployer'));
  const { message } = await eventually(() => readyOf('outside'), says('cannot'));
  expect(message).toContain(`User "${deployer}" cannot patch resource "configmaps"`);
  expect(message).toContain('service account tenant/deployer: grant that account the right');
  expect(await rig.get(configMapRef('other/c'))).toBeUndefined();
  expect(new Set(await rig.accountsSince(marker))).toEqual(
    new Set([`${deployer}: patch configmaps other/c 403`]),
  );
  await rig.declare(...rights('deployer', 'other'));
  await eventually(() => readyOf('outside'), isReady);
});

it('writes nothing in the place of an account that is missing', async () => {
  await rig.declare(delivery('nobody', 'absent'), ...rights('absent', 'tenant'));
  const { message } = await eventually(() => readyOf('nobody'), says('ServiceAccount tenant/absent'));
  expect(message).toContain('create it');
  expect(await rig.get(configMapRef('tenant/d'))).toBeUndefined();
  await rig.declare(account('absent'));
  await eventually(() => readyOf('nobody'), isReady);
});

it('removes what it owns as the account', async () => {
  const marker = await rig.cluster.markAudit();
  await rig.writer.remove(refOfDelivery('inside'), { propagation: 'Background' });
  await eventually(() => isGone('inside'), Boolean);
  expect(await rig.get(configMapRef('tenant/a'))).toBeUndefined();
  expect(await rig.accountsSince(marker)).toEqual([`${deployer}: delete configmaps tenant/a 200`]);
});

it('leaves everything behind, and says so, where the account is gone at the end', async () => {
  await rig.declare(account('brief'), ...rights('brief', 'tenant'), delivery('bereft', 'brief'));
  await eventually(() => readyOf('bereft'), isReady);
  await rig.writer.remove(refOf(account('brief')), { propagation: 'Background' });
  await rig.writer.remove(refOfDelivery('bereft'), { propagation: 'Background' });
  await eventually(() => isGone('bereft'), Boolean);
  expect(await rig.get(configMapRef('tenant/e'))).toBeDefined();
  const kind = await rig.client.resourceOf({ group: '', version: 'v1', kind: 'Event' });
  await eventually(
    async () => (await rig.client.list(kind, { namespace: 'tenant' })).map(({ message }) => String(message)),
    (messages) => messages.some((text) => text.includes('left behind: ConfigMap/tenant/e')),
  );
});

it('refuses a name that is none, before anything is asked', async () => {
  await rig.declare(delivery('named', 'system:admin'));
  await eventually(() => readyOf('named'), says('spec.serviceAccountName'));
});

it('says when weir itself may not act as the account', async () => {
  const client = connect(await loadAccess({ path: await rig.cluster.kubeconfigFor('plain') }));
  const writer = createWriter(actingAs(client, { namespace: 'tenant', name: 'deployer' }));
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x', namespace: 'tenant' } };
  await expect(writer.apply(object, { fieldManager: 'test' })).rejects.toMatchObject({
    problem: {
      code: 'IMPERSONATION_FORBIDDEN',
      message: expect.stringContaining('grant weir the verb impersonate on serviceaccounts'),
    },
  });
  await client.close();
});
