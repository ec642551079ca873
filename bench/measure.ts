// The measurements: first install, one changed line, rest. Each is given as a ratio to the floor of the same run.

import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { KubeObject } from '@weir/core';
import { countRequests } from '@weir/testkit';
import { installFloor, oneLineFloor } from './floor.ts';
import { type ControllerProcess, ensureNamespace, type Rig } from './rig.ts';
import { type DialectName, declare, filesOf, objectOf, pathOf, type Workload, yamlOf } from './workload.ts';

const run = promisify(execFile);

export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly floor?: string;
  readonly ratio?: string;
  readonly aim: string;
}

const plurals = ['configmaps', 'services', 'serviceaccounts'];

/** Follows a namespace and resolves once all its objects carry the revision. */
export class Follower {
  readonly #stop = new AbortController();
  readonly #seen = new Map<string, string>();
  readonly #waits = new Set<{ isDone: () => boolean; resolve: () => void }>();

  constructor(rig: Rig, namespace: string) {
    for (const plural of plurals) void this.#follow(rig, { namespace, plural });
  }

  async #follow(rig: Rig, of: { namespace: string; plural: string }): Promise<void> {
    for await (const event of rig.admin.watch(
      { group: '', version: 'v1', plural: of.plural },
      { namespace: of.namespace, signal: this.#stop.signal },
    )) {
      if (event.kind === 'put')
        this.#seen.set(
          `${event.object.kind}/${event.object.metadata.name}`,
          event.object.metadata.annotations?.['bench/revision'] ?? '',
        );
      for (const wait of this.#waits) if (wait.isDone()) wait.resolve();
    }
  }

  has(object: KubeObject, revision: string): boolean {
    return this.#seen.get(`${object.kind}/${object.metadata.name}`) === revision;
  }

  count(revision: string): number {
    let count = 0;
    for (const seen of this.#seen.values()) if (seen === revision) count++;
    return count;
  }

  async until(isDone: () => boolean, timeoutMs: number): Promise<void> {
    if (isDone()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the objects did not arrive in time')), timeoutMs);
      const wait = {
        isDone,
        resolve: () => {
          clearTimeout(timer);
          this.#waits.delete(wait);
          resolve();
        },
      };
      this.#waits.add(wait);
    });
  }

  stop(): void {
    this.#stop.abort(new Error('done'));
  }
}

export interface Bench {
  readonly rig: Rig;
  readonly workload: Workload;
  readonly dialect: DialectName;
  readonly log: (line: string) => void;
}

/** From the commit that brings all objects to the last of them seen; the deliveries were declared before. */
export async function firstInstall(
  of: Bench & { controller: ControllerProcess; follower: Follower },
): Promise<Figure[]> {
  const { rig, workload, dialect, log } = of;
  log(`${workload.name} ${dialect}: the floor`);
  const floor = await installFloor(rig, workload);
  await ensureNamespace(rig, workload.namespace);
  await declare(rig, workload, dialect);
  await settled();
  log(`${workload.name} ${dialect}: first install`);
  await rig.repo.write(filesOf(workload, '1'));
  await rig.repo.commit('All objects');
  await rig.repo.push();
  const total = workload.deliveries * workload.objects;
  const marker = await rig.cluster.markAudit();
  const cpu = (await usageOf(of.controller.pid)).cpuSeconds;
  const began = performance.now();
  await of.controller.push();
  await of.follower.until(() => of.follower.count('1') === total, 300_000);
  const seconds = (performance.now() - began) / 1000;
  const requests = countRequests(
    (await rig.cluster.requestsSince(marker)).filter(({ user }) => user === 'weir'),
  );
  const used = (await usageOf(of.controller.pid)).cpuSeconds - cpu;
  for (const [key, count] of Object.entries(requests)) log(`  ${count} ${key}`);
  const name = `${workload.name}, ${dialect}: first install of ${workload.deliveries} x ${workload.objects}`;
  return [
    {
      what: name,
      value: `${seconds.toFixed(2)} s`,
      floor: `${floor.seconds.toFixed(2)} s (${floor.concurrency} at once)`,
      ratio: (seconds / floor.seconds).toFixed(2),
      aim: 'at most 1.5 x floor',
    },
    { what: `${name}: CPU of the controller and its evaluators`, value: `${used.toFixed(1)} s`, aim: '-' },
  ];
}

/** Status writes and verdicts of what went before are over. */
async function settled(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 5_000));
}

export async function oneLine(
  of: Bench & { controller: ControllerProcess; follower: Follower; runs: number },
): Promise<Figure[]> {
  const { rig, workload, dialect, runs, log } = of;
  const mirror = join(rig.dir, `floor-${workload.name}-${dialect}.git`);
  // The Git server lives in this process, so nothing may block it.
  await run('git', ['clone', '--quiet', '--mirror', rig.repoUrl, mirror]);
  await ensureNamespace(rig, 'floor-one');
  await settled();
  const times: number[] = [];
  const floors: number[] = [];
  const writes: number[] = [];
  for (let turn = 0; turn < runs; turn++) {
    const app = (turn * 7) % workload.deliveries;
    const object = objectOf({ namespace: workload.namespace, app, object: 0, revision: `one-${turn}` });
    await rig.repo.write({ [pathOf(app, 0)]: yamlOf(object) });
    await rig.repo.commit(`One line ${turn}`);
    await rig.repo.push();
    const marker = await rig.cluster.markAudit();
    const began = performance.now();
    await of.controller.push();
    await of.follower.until(() => of.follower.has(object, `one-${turn}`), 120_000);
    times.push(performance.now() - began);
    await settled();
    const requests = await rig.cluster.requestsSince(marker);
    writes.push(
      requests.filter(
        ({ user, resource, verb }) => user === 'weir' && verb === 'patch' && plurals.includes(resource),
      ).length,
    );
    floors.push(await oneLineFloor(rig, { mirror, revision: `one-${turn}` }));
    log(
      `${workload.name} ${dialect}: one line ${turn + 1}/${runs}: ${times.at(-1)?.toFixed(0)} ms, floor ${floors.at(-1)?.toFixed(0)} ms`,
    );
  }
  const over = median(times) - median(floors);
  return [
    {
      what: `${workload.name}, ${dialect}: one line, commit to object seen (median of ${runs})`,
      value: `${median(times).toFixed(0)} ms (${Math.min(...times).toFixed(0)}-${Math.max(...times).toFixed(0)})`,
      floor: `${median(floors).toFixed(0)} ms`,
      ratio: `${(median(times) / median(floors)).toFixed(2)} (floor + ${over.toFixed(0)} ms)`,
      aim: 'floor + 300 ms',
    },
    {
      what: `${workload.name}, ${dialect}: managed objects written for one line (most of ${runs})`,
      value: String(Math.max(...writes)),
      aim: '1',
    },
  ];
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Requests in 60 seconds in which nothing happens, besides watches and leases. */
export async function rest(of: Bench & { controller: ControllerProcess }): Promise<Figure[]> {
  await settled();
  await settled();
  const before = await usageOf(of.controller.pid);
  const marker = await of.rig.cluster.markAudit();
  of.log(`${of.workload.name} ${of.dialect}: 60 seconds of rest`);
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  const requests = (await of.rig.cluster.requestsSince(marker)).filter(
    ({ user, resource }) => user === 'weir' && !resource.startsWith('leases'),
  );
  const after = await usageOf(of.controller.pid);
  const name = `${of.workload.name}, ${of.dialect}`;
  return [
    { what: `${name}: requests in 60 s at rest`, value: String(requests.length), aim: '0' },
    {
      what: `${name}: CPU in these 60 s`,
      value: `${(after.cpuSeconds - before.cpuSeconds).toFixed(2)} s`,
      aim: '-',
    },
    {
      what: `${name}: resident memory, controller and evaluators`,
      value: `${after.residentMiB.toFixed(0)} MiB`,
      aim: '-',
    },
    { what: `${name}: CPU since the start`, value: `${after.cpuSeconds.toFixed(1)} s`, aim: '-' },
  ];
}

/** Of a process and its children. */
async function usageOf(pid: number): Promise<{ cpuSeconds: number; residentMiB: number }> {
  const children = spawnSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
    .stdout.split('\n')
    .map(Number)
    .filter((child) => child > 0);
  let ticks = 0;
  let kib = 0;
  for (const each of [pid, ...children]) {
    const stat = await readFile(`/proc/${each}/stat`, 'utf8').catch(() => '');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
    const status = await readFile(`/proc/${each}/status`, 'utf8').catch(() => '');
    kib += Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0);
  }
  return { cpuSeconds: ticks / 100, residentMiB: kib / 1024 };
}
