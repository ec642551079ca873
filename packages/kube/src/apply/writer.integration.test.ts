import type { KubeObject, ObjectRef } from '@weir/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAccess } from '../access.ts';
import { type ApiError, isConflict } from '../api-error.ts';
import { ClusterRig, codeOf, configMap, configMapRef, until } from '../cluster-rig.ts';
import { createWriter, type Writer } from './writer.ts';

let rig: ClusterRig;
let writer: Writer;
const { signal } = new AbortController();
const us = { fieldManager: 'weir-test' };

beforeAll(async () => {
  rig = await ClusterRig.start();
  writer = rig.writer;
});

afterAll(async () => {
  await rig?.stop();
});

const refusal = (work: Promise<unknown>): Promise<ApiError> =>
  work.then(Promise.reject, (error: ApiError) => error);

describe('an apply', () => {
  it('creates, changes, and leaves alone what is as it should be', async () => {
    const created = await writer.apply(configMap('apply', { a: '1' }), us);
    const changed = await writer.apply(configMap('apply', { a: '2' }), us);
    const same = await writer.apply(configMap('apply', { a: '2' }), us);
    expect(created.metadata.uid).toBe(changed.metadata.uid);
    expect(changed.metadata.resourceVersion).not.toBe(created.metadata.resourceVersion);
    expect(same.metadata.resourceVersion).toBe(changed.metadata.resourceVersion);
  });

  it('takes off what it no longer says', async () => {
    await writer.apply(configMap('less', { a: '1', b: '2' }), us);
    const less = await writer.apply(configMap('less', { a: '1' }), us);
    expect(less.data).toEqual({ a: '1' });
  });

  it('that is dry says what would be, and writes nothing', async () => {
    const answer = await writer.apply(configMap('dry', { a: '1' }), { ...us, dryRun: true });
    expect(answer.data).toEqual({ a: '1' });
    expect(await rig.client.get(configMapRef('dry'))).toBeUndefined();
  });

  it('conflicts with the fields of another manager, unless it is forced', async () => {
    await writer.apply(configMap('contested', { a: '1' }), { fieldManager: 'other' });
    const error = await refusal(writer.apply(configMap('contested', { a: '2' }), { ...us, force: false }));
    expect([error.problem.code, isConflict(error)]).toEqual(['APPLY_CONFLICT', true]);
    expect((await writer.apply(configMap('contested', { a: '2' }), us)).data).toEqual({ a: '2' });
  });

  const broken = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'broken', namespace: 'default' },
    spec: {},
  };
  const table: Record<string, [() => Promise<unknown>, string, string]> = {
    'into a namespace that does not exist': [
      () => writer.apply(configMap('a', {}, 'nowhere'), us),
      'NAMESPACE_MISSING',
      'ConfigMap/nowhere/a: namespaces "nowhere" not found',
    ],
    'of an object that is not valid': [
      () => writer.apply(broken, us),
      'APPLY_INVALID',
      'Service/default/broken: Service "broken" is invalid: spec.ports: Required value',
    ],
    'of an object with a field of the wrong type': [
      () => writer.apply({ ...broken, spec: { ports: 'eighty' } }, us),
      'APPLY_INVALID',
      'Service/default/broken: failed to create typed patch object',
    ],
    'of a kind that is not served': [
      () => writer.apply({ ...broken, kind: 'Nothing' }, us),
      'KIND_UNKNOWN',
      'serves no Nothing in v1; expected its CustomResourceDefinition to be installed',
    ],
  };
  for (const [sentence, [work, code, message]] of Object.entries(table))
    it(`${sentence} is refused in words`, async () => {
      const { problem } = await refusal(work());
      expect(problem.code).toBe(code);
      expect(problem.message).toContain(message);
    });

  it('without the right to is refused in words', async () => {
    const access = await loadAccess({ path: await rig.cluster.kubeconfigFor('nobody') });
    const { problem } = await refusal(createWriter(rig.connect(access)).apply(configMap('a'), us));
    expect(problem.code).toBe('APPLY_FORBIDDEN');
    expect(problem.object).toEqual(configMapRef('a'));
  });
});

describe('a removal', () => {
  it('of what is there is done at once, or says that it is on its way', async () => {
    const { metadata } = await writer.apply(configMap('gone'), us);
    const held = configMap('held');
    await writer.apply({ ...held, metadata: { ...held.metadata, finalizers: ['test/hold'] } }, us);
    const remove = async (name: string, uid?: string): Promise<string> => {
      const answer = await writer.remove(configMapRef(name), {
        propagation: 'Background',
        ...(uid === undefined ? {} : { uid }),
      });
      return answer === 'gone' ? answer : `held by ${answer.metadata.finalizers?.join()}`;
    };
    expect(await remove('gone', metadata.uid)).toBe('gone');
    expect(await remove('gone', metadata.uid)).toBe('gone');
    expect(await remove('held')).toBe('held by test/hold');
    expect((await rig.client.get(configMapRef('held')))?.metadata.deletionTimestamp).toBeDefined();
    await writer.mergePatch(configMapRef('held'), { metadata: { finalizers: null } });
    expect(await rig.client.get(configMapRef('held'))).toBeUndefined();
  });

  it('of another object by that name is a conflict', async () => {
    await writer.apply(configMap('renewed'), us);
    const work = writer.remove(configMapRef('renewed'), { uid: 'of-another', propagation: 'Background' });
    expect(isConflict(await refusal(work))).toBe(true);
    expect(await rig.client.get(configMapRef('renewed'))).toBeDefined();
  });

  it('that is dry removes nothing', async () => {
    await writer.apply(configMap('stays'), us);
    await writer.remove(configMapRef('stays'), { propagation: 'Background', dryRun: true });
    expect(await rig.client.get(configMapRef('stays'))).toBeDefined();
  });
});

describe('a patch', () => {
  it('that names an old version is a conflict', async () => {
    const { metadata } = await writer.apply(configMap('patched', { a: '1' }), us);
    await writer.mergePatch(configMapRef('patched'), { data: { a: '2' } });
    const stale = { metadata: { resourceVersion: metadata.resourceVersion }, data: { a: '3' } };
    expect(isConflict(await refusal(writer.mergePatch(configMapRef('patched'), stale)))).toBe(true);
  });
});

describe('an event', () => {
  it('is posted on the object, also with a long message', async () => {
    const about = { ...configMapRef('apply'), uid: 'u1' };
    const message = `${'ä'.repeat(600)} end`;
    await writer.postEvent({
      about,
      type: 'Normal',
      reason: 'Tested',
      message,
      source: 'weir-test',
      at: '2026-01-01T00:00:00Z',
    });
    const events = await rig.client.list(
      { group: '', version: 'v1', plural: 'events' },
      { namespace: 'default' },
    );
    const [posted] = events.filter(({ reason }) => reason === 'Tested');
    expect([posted?.message, posted?.source]).toEqual([message, { component: 'weir-test' }]);
  });
});

describe('reading', () => {
  it('goes through all pages of a list', async () => {
    await Promise.all(
      Array.from({ length: 620 }, (_, index) =>
        writer.apply(configMap(`page-${index}`, { n: String(index) }), us),
      ),
    );
    const items = await rig.client.list(
      { group: '', version: 'v1', plural: 'configmaps' },
      { namespace: 'default', labelSelector: 'owner=us' },
    );
    const pages = items.filter(({ metadata }) => metadata.name.startsWith('page-'));
    expect(new Set(pages.map(({ data }) => (data as { n: string }).n)).size).toBe(620);
    expect(new Set(items.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`))).toEqual(
      new Set(['v1 ConfigMap']),
    );
  });

  it('finds a kind whose definition was installed later, and its scope', async () => {
    const client = rig.connect();
    const widget: ObjectRef = {
      group: 'test.dev',
      version: 'v1',
      kind: 'Widget',
      namespace: 'default',
      name: 'w',
    };
    expect(await codeOf(client.get(widget))).toBe('KIND_UNKNOWN');
    await writer.apply(definition(), us);
    await until(async () => (await codeOf(client.get(widget))) === 'ok');
    expect(await client.get(widget)).toBeUndefined();
    const { namespaced, plural } = await client.resourceOf(widget);
    expect([namespaced, plural]).toEqual([true, 'widgets']);
    const versions = (await client.resources()).apiVersions();
    expect(versions.filter((name) => name.startsWith('test.dev'))).toEqual([
      'test.dev/v1',
      'test.dev/v1/Widget',
    ]);
    expect(versions).toEqual(expect.arrayContaining(['v1', 'apps/v1/Deployment', 'batch/v1']));
  });

  it('says the version of the server', async () => {
    expect((await rig.client.version()).gitVersion).toMatch(/^v1\.\d+\.\d+/);
  });

  it('of a server that is not there is a coded failure', async () => {
    const client = rig.connect({ ...rig.access, server: 'https://127.0.0.1:1' });
    expect(await codeOf(client.get(configMapRef('a'), signal))).toBe('CLUSTER_UNREACHABLE');
  });
});

function definition(): KubeObject {
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: 'widgets.test.dev' },
    spec: {
      group: 'test.dev',
      names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
      scope: 'Namespaced',
      versions: [
        { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
      ],
    },
  };
}
