// Nothing happens: which requests are made all the same, and what it costs to be there.

import type { Bench } from './bench.ts';
import type { Figure } from './figures.ts';
import { usageOf } from './usage.ts';

/** Requests besides watches and leases. */
export async function rest(bench: Bench, seconds: number): Promise<Figure[]> {
  const { rig, workload, controller, name } = bench;
  await bench.settle();
  await bench.settle();
  const before = await usageOf(controller.pid);
  const marker = await rig.cluster.markAudit();
  bench.log(`${name}: ${seconds} seconds of rest`);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const requests = (await rig.cluster.requestsSince(marker)).filter(
    ({ user, resource }) => user === 'weir' && !resource.startsWith('leases'),
  );
  const after = await usageOf(controller.pid);
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  const kib = (after.residentMiB * 1024) / (workload.deliveries * workload.objects);
  return [
    { what: `${name}: requests in ${seconds} s at rest`, value: String(requests.length), aim: '0' },
    {
      what: `${name}: CPU at rest`,
      value: `${((cpuSeconds / seconds) * 100).toFixed(2)} % of a core (${cpuSeconds.toFixed(2)} s)`,
    },
    {
      what: `${name}: resident memory, controller and evaluators`,
      value: `${after.residentMiB.toFixed(0)} MiB, ${kib.toFixed(1)} KiB an object`,
      aim: 'at most 250 MiB',
    },
    { what: `${name}: CPU since the start`, value: `${after.cpuSeconds.toFixed(1)} s` },
  ];
}
