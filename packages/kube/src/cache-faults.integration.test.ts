// The cache behind a fault proxy: whatever happens on the wire, and in whatever order, in the end it knows what is there.

import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  drawFaults,
  type FaultProxy,
  readLocalKubeconfig,
  type SeededRandom,
  seededRandom,
  startFaultProxy,
} from '@weir/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { accessOfKubeconfig } from './access.ts';
import { type ClusterCache, createClusterCache } from './cache.ts';
import { connect, type KubeClient } from './client.ts';
import { ClusterRig, configMap, configMapRef } from './cluster-rig.ts';

const seed = Number(process.env.WEIR_FAULT_SEED ?? 77);
const runs = Number(process.env.WEIR_CACHE_FAULT_RUNS ?? 12);
const settleMs = 45_000;
const names = Array.from({ length: 8 }, (_, i) => `object-${i}`);

let rig: ClusterRig;
let proxy: FaultProxy;
let client: KubeClient;

beforeAll(async () => {
  rig = await ClusterRig.start();
  const upstream = readLocalKubeconfig(await readFile(rig.cluster.kubeconfigPath, 'utf8'));
  proxy = await startFaultProxy({ upstream, seed });
  const access = await accessOfKubeconfig(proxy.kubeconfig('faulty'));
  if (!access.ok) throw new Error(access.problem.message);
  client = connect(access.value);
});

afterAll(async () => {
  await client?.close();
  await proxy?.stop();
  await rig?.stop();
});

interface Watched {
  readonly cache: ClusterCache;
  /** What a listener knows who only heard of changes. */
  readonly heard: Map<string, string>;
}

function watch(): Watched {
  const heard = new Map<string, string>();
  const cache = createClusterCache(client, {
    marks: { labels: ['owner'], annotations: [], managers: [] },
    listener: {
      onChange: ({ before, after }) => {
        const name = (after ?? before)?.ref.name ?? '';
        if (after === undefined) heard.delete(name);
        else heard.set(name, after.resourceVersion);
      },
      onTrouble: () => undefined,
    },
  });
  return { cache, heard };
}

async function write(random: SeededRandom): Promise<void> {
  const name = random.pick(names);
  const object = configMap(name, { value: String(random.next()) });
  const uid = (await rig.client.get(configMapRef(name)))?.metadata.uid;
  if (uid === undefined || random.chance(0.6)) await rig.writer.apply(object, { fieldManager: 'test' });
  else await rig.writer.remove(configMapRef(name), { uid, propagation: 'Background' });
}

async function differences({ cache, heard }: Watched): Promise<string[]> {
  const found: string[] = [];
  const there = new Map<string, string>();
  const listed = await rig.client.list(
    { group: '', version: 'v1', plural: 'configmaps' },
    { namespace: 'default' },
  );
  for (const { metadata } of listed)
    if (names.includes(metadata.name)) there.set(metadata.name, metadata.resourceVersion ?? '');
  for (const name of names) {
    const version = there.get(name) ?? 'nothing';
    const cached = cache.live(configMapRef(name))?.resourceVersion ?? 'nothing';
    if (cached !== version) found.push(`${name}: ${version} is there, ${cached} is cached`);
    const told = heard.get(name) ?? 'nothing';
    if (told !== version) found.push(`${name}: ${version} is there, ${told} was heard`);
  }
  const trouble = cache.trouble();
  if (trouble !== undefined) found.push(`in trouble: ${trouble.message}`);
  return found;
}

test.each(Array.from({ length: runs }, (_, i) => i + 1))(`seed ${seed}, spell %i`, async (number) => {
  const random = seededRandom(seed, number);
  const watched = watch();
  const resource = await rig.client.resourceOf({ group: '', version: 'v1', kind: 'ConfigMap' });
  const isEarly = random.chance(0.3);
  const rules = drawFaults(random);
  if (isEarly) proxy.setFaults(rules);
  const followed = watched.cache.follow([resource], AbortSignal.timeout(settleMs)).catch(() => undefined);
  if (!isEarly) await followed;
  proxy.setFaults(rules);
  for (let left = random.between(5, 30); left > 0; left--) {
    await write(random);
    if (random.chance(0.2)) await sleep(random.between(0, 400));
    if (random.chance(0.1)) proxy.setFaults(drawFaults(random));
  }
  const faulty = await differences(watched);
  proxy.setFaults([]);
  const began = performance.now();
  let last = await differences(watched);
  while (last.length > 0 && performance.now() - began < settleMs) {
    await sleep(50);
    last = await differences(watched);
  }
  watched.cache.close();
  const took = Math.round(performance.now() - began);
  const shown = `${JSON.stringify(rules)}: ${faulty.length} differences under faults, settled in ${took} ms`;
  if (process.env.WEIR_FAULT_SHOW !== undefined) process.stdout.write(`${number}: ${shown}\n`);
  expect(last, shown).toEqual([]);
});
