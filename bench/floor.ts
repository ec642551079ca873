// The raw floor: what the same writes cost when nothing decides about them. One apply request an object, nothing else.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriter, type KubeClient } from '@weir/kube';
import type { Rig } from './rig.ts';
import { dropNamespace, ensureNamespace } from './rig.ts';
import { objectOf, type Workload } from './workload.ts';

const concurrencies = [8, 16, 32];

/** Enough to tell concurrencies apart, few enough to be deleted soon. */
const sampleDeliveries = 20;

/** Seconds of a bare loop of applies at the concurrency that a sample showed to be the best, and which that was. */
export async function installFloor(
  rig: Rig,
  workload: Workload,
): Promise<{ seconds: number; concurrency: number }> {
  let best = { seconds: Number.POSITIVE_INFINITY, concurrency: 0 };
  const total = workload.deliveries * workload.objects;
  const sample = { ...workload, deliveries: sampleDeliveries, objects: Math.min(10, total) };
  for (const concurrency of concurrencies) {
    const seconds = await timed(rig, sample, concurrency);
    if (seconds < best.seconds) best = { seconds, concurrency };
  }
  return { ...best, seconds: await timed(rig, workload, best.concurrency) };
}

async function timed(rig: Rig, workload: Workload, concurrency: number): Promise<number> {
  const namespace = `floor-${workload.deliveries}-${concurrency}`;
  await ensureNamespace(rig, namespace);
  const seconds = await applyAll(rig.admin, { ...workload, namespace }, concurrency);
  await dropNamespace(rig, namespace);
  return seconds;
}

async function applyAll(client: KubeClient, workload: Workload, concurrency: number): Promise<number> {
  const writer = createWriter(client);
  const objects = Array.from({ length: workload.deliveries * workload.objects }, (_, index) =>
    objectOf({
      namespace: workload.namespace,
      app: Math.floor(index / workload.objects),
      object: index % workload.objects,
      revision: '1',
    }),
  );
  const began = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let object = objects[next++]; object !== undefined; object = objects[next++])
      await writer.apply(object, { fieldManager: 'floor' });
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return (performance.now() - began) / 1000;
}

/** Milliseconds of a bare `git fetch` in a mirror plus one apply of one changed object. */
export async function oneLineFloor(rig: Rig, of: { mirror: string; revision: string }): Promise<number> {
  const began = performance.now();
  const fetch = spawn('git', ['-C', of.mirror, 'fetch', '--quiet', 'origin', '+refs/heads/*:refs/heads/*'], {
    stdio: 'inherit',
  });
  await once(fetch, 'exit');
  await rig.writer.apply(objectOf({ namespace: 'floor-one', app: 0, object: 0, revision: of.revision }), {
    fieldManager: 'floor',
  });
  return performance.now() - began;
}
