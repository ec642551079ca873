import { readFile } from 'node:fs/promises';
import type { KubeObject, ObjectRef } from '@weir/core';
import { type FaultProxy, readLocalKubeconfig, startFaultProxy } from '@weir/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accessOfKubeconfig } from './access.ts';
import { type CacheOptions, type ClusterCache, createClusterCache } from './cache.ts';
import { ClusterRig, codeOf, configMap, configMapRef, until } from './cluster-rig.ts';
import type { Resource } from './discovery.ts';

let rig: ClusterRig;
let proxy: FaultProxy;
const { signal } = new AbortController();
const us = { fieldManager: 'weir-test' };
const closers: (() => void)[] = [];

beforeAll(async () => {
  rig = await ClusterRig.start();
  proxy = await startFaultProxy({
    upstream: readLocalKubeconfig(await readFile(rig.cluster.kubeconfigPath, 'utf8')),
  });
});

afterEach(() => {
  proxy?.setFaults([]);
  for (const close of closers.splice(0)) close();
});

afterAll(async () => {
  await proxy?.stop();
  await rig?.stop();
});

/** A cache through the proxy, and what it told. */
async function cacheOf(
  options: Partial<CacheOptions> = {},
): Promise<{ cache: ClusterCache; told: string[]; client: ReturnType<ClusterRig['connect']> }> {
  const access = await accessOfKubeconfig(proxy.kubeconfig('proxied'));
  if (!access.ok) throw new Error(access.problem.message);
  const client = rig.connect(access.value);
  const told: string[] = [];
  const cache = createClusterCache(client, {
    marks: { labels: [], annotations: [], managers: ['weir-test'] },
    listener: {
      onChange: ({ before, after }) =>
        told.push(`${(after ?? before)?.ref.name} ${after === undefined ? 'went' : 'is there'}`),
      onTrouble: (error) => told.push(error === undefined ? 'back' : 'away'),
      onBlind: ({ kind }, error) => told.push(`${kind} ${error === undefined ? 'seen' : 'blind'}`),
      onKinds: () => told.push('kinds'),
    },
    ...options,
  });
  closers.push(() => cache.close());
  return { cache, told, client };
}

const definition = (group: string, version = 'v1'): KubeObject => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `widgets.${group}` },
  spec: {
    group,
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    scope: 'Namespaced',
    versions: [
      { name: version, served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
    ],
  },
});
const widget = (group: string): ObjectRef => ({
  group,
  version: 'v1',
  kind: 'Widget',
  namespace: 'default',
  name: 'w',
});
const definitionRef = (group: string): ObjectRef => ({
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  namespace: '',
  name: `widgets.${group}`,
});
const configMaps = (): Promise<Resource> => rig.client.resourceOf(configMapRef('any'));

describe('definitions', () => {
  it('that come, go and come back are noticed without a question', async () => {
    const { cache, told, client } = await cacheOf({ followsDefinitions: true });
    await cache.follow([await configMaps()], signal, { by: 'd' });
    expect((await client.resources()).find(widget('a.test'))).toBeUndefined();
    const install = async (): Promise<Resource> => {
      await rig.writer.apply(definition('a.test'), us);
      await until(async () => (await client.resources()).find(widget('a.test')) !== undefined);
      return client.resourceOf(widget('a.test'));
    };
    const resource = await install();
    await until(() => told.includes('kinds'));
    const object = { apiVersion: 'a.test/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'default' } };
    await until(async () => (await codeOf(rig.writer.apply(object, us))) === 'ok');
    await cache.follow([resource], signal, { by: 'd' });
    expect(cache.live(widget('a.test'))).toBeDefined();
    await rig.writer.remove(definitionRef('a.test'), { propagation: 'Background' });
    await until(async () => (await client.resources()).find(widget('a.test')) === undefined);
    await until(() => cache.live(widget('a.test')) === undefined);
    expect(told).toContain('w went');
    const again = await install();
    await until(async () => (await codeOf(rig.writer.apply(object, us))) === 'ok');
    await cache.follow([again], signal, { by: 'd' });
    await until(() => cache.live(widget('a.test')) !== undefined);
  });

  it('of one kind in two groups are two kinds', async () => {
    const { cache, client } = await cacheOf({ followsDefinitions: true });
    for (const group of ['b.test', 'c.test']) await rig.writer.apply(definition(group), us);
    for (const group of ['b.test', 'c.test'])
      await until(async () => (await client.resources({ fresh: true })).find(widget(group)) !== undefined);
    const kinds = await Promise.all(['b.test', 'c.test'].map((group) => client.resourceOf(widget(group))));
    const object = { apiVersion: 'b.test/v1', kind: 'Widget', metadata: { name: 'w', namespace: 'default' } };
    await until(async () => (await codeOf(rig.writer.apply(object, us))) === 'ok');
    await until(async () => (await codeOf(cache.follow(kinds, signal))) === 'ok');
    expect([cache.live(widget('b.test'))?.ref.group, cache.live(widget('c.test'))]).toEqual([
      'b.test',
      undefined,
    ]);
  });

  it('of a group whose server is down concern that group alone', async () => {
    const { cache, client, told } = await cacheOf({ followsDefinitions: true });
    await cache.follow([await configMaps()], signal, { by: 'd' });
    await rig.writer.apply(
      {
        apiVersion: 'apiregistration.k8s.io/v1',
        kind: 'APIService',
        metadata: { name: 'v1.down.test' },
        spec: {
          group: 'down.test',
          version: 'v1',
          groupPriorityMinimum: 100,
          versionPriority: 100,
          insecureSkipTLSVerify: true,
          service: { name: 'nowhere', namespace: 'default' },
        },
      },
      us,
    );
    await until(async () => (await client.resources()).isStale({ group: 'down.test', version: 'v1' }));
    const things: Resource = {
      ...(await configMaps()),
      group: 'down.test',
      kind: 'Thing',
      plural: 'things',
    };
    await cache.follow([await configMaps(), things], signal, { by: 'd', isTolerant: true });
    expect(cache.blindTo(things)?.message).toContain('service unavailable');
    await rig.writer.apply(configMap('beside', { a: '1' }), us);
    await until(() => cache.live(configMapRef('beside')) !== undefined);
    expect([cache.trouble(), told.includes('away')]).toEqual([undefined, false]);
    expect(await codeOf(cache.follow([things], signal))).not.toBe('ok');
  });
});

describe('a kind', () => {
  const refused = { verbs: ['watch', 'list'], resources: ['secrets'] };

  it('that may not be watched any more is told, alone, and when it may be again', async () => {
    const { cache, told } = await cacheOf();
    const secret = { ...configMapRef('s'), kind: 'Secret' };
    const secrets = await rig.client.resourceOf(secret);
    await cache.follow([await configMaps(), secrets], signal, { by: 'd' });
    proxy.setFaults([
      { fault: { kind: 'answer', status: 403 }, match: refused },
      { fault: { kind: 'watch-expire' }, match: refused, times: 1 },
    ]);
    await rig.writer.apply({ ...configMap('s'), kind: 'Secret' }, us);
    await until(() => told.includes('Secret blind'));
    expect([cache.blindTo(secrets)?.problem.code, cache.blindTo(await configMaps())]).toEqual([
      'APPLY_FORBIDDEN',
      undefined,
    ]);
    proxy.setFaults([]);
    await until(() => told.includes('Secret seen') && cache.live(secret) !== undefined);
    expect([cache.blindTo(secrets), told.includes('away')]).toEqual([undefined, false]);
  });

  it('that may not be listed at first is blind to who tolerates it, and a failure to who does not', async () => {
    const { cache } = await cacheOf();
    const secrets = await rig.client.resourceOf({ ...configMapRef('s'), kind: 'Secret' });
    proxy.setFaults([{ fault: { kind: 'answer', status: 403 }, match: refused }]);
    await cache.follow([await configMaps(), secrets], signal, { by: 'd', isTolerant: true });
    expect(cache.blindTo(secrets)?.problem.code).toBe('APPLY_FORBIDDEN');
    expect(await codeOf(cache.follow([secrets], signal))).toBe('APPLY_FORBIDDEN');
  });

  it('that nobody uses any more is forgotten after a while, and begun anew when somebody does', async () => {
    const { cache } = await cacheOf({ graceMs: 300 });
    const kinds = [await configMaps(), await rig.client.resourceOf({ ...configMapRef('s'), kind: 'Secret' })];
    await cache.follow(kinds, signal, { by: 'one' });
    await cache.follow(kinds.slice(0, 1), signal, { by: 'two' });
    cache.release('one');
    await until(() => cache.kinds() === 1);
    cache.release('two');
    await until(() => cache.kinds() === 0);
    expect(cache.size()).toBe(0);
    await cache.follow(kinds, signal, { by: 'one' });
    expect(cache.size()).toBeGreaterThan(0);
  });

  it('without a watch is listed, and without a list is read by name', async () => {
    const { cache } = await cacheOf();
    await rig.writer.apply(configMap('single', { a: '1' }), us);
    const polled = { ...(await configMaps()), verbs: ['get', 'list'] };
    await cache.follow([polled], signal, { by: 'd' });
    expect(cache.live(configMapRef('single'))).toBeDefined();
    const other = await cacheOf();
    const single = { ...polled, verbs: ['get'] };
    const refs = [configMapRef('single'), configMapRef('nothing')];
    await other.cache.follow([single], signal, { by: 'd', refs });
    expect(refs.map((ref) => other.cache.live(ref)?.ref.name)).toEqual(['single', undefined]);
  });
});
