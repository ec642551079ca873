// One line of one file changes: how long until the object is seen, what it costs, and which requests it makes.

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type AuditEntry, countRequests } from '@weir/testkit';
import type { Bench } from './bench.ts';
import { type Figure, median, showMedian } from './figures.ts';
import { oneLineFloor } from './floor.ts';
import { ensureNamespace } from './rig.ts';
import { usageOf } from './usage.ts';
import { objectOf, pathOf, plurals, yamlOf } from './workload.ts';

const run = promisify(execFile);
const timeoutMs = 120_000;

/** What one commit cost. */
export interface OneLine {
  readonly ms: number;
  /** Of the controller and its children, until all that follows the commit is over. */
  readonly cpuMs: number;
  readonly objectWrites: number;
  /** Writes beside objects: the statuses and events of the delivery, and the new revision in the status of the others. */
  readonly otherWrites: number;
}

/** The turn names the revision and chooses the delivery, so that no two changes in a row meet the same one. */
export async function changeOneLine(bench: Bench, turn: number): Promise<OneLine> {
  const { rig, workload, controller, follower, log } = bench;
  const app = (turn * 7) % workload.deliveries;
  const revision = `one-${turn}`;
  const object = objectOf(workload, { app, object: 0, revision });
  await rig.repo.write({ [pathOf(app, 0)]: yamlOf(object) });
  await rig.repo.commit(`One line ${turn}`);
  await rig.repo.push();
  const marker = await rig.cluster.markAudit();
  const before = await usageOf(controller.pid);
  const began = performance.now();
  await controller.push();
  await follower.until(() => follower.has(object, revision), timeoutMs);
  const ms = performance.now() - began;
  await bench.settle();
  const after = await usageOf(controller.pid);
  const writes = (await rig.cluster.requestsSince(marker)).filter(isWrite);
  for (const [key, count] of Object.entries(countRequests(writes))) log(`  ${count} ${key}`);
  const objectWrites = writes.filter(({ resource }) => plurals.includes(resource)).length;
  return {
    ms,
    cpuMs: (after.cpuSeconds - before.cpuSeconds) * 1000,
    objectWrites,
    otherWrites: writes.length - objectWrites,
  };
}

function isWrite({ user, verb, resource }: AuditEntry): boolean {
  return user === 'weir' && !['get', 'list', 'watch'].includes(verb) && !resource.startsWith('leases');
}

export async function oneLine(bench: Bench, runs: number): Promise<Figure[]> {
  const { rig, workload, dialect, name, log } = bench;
  const mirror = join(rig.dir, `floor-${workload.name}-${dialect}.git`);
  // The Git server lives in this process, so nothing may block it.
  await run('git', ['clone', '--quiet', '--mirror', rig.repoUrl, mirror]);
  await ensureNamespace(rig, 'floor-one');
  await bench.settle();
  const lines: OneLine[] = [];
  const floors: number[] = [];
  for (let turn = 0; turn < runs; turn++) {
    const line = await changeOneLine(bench, turn);
    lines.push(line);
    const floorMs = await oneLineFloor(rig, { mirror, revision: `one-${turn}` });
    floors.push(floorMs);
    log(`${name}: one line ${turn + 1}/${runs}: ${line.ms.toFixed(0)} ms, floor ${floorMs.toFixed(0)} ms`);
  }
  const times = lines.map(({ ms }) => ms);
  const over = median(times) - median(floors);
  return [
    {
      what: `${name}: one line, commit to object seen (median of ${runs})`,
      value: showMedian(times, 'ms'),
      floor: `${median(floors).toFixed(0)} ms`,
      ratio: `${(median(times) / median(floors)).toFixed(2)} (floor + ${over.toFixed(0)} ms)`,
      aim: 'floor + 150 ms',
    },
    {
      what: `${name}: CPU of one line, with all that follows it (median of ${runs})`,
      value: showMedian(
        lines.map(({ cpuMs }) => cpuMs),
        'ms',
      ),
    },
    {
      what: `${name}: objects written for one line (most of ${runs})`,
      value: String(Math.max(...lines.map(({ objectWrites }) => objectWrites))),
      aim: '1',
    },
    {
      what: `${name}: other writes for one line, carried-over revisions included (median of ${runs})`,
      value: String(median(lines.map(({ otherWrites }) => otherWrites))),
    },
  ];
}
