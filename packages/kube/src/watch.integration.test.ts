import { cp, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type FaultProxy, type FaultRule, readLocalKubeconfig, startFaultProxy } from '@weir/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { accessOfKubeconfig } from './access.ts';
import type { KubeClient } from './client.ts';
import { ClusterRig, configMap, configMapRef, until } from './cluster-rig.ts';

let rig: ClusterRig;
let proxy: FaultProxy;
/** Through the proxy. */
let client: KubeClient;
const us = { fieldManager: 'weir-test' };
const configMaps = { group: '', version: 'v1', plural: 'configmaps' };
const stops: AbortController[] = [];

beforeAll(async () => {
  rig = await ClusterRig.start();
  const upstream = readLocalKubeconfig(await readFile(rig.cluster.kubeconfigPath, 'utf8'));
  proxy = await startFaultProxy({ upstream });
  const access = await accessOfKubeconfig(proxy.kubeconfig('proxied'));
  if (!access.ok) throw new Error(access.problem.message);
  client = rig.connect(access.value);
});

afterEach(() => {
  for (const stop of stops.splice(0)) stop.abort(new Error('the test is over'));
  proxy?.setFaults([]);
});

afterAll(async () => {
  await proxy?.stop();
  await rig?.stop();
});

/** Follows the config maps of a namespace: which are there now, and the story in words. */
function following(
  of: KubeClient,
  namespace: string,
  options: { metadataOnly?: boolean } = {},
): { there: Set<string>; story: string[]; versions: Map<string, string> } {
  const stop = new AbortController();
  stops.push(stop);
  const there = new Set<string>();
  const versions = new Map<string, string>();
  const story: string[] = [];
  let unseen = new Set<string>();
  const run = async (): Promise<void> => {
    for await (const event of of.watch(configMaps, { namespace, signal: stop.signal, ...options })) {
      if (event.kind === 'put') {
        there.add(event.object.metadata.name);
        unseen.delete(event.object.metadata.name);
        versions.set(event.object.metadata.name, event.object.metadata.resourceVersion ?? '');
        if (options.metadataOnly === true) story.push(`${event.object.kind} ${'data' in event.object}`);
      } else if (event.kind === 'gone') there.delete(event.object.metadata.name);
      else if (event.kind === 'restart') unseen = new Set(there);
      else if (event.kind === 'synced') for (const name of unseen) there.delete(name);
      if (event.kind !== 'put' && event.kind !== 'gone' && event.kind !== 'open') story.push(event.kind);
    }
  };
  void run();
  return { there, story, versions };
}

async function namespaceWith(name: string, objects: readonly string[]): Promise<void> {
  await rig.writer.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, us);
  const pending = [...objects];
  const worker = async (): Promise<void> => {
    for (let next = pending.pop(); next !== undefined; next = pending.pop())
      await rig.writer.create(configMap(next, {}, name), us);
  };
  await Promise.all(Array.from({ length: 16 }, worker));
}

const watches = { verbs: ['watch'], resources: ['configmaps'] };
const lists = { verbs: ['list'], resources: ['configmaps'] };

describe('a watch', () => {
  it('of a server that does not know streaming lists is a paged list first, begun anew when it expires', async () => {
    const names = Array.from({ length: 620 }, (_, index) => `m-${index}`);
    await namespaceWith('paged', names);
    const rules: FaultRule[] = [
      { fault: { kind: 'watch-no-bookmarks', all: true }, match: watches },
      { fault: { kind: 'answer', status: 410 }, match: lists, times: 1 },
    ];
    proxy.setFaults(rules);
    const { there, story } = following(client, 'paged');
    await until(() => story.includes('synced'));
    // The root certificates come by themselves.
    expect(there.size).toBeGreaterThanOrEqual(names.length);
    await rig.writer.apply(configMap('late', {}, 'paged'), us);
    await until(() => there.has('late'));
  });

  it('waits as long as a server asks that is too busy, and says nothing of trouble', async () => {
    await namespaceWith('busy', ['a']);
    proxy.setFaults([
      { fault: { kind: 'answer', status: 429, retryAfterSeconds: 1 }, match: watches, times: 3 },
    ]);
    const began = performance.now();
    const { there, story } = following(client, 'busy');
    await until(() => there.has('a') && story.includes('synced'));
    expect(performance.now() - began).toBeGreaterThan(2_900);
    expect(story).not.toContain('trouble');
  });

  it('lists anew when its version has expired, and misses nothing', async () => {
    await namespaceWith('expiring', ['a', 'b']);
    const { there, story } = following(client, 'expiring');
    await until(() => story.includes('synced'));
    proxy.setFaults([{ fault: { kind: 'watch-expire' }, match: watches, times: 1 }]);
    await rig.writer.apply(configMap('c', { a: '1' }, 'expiring'), us);
    await rig.writer.remove({ ...configMapRef('a'), namespace: 'expiring' }, { propagation: 'Background' });
    await until(
      () => there.has('c') && !there.has('a') && story.filter((each) => each === 'synced').length > 1,
    );
  });

  it('brings no more than metadata where no more is wanted, streamed and in pages', async () => {
    await namespaceWith('slim', ['a']);
    const streamed = following(rig.client, 'slim', { metadataOnly: true });
    await until(() => streamed.there.has('a'));
    proxy.setFaults([{ fault: { kind: 'watch-no-bookmarks', all: true }, match: watches }]);
    const paged = following(client, 'slim', { metadataOnly: true });
    await until(() => paged.story.includes('synced'));
    for (const { story } of [streamed, paged])
      expect(new Set(story.filter((each) => each.includes(' ')))).toEqual(
        new Set(['PartialObjectMetadata false']),
      );
  });

  // Last, since it takes the cluster back in time.
  it('follows a server whose store was restored from a backup', async () => {
    await namespaceWith('restored', ['kept']);
    const store = join(dirname(rig.cluster.auditLog), 'etcd');
    await rig.cluster.kill9('apiserver');
    await cp(store, `${store}.backup`, { recursive: true });
    await rig.cluster.up();
    const { there, versions } = following(rig.client, 'restored');
    await until(() => there.has('kept'));
    for (let count = 0; count < 50; count++)
      await rig.writer.apply(configMap('lost', { n: String(count) }, 'restored'), us);
    await until(() => there.has('lost'));
    await rig.cluster.kill9('apiserver');
    await rm(store, { recursive: true });
    await cp(`${store}.backup`, store, { recursive: true });
    await rig.cluster.up();
    await until(() => !there.has('lost'));
    const changed = await rig.writer.apply(configMap('kept', { now: '1' }, 'restored'), us);
    await until(() => versions.get('kept') === changed.metadata.resourceVersion);
  });
});
