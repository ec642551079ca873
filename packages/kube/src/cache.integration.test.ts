import type { AddressInfo } from 'node:net';
import { createServer, connect as dial, type Server, type Socket } from 'node:net';
import type { ObjectRef } from '@weir/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ClusterCache } from './cache.ts';
import { createClusterCache } from './cache.ts';
import { ClusterRig, configMap, configMapRef, until } from './cluster-rig.ts';
import type { Resource } from './discovery.ts';

let rig: ClusterRig;
let configMaps: Resource;
const { signal } = new AbortController();
const us = { fieldManager: 'weir-test' };

beforeAll(async () => {
  rig = await ClusterRig.start();
  configMaps = await rig.client.resourceOf(configMapRef('any'));
});

afterAll(async () => {
  await rig?.stop();
});

const versionIn = (cache: ClusterCache, name: string): string | undefined =>
  cache.live(configMapRef(name))?.resourceVersion;

describe('a cache', () => {
  it('knows what was there, what comes, what changes and what goes', async () => {
    await rig.writer.apply(configMap('before', { a: '1' }), us);
    const { cache, changes } = rig.cache();
    await cache.follow([configMaps], signal);
    expect(cache.live(configMapRef('before'))?.marks).toEqual({ owner: 'us' });
    await rig.writer.apply(configMap('after', { a: '1' }), us);
    await until(() => cache.live(configMapRef('after')) !== undefined);
    const changed = await rig.writer.apply(configMap('after', { a: '2' }), us);
    await until(() => versionIn(cache, 'after') === changed.metadata.resourceVersion);
    await rig.writer.remove(configMapRef('after'), { propagation: 'Background' });
    await until(() => cache.live(configMapRef('after')) === undefined);
    expect(changes.filter((change) => change.startsWith('after'))).toEqual([
      'after came',
      'after changed',
      'after went',
    ]);
  });

  it('is never set back by events that are older than a noted write', async () => {
    const { cache, changes } = rig.cache();
    await cache.follow([configMaps], signal);
    for (let count = 0; count < 30; count++) {
      const applied = await rig.writer.apply(configMap('noted', { n: String(count) }), us);
      cache.note(applied);
      expect(versionIn(cache, 'noted')).toBe(applied.metadata.resourceVersion);
    }
    const uid = cache.live(configMapRef('noted'))?.uid ?? '';
    await rig.writer.remove(configMapRef('noted'), { propagation: 'Background' });
    cache.noteGone(configMapRef('noted'), uid);
    const last = await rig.writer.apply(configMap('last'), us);
    await until(() => versionIn(cache, 'last') === last.metadata.resourceVersion);
    expect(cache.live(configMapRef('noted'))).toBeUndefined();
    expect(changes.filter((change) => change === 'noted came')).toHaveLength(1);
    expect(changes.filter((change) => change === 'noted went')).toHaveLength(1);
  });

  it('keeps the releases of Helm out, and other Secrets in', async () => {
    const secretOf = (name: string, type: string) => ({ ...configMap(name), kind: 'Secret', type, data: {} });
    await rig.writer.apply(secretOf('release', 'helm.sh/release.v1'), us);
    await rig.writer.apply(secretOf('plain', 'Opaque'), us);
    const { cache } = rig.cache();
    const secret = { ...configMapRef('plain'), kind: 'Secret' };
    await cache.follow([await rig.client.resourceOf(secret)], signal);
    expect([cache.live(secret)?.ref.name, cache.live({ ...secret, name: 'release' })]).toEqual([
      'plain',
      undefined,
    ]);
  });

  it('forgets a kind whose definition goes, and follows it again when it is back', async () => {
    const widget: ObjectRef = {
      group: 'test.dev',
      version: 'v1',
      kind: 'Widget',
      namespace: 'default',
      name: 'w',
    };
    const crd = {
      ...configMapRef('gadgets'),
      group: 'apiextensions.k8s.io',
      kind: 'CustomResourceDefinition',
    };
    const install = async (): Promise<Resource> => {
      await rig.writer.apply(definition(), us);
      const client = rig.connect();
      await until(async () => (await client.resources({ fresh: true })).find(widget) !== undefined);
      await until(() =>
        rig.writer.apply(widgetObject(), us).then(
          () => true,
          () => false,
        ),
      );
      return client.resourceOf(widget);
    };
    const { cache } = rig.cache();
    const resource = await install();
    await until(() =>
      cache.follow([resource], signal).then(
        () => true,
        () => false,
      ),
    );
    expect(cache.live(widget)?.ref.name).toBe('w');
    await rig.writer.remove(
      { ...crd, namespace: '', name: 'widgets.test.dev' },
      { propagation: 'Background' },
    );
    await until(() => cache.live(widget) === undefined);
    await install();
    await until(() =>
      cache.follow([resource], signal).then(
        () => true,
        () => false,
      ),
    );
    await until(() => cache.live(widget) !== undefined);
  });
});

describe('an API server', () => {
  it('that was killed and comes back is followed as if nothing had happened', async () => {
    const { cache, troubles, changes } = rig.cache();
    await rig.writer.apply(configMap('survivor', { a: '1' }), us);
    await cache.follow([configMaps], signal);
    changes.length = 0;
    await rig.cluster.kill9('apiserver');
    await until(() => troubles.length > 0);
    expect(cache.trouble()?.problem.code).toBe('CLUSTER_UNREACHABLE');
    expect(cache.live(configMapRef('survivor'))).toBeDefined();
    await rig.cluster.up();
    await until(() => cache.trouble() === undefined);
    expect(troubles).toEqual(['CLUSTER_UNREACHABLE', 'back']);
    const changed = await rig.writer.apply(configMap('survivor', { a: '2' }), us);
    await until(() => versionIn(cache, 'survivor') === changed.metadata.resourceVersion);
    expect(changes.filter((change) => change.startsWith('survivor'))).toEqual(['survivor changed']);
  });

  it('that froze is in trouble, and is followed when it goes on', async () => {
    const { cache, troubles } = rig.cache({ silenceMs: 2_000 });
    await rig.writer.apply(configMap('frozen', { a: '1' }), us);
    await cache.follow([configMaps], signal);
    await rig.cluster.freeze();
    try {
      await until(() => troubles.length > 0);
    } finally {
      await rig.cluster.thaw();
    }
    await until(() => cache.trouble() === undefined);
    const changed = await rig.writer.apply(configMap('frozen', { a: '2' }), us);
    await until(() => versionIn(cache, 'frozen') === changed.metadata.resourceVersion);
    expect(troubles.slice(0, 2)).toEqual(['CLUSTER_UNREACHABLE', 'back']);
  });

  it('is found again over new connections when the old ones are dead without a word', async () => {
    const proxy = await startProxy(rig.access.server);
    try {
      const client = rig.connect({ ...rig.access, server: proxy.url });
      const listener = { onChange: () => {}, onTrouble: () => {} };
      const marks = { labels: [], annotations: [], managers: [] };
      const cache = createClusterCache(client, { marks, listener, silenceMs: 2_000 });
      await cache.follow([configMaps], signal);
      proxy.blackhole();
      const changed = await rig.writer.apply(configMap('beyond', { a: '1' }), us);
      await until(() => versionIn(cache, 'beyond') === changed.metadata.resourceVersion);
      cache.close();
    } finally {
      proxy.close();
    }
  });
});

/** A proxy that can drop what its present connections carry, both ways, without closing them. */
async function startProxy(target: string): Promise<{ url: string; blackhole(): void; close(): void }> {
  const { hostname, port } = new URL(target);
  const pairs = new Set<[Socket, Socket]>();
  const server: Server = createServer((near) => {
    const far = dial(Number(port), hostname);
    pairs.add([near, far]);
    near.pipe(far);
    far.pipe(near);
    for (const socket of [near, far]) socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    blackhole: () => {
      for (const [near, far] of pairs)
        for (const socket of [near, far])
          socket
            .unpipe()
            .on('data', () => {})
            .resume();
    },
    close: () => {
      for (const pair of pairs) for (const socket of pair) socket.destroy();
      server.close();
    },
  };
}

const widgetObject = () => ({
  apiVersion: 'test.dev/v1',
  kind: 'Widget',
  metadata: { name: 'w', namespace: 'default' },
});

const definition = () => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.test.dev' },
  spec: {
    group: 'test.dev',
    names: { kind: 'Widget', plural: 'widgets', singular: 'widget', listKind: 'WidgetList' },
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
});
