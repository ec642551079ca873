// The raw floor: what the same writes cost when nothing decides about them. One apply request an object, nothing else, sent
// by whichever bare loop is the fastest: in Node over weir's own transport, or in Go.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriter } from '@weir/kube';
import { type GoFloor, prepareGoFloor } from './go-floor.ts';
import type { Rig } from './rig.ts';
import { dropNamespace, ensureNamespace } from './rig.ts';
import { objectOf, objectsOf, type Workload } from './workload.ts';

const concurrencies = [8, 16, 32];

/** Enough to tell loops apart, few enough to be deleted soon. */
const sampleDeliveries = 20;
const sampleObjects = 10;

export interface Floor {
  readonly installSeconds: number;
  /** The same objects again, each with one line changed. */
  readonly changeSeconds: number;
  /** `Go, 32 at once` */
  readonly loop: string;
}

interface Loop {
  readonly name: string;
  /** Seconds for all objects of the workload at that revision. */
  readonly run: (workload: Workload, revision: string) => Promise<number>;
}

/** Of the loop that a sample showed to be the fastest. */
export async function measureFloor(rig: Rig, workload: Workload): Promise<Floor> {
  const go = await prepareGoFloor(rig);
  const loops = concurrencies.flatMap((concurrency) => loopsOf(rig, go, concurrency));
  const sample = {
    ...workload,
    deliveries: sampleDeliveries,
    objects: Math.min(sampleObjects, workload.deliveries * workload.objects),
  };
  let best = { seconds: Number.POSITIVE_INFINITY, loop: loops[0] };
  for (const loop of loops) {
    const [seconds = 0] = await timed(rig, { loop, workload: sample, revisions: ['1'] });
    if (seconds < best.seconds) best = { seconds, loop };
  }
  await Promise.all(loops.map((loop) => dropNamespace(rig, namespaceOf(loop, sample))));
  const { loop } = best;
  if (loop === undefined) throw new Error('there is no loop to measure');
  const [installSeconds = 0, changeSeconds = 0] = await timed(rig, { loop, workload, revisions: ['1', '2'] });
  await dropNamespace(rig, namespaceOf(loop, workload));
  return { installSeconds, changeSeconds, loop: loop.name };
}

function loopsOf(rig: Rig, go: GoFloor, concurrency: number): Loop[] {
  return [
    {
      name: `Node, ${concurrency} at once`,
      run: (workload, revision) => applyAll(rig, { workload, revision, concurrency }),
    },
    ...(['1.1', '2'] as const).map((http) => ({
      name: `Go, HTTP/${http}, ${concurrency} at once`,
      run: (workload: Workload, revision: string) =>
        go.applyAll(objectsOf(workload, revision), { concurrency, http }),
    })),
  ];
}

async function timed(
  rig: Rig,
  of: { loop: Loop; workload: Workload; revisions: readonly string[] },
): Promise<number[]> {
  const namespace = namespaceOf(of.loop, of.workload);
  await ensureNamespace(rig, namespace);
  const seconds: number[] = [];
  for (const revision of of.revisions)
    seconds.push(await of.loop.run({ ...of.workload, namespace }, revision));
  return seconds;
}

function namespaceOf(loop: Loop, { deliveries, objects }: Workload): string {
  return `floor-${deliveries}-${objects}-${loop.name.toLowerCase().replace(/[^a-z0-9]+/g, '-')}`;
}

async function applyAll(
  rig: Rig,
  of: { workload: Workload; revision: string; concurrency: number },
): Promise<number> {
  const writer = createWriter(rig.admin);
  const objects = objectsOf(of.workload, of.revision);
  const began = performance.now();
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let object = objects[next++]; object !== undefined; object = objects[next++])
      await writer.apply(object, { fieldManager: 'floor' });
  };
  await Promise.all(Array.from({ length: of.concurrency }, worker));
  return (performance.now() - began) / 1000;
}

/** Milliseconds of a bare `git fetch` in a mirror plus one apply of one changed object. */
export async function oneLineFloor(rig: Rig, of: { mirror: string; revision: string }): Promise<number> {
  const began = performance.now();
  const fetch = spawn('git', ['-C', of.mirror, 'fetch', '--quiet', 'origin', '+refs/heads/*:refs/heads/*'], {
    stdio: 'inherit',
  });
  await once(fetch, 'exit');
  const workload = { namespace: 'floor-one', kinds: 'ConfigMap' } as const;
  await rig.writer.apply(objectOf(workload, { app: 0, object: 0, revision: of.revision }), {
    fieldManager: 'floor',
  });
  return performance.now() - began;
}
