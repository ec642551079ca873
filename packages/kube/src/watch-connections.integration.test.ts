import { readFile } from 'node:fs/promises';
import { type FaultProxy, readLocalKubeconfig, startFaultProxy } from '@weir/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { accessOfKubeconfig } from './access.ts';
import type { KubeClient } from './client.ts';
import { ClusterRig, configMap, until } from './cluster-rig.ts';

let rig: ClusterRig;
const proxies: FaultProxy[] = [];
const stop = new AbortController();

beforeAll(async () => {
  rig = await ClusterRig.start();
});

afterAll(async () => {
  stop.abort(new Error('the test is over'));
  for (const proxy of proxies) await proxy.stop();
  await rig?.stop();
});

async function through(http1Only: boolean): Promise<{ client: KubeClient; proxy: FaultProxy }> {
  const upstream = readLocalKubeconfig(await readFile(rig.cluster.kubeconfigPath, 'utf8'));
  const proxy = await startFaultProxy({ upstream, http1Only });
  proxies.push(proxy);
  const access = await accessOfKubeconfig(proxy.kubeconfig('proxied'));
  if (!access.ok) throw new Error(access.problem.message);
  return { client: rig.connect(access.value), proxy };
}

/** How many of so many watches have seen everything, and which config maps they have seen since. */
function follow(
  client: KubeClient,
  count: number,
): { synced: Set<number>; seen: string[]; troubles: string[] } {
  const found = { synced: new Set<number>(), seen: [] as string[], troubles: [] as string[] };
  const resource = { group: '', version: 'v1', plural: 'configmaps' };
  const run = async (index: number): Promise<void> => {
    for await (const event of client.watch(resource, { namespace: 'default', signal: stop.signal }))
      if (event.kind === 'synced') found.synced.add(index);
      else if (event.kind === 'put') found.seen.push(`${index} ${event.object.metadata.name}`);
      else if (event.kind === 'trouble') found.troubles.push(String(event.error));
  };
  for (let index = 0; index < count; index++) run(index).catch(() => undefined);
  return found;
}

it.each([
  ['a connection for each where the server speaks HTTP/1.1 only', true, 40],
  ['one connection for all of them over HTTP/2', false, 2],
])('forty watches get %s', async (_connections, http1Only, connections) => {
  const { client, proxy } = await through(http1Only);
  const { synced, seen, troubles } = follow(client, 40);
  await until(() => synced.size === 40);
  // Requests have connections of their own.
  expect(proxy.connections()).toBeGreaterThanOrEqual(connections);
  expect(proxy.connections()).toBeLessThanOrEqual(connections + 16);
  await rig.writer.apply(configMap(`late-${http1Only}`), { fieldManager: 'weir-test' });
  await until(() => new Set(seen.filter((each) => each.endsWith(`late-${http1Only}`))).size === 40);
  expect(troubles).toEqual([]);
});
