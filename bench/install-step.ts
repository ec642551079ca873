// From the commit that brings or changes all objects to the last of them seen, beside the floor of the same run.

import { type AuditEntry, countRequests } from '@weir/testkit';
import type { Bench } from './bench.ts';
import type { Figure } from './figures.ts';
import type { Floor } from './floor.ts';
import { ensureNamespace } from './rig.ts';
import { usageOf } from './usage.ts';
import { declare, filesOf } from './workload.ts';

const timeoutMs = 600_000;

/** Declares the deliveries, then commits what they deliver. */
export async function installAll(bench: Bench, floor: Floor | undefined): Promise<Figure[]> {
  const { rig, workload, dialect } = bench;
  await ensureNamespace(rig, workload.namespace);
  await declare(rig, workload, dialect);
  await bench.settle();
  return bringAll(bench, {
    revision: '1',
    what: 'first install',
    floorSeconds: floor?.installSeconds,
    floor,
  });
}

/** One more commit: every object gets another revision. */
export async function changeAll(bench: Bench, floor: Floor | undefined): Promise<Figure[]> {
  return bringAll(bench, { revision: '2', what: 'all changed', floorSeconds: floor?.changeSeconds, floor });
}

async function bringAll(
  bench: Bench,
  of: { revision: string; what: string; floor: Floor | undefined; floorSeconds: number | undefined },
): Promise<Figure[]> {
  const { rig, workload, controller, follower, log } = bench;
  const total = workload.deliveries * workload.objects;
  const name = `${bench.name}: ${of.what} of ${workload.deliveries} x ${workload.objects}`;
  await rig.repo.write(filesOf(workload, of.revision));
  await rig.repo.commit(`All objects at ${of.revision}`);
  await rig.repo.push();
  const marker = await rig.cluster.markAudit();
  const before = await usageOf(controller.pid);
  const began = performance.now();
  await controller.push();
  await follower.until(() => follower.count(of.revision) === total, timeoutMs);
  const seconds = (performance.now() - began) / 1000;
  const after = await usageOf(controller.pid);
  // What is told of the work follows it, the digests in the journals last.
  await bench.settle();
  await bench.settle();
  const requests = countRequests(
    (await rig.cluster.requestsSince(marker)).filter(({ user }: AuditEntry) => user === 'weir'),
  );
  for (const [key, count] of Object.entries(requests)) log(`  ${count} ${key}`);
  const all = Object.values(requests).reduce((sum, count) => sum + count, 0);
  const { floor, floorSeconds } = of;
  return [
    {
      what: name,
      value: `${seconds.toFixed(2)} s`,
      aim: 'at most 1.5 x floor',
      ...(floor === undefined || floorSeconds === undefined
        ? {}
        : {
            floor: `${floorSeconds.toFixed(2)} s (${floor.loop})`,
            ratio: (seconds / floorSeconds).toFixed(2),
          }),
    },
    {
      what: `${name}: CPU of the controller and its evaluators until then`,
      value: `${(after.cpuSeconds - before.cpuSeconds).toFixed(1)} s`,
    },
    {
      what: `${name}: requests until settled, besides one an object`,
      value: `${((all - total) / workload.deliveries).toFixed(2)} a delivery`,
    },
  ];
}
