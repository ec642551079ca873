import type { AddressInfo } from 'node:net';
import { createServer, type Server } from 'node:net';
import type { KubeObject, Problem } from '@weir/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ApiError } from '../api-error.ts';
import { ClusterRig, configMap, until } from '../cluster-rig.ts';

let rig: ClusterRig;
/** Takes connections and never says a word. */
let mute: Server;
const us = { fieldManager: 'weir-test' };

beforeAll(async () => {
  rig = await ClusterRig.start();
  mute = createServer().listen(0, '127.0.0.1');
  await until(() => mute.listening);
  await admissionRules((mute.address() as AddressInfo).port);
});

afterAll(async () => {
  mute?.close();
  await rig?.stop();
});

/** A webhook that hangs, one that nobody serves, and a policy that denies: each for config maps with its label. */
async function admissionRules(port: number): Promise<void> {
  const rules = [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }];
  const hook = (name: string, url: string): KubeObject => ({
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'ValidatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: `${name}.test.dev`,
        clientConfig: { url },
        rules,
        objectSelector: { matchLabels: { rule: name } },
        admissionReviewVersions: ['v1'],
        sideEffects: 'None',
        timeoutSeconds: 1,
      },
    ],
  });
  const policy = { apiVersion: 'admissionregistration.k8s.io/v1', metadata: { name: 'denies' } };
  const objects: KubeObject[] = [
    hook('hangs', `https://127.0.0.1:${port}/`),
    hook('refuses', 'https://127.0.0.1:1/'),
    {
      ...policy,
      kind: 'ValidatingAdmissionPolicy',
      spec: {
        matchConstraints: { objectSelector: { matchLabels: { rule: 'denies' } }, resourceRules: rules },
        validations: [{ expression: 'false', message: 'not on a Friday' }],
      },
    },
    {
      ...policy,
      kind: 'ValidatingAdmissionPolicyBinding',
      spec: { policyName: 'denies', validationActions: ['Deny'] },
    },
  ];
  for (const object of objects) await rig.writer.apply(object, us);
  for (const rule of ['hangs', 'refuses', 'denies'])
    await until(async () => (await told(labelled(`probe-${rule}`, rule))) !== 'taken');
}

function labelled(name: string, rule: string): KubeObject {
  const object = configMap(name, { a: '1' });
  return { ...object, metadata: { ...object.metadata, labels: { rule } } };
}

const told = (object: KubeObject, options: { dryRun?: boolean } = {}): Promise<string> =>
  rig.writer.apply(object, { ...us, ...options }).then(
    () => 'taken',
    ({ problem }: ApiError) => `${problem.code} ${problem.message}`,
  );

const deployment = (
  spec: Record<string, unknown> = {},
  container: Record<string, unknown> = {},
): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'shop', namespace: 'default' },
  spec: {
    selector: { matchLabels: { app: 'shop' } },
    template: {
      metadata: { labels: { app: 'shop' } },
      spec: { containers: [{ name: 'web', image: 'shop:1', ...container }] },
    },
    ...spec,
  },
});
const large = (bytes: number): string => 'x'.repeat(bytes);
const roleOf = (name: string, rule: string): KubeObject => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRole',
  metadata: { name },
  rules: [{ apiGroups: [rule], resources: ['pods'], verbs: ['get'] }],
});

describe('bad input is told by a code, the object and the reason', () => {
  const table: Record<string, [object: () => KubeObject, says: string[]]> = {
    'a config map of 2 MB': [
      () => configMap('big', { a: large(2_000_000) }),
      ['OBJECT_TOO_LARGE ConfigMap/default/big: ', '1048576 bytes', 'split it'],
    ],
    'a config map of 4 MB': [
      () => configMap('big', { a: large(4_000_000) }),
      ['OBJECT_TOO_LARGE ConfigMap/default/big: ', 'limit is 3145728', 'split it'],
    ],
    'an object that only etcd finds too large': [
      () => roleOf('big', large(1_700_000)),
      ['OBJECT_TOO_LARGE ClusterRole/big: etcdserver: request is too large; split it'],
    ],
    'a text for a number': [
      () => deployment({ replicas: 'three' }),
      ['APPLY_INVALID Deployment/default/shop: ', '.spec.replicas: expected numeric'],
    ],
    'a number for a text': [
      () => configMap('typed', { a: 1 } as unknown as Record<string, string>),
      ['APPLY_INVALID ConfigMap/default/typed: ', '.data.a: expected string'],
    ],
    'a quantity that is none': [
      () => deployment({}, { resources: { limits: { cpu: 'a lot' } } }),
      ['APPLY_INVALID Deployment/default/shop: ', 'quantities must match'],
    ],
    'a key that stands twice in a list': [
      () => deployment({}, { env: [{ name: 'A' }, { name: 'A' }] }),
      ['APPLY_INVALID Deployment/default/shop: ', 'duplicate entries for key [name="A"]'],
    ],
    'a field that is spelt wrongly': [
      () => deployment({}, { imagePullPolcy: 'Always' }),
      ['FIELD_UNKNOWN Deployment/default/shop: ', '.imagePullPolcy: field not declared', 'remove the field'],
    ],
    'a name that is none': [
      () => configMap('X_Y'),
      ['APPLY_INVALID ConfigMap/default/X_Y: ', 'metadata.name: Invalid value'],
    ],
    'a policy that denies': [
      () => labelled('denied', 'denies'),
      ['ADMISSION_DENIED ConfigMap/default/denied: ', "'denies'", 'not on a Friday'],
    ],
    'a webhook that hangs': [
      () => labelled('hung', 'hangs'),
      [
        'ADMISSION_UNAVAILABLE ConfigMap/default/hung: ',
        'hangs.test.dev',
        'deadline exceeded',
        'tried again',
      ],
    ],
    'a webhook that nobody serves': [
      () => labelled('refused', 'refuses'),
      ['ADMISSION_UNAVAILABLE ConfigMap/default/refused: ', 'refuses.test.dev', 'connection refused'],
    ],
    'a namespace that is not there': [
      () => configMap('lost', {}, 'nowhere'),
      ['NAMESPACE_MISSING ConfigMap/nowhere/lost: ', 'namespaces "nowhere" not found'],
    ],
  };
  for (const [sentence, [object, says]] of Object.entries(table))
    it(sentence, async () => {
      const words = await told(object());
      for (const said of says) expect(words).toContain(said);
      expect(words.length).toBeLessThan(2_200);
    });

  it('a Secret whose value is of a wrong type, without the value', async () => {
    const secret = { ...configMap('pin'), kind: 'Secret', data: { pin: { deep: 'hunter2' } } };
    const words = await told(secret as unknown as KubeObject);
    expect(words).toContain('APPLY_INVALID Secret/default/pin: ');
    expect(words).not.toContain('hunter2');
  });

  it('a namespace that is being deleted', async () => {
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'leaving' } };
    await rig.writer.apply(namespace, us);
    const held = configMap('held', {}, 'leaving');
    await rig.writer.apply({ ...held, metadata: { ...held.metadata, finalizers: ['test.dev/held'] } }, us);
    const ref = { group: '', version: 'v1', kind: 'Namespace', namespace: '', name: 'leaving' };
    await rig.writer.remove(ref, { propagation: 'Background' });
    const late = configMap('late', {}, 'leaving');
    expect(await told(late)).toContain('NAMESPACE_TERMINATING ConfigMap/leaving/late: ');
    // The namespace controller looks at what is left after some seconds, and tells whose finalizers hold it.
    await until(async () => (await told(late)).includes('test.dev/held in 1 resource instances'));
  });
});

describe('names that need care in a path', () => {
  it.each(['system:foo:bar', 'percent+plus&?#', 'dots.and-dashes', 'spaced name'])(
    '%s is written, read and deleted',
    async (name) => {
      await rig.writer.apply(roleOf(name, 'apps'), us);
      const ref = {
        group: 'rbac.authorization.k8s.io',
        version: 'v1',
        kind: 'ClusterRole',
        namespace: '',
        name,
      };
      expect((await rig.client.get(ref))?.metadata.name).toBe(name);
      expect(await rig.writer.remove(ref, { propagation: 'Background' })).toBe('gone');
    },
  );
});

describe('fields that the cluster does not know', () => {
  it('are left out and told, where that is wanted, and all else is applied', async () => {
    const dropped: Problem[] = [];
    const object = deployment(
      { fooBar: 1, replicas: 2 },
      { imagePullPolcy: 'Always', ports: [{ containerPort: 80, zz: 1 }], image: 'shop:2' },
    );
    const answer = await rig.writer.apply(object, { ...us, onDropped: (problem) => dropped.push(problem) });
    expect((answer.spec as { replicas: number }).replicas).toBe(2);
    expect(dropped.map(({ message }) => message.split(' is not in')[0]).sort()).toEqual([
      'Deployment/default/shop: .spec.fooBar',
      'Deployment/default/shop: .spec.template.spec.containers[name="web"].imagePullPolcy',
      'Deployment/default/shop: .spec.template.spec.containers[name="web"].ports[containerPort=80,protocol="TCP"].zz',
    ]);
  });

  it('do not excuse a value of a wrong type beside them', async () => {
    const dropped: Problem[] = [];
    const object = deployment({ fooBar: 1, replicas: 'three' });
    const work = rig.writer.apply(object, { ...us, onDropped: (problem) => dropped.push(problem) });
    await expect(work).rejects.toThrow('.spec.replicas: expected numeric');
    expect(dropped).toEqual([]);
  });
});
