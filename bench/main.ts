// `npm run bench [-- options]`: runs the steps that were asked for, each workload and dialect in a rig of its own, and
// prints tables of figures as ratios to the floor.

import { cpus, loadavg } from 'node:os';
import { type Bench, settle } from './bench.ts';
import { events } from './events.ts';
import { type Figure, showFigures } from './figures.ts';
import { measureFloor } from './floor.ts';
import { Follower } from './follower.ts';
import { changeAll, installAll } from './install-step.ts';
import { oneLine } from './one-line-step.ts';
import { type BenchOptions, readOptions, usage } from './options.ts';
import { rest } from './rest-step.ts';
import { startRig } from './rig.ts';
import { type ScalingRow, scaling, scalingObjects, showScaling } from './scaling-step.ts';
import type { DialectName, Shape } from './workload.ts';

const log = (line: string): void =>
  void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

async function inRig<T>(
  of: { shape: Shape; dialect: DialectName; options: BenchOptions },
  work: (bench: Bench) => Promise<T>,
): Promise<T> {
  const { shape, dialect, options } = of;
  const rig = await startRig(log, options);
  try {
    const controller = await rig.startController();
    const workload = { ...shape, namespace: `bench-${shape.name.toLowerCase()}` };
    const follower = new Follower(rig, workload.namespace);
    const name = `${shape.name}, ${dialect}`;
    try {
      return await work({ name, rig, workload, dialect, controller, follower, log, settle });
    } catch (error) {
      log(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      throw error;
    } finally {
      follower.stop();
      await controller.stop();
    }
  } finally {
    await rig.stop();
  }
}

async function measure(bench: Bench, { steps, runs, restSeconds }: BenchOptions): Promise<Figure[]> {
  const { rig, workload, name } = bench;
  const isWanted = steps.has('install') || steps.has('all-changed');
  if (isWanted) log(`${name}: the floor`);
  const floor = isWanted ? await measureFloor(rig, workload) : undefined;
  log(`${name}: first install`);
  // The other steps begin where it ends.
  const found = await installAll(bench, floor);
  if (!steps.has('install')) found.length = 0;
  if (steps.has('rest')) found.push(...(await rest(bench, restSeconds)));
  if (steps.has('all-changed')) found.push(...(await changeAll(bench, floor)));
  if (steps.has('one-line')) found.push(...(await oneLine(bench, runs ?? (workload.name === 'W1' ? 20 : 5))));
  for (const { what, value, floor: beside } of found) log(`${what}: ${value}, floor ${beside ?? '-'}`);
  return found;
}

async function run(options: BenchOptions): Promise<void> {
  const figures: Figure[] = [];
  const rows: ScalingRow[] = [];
  const isScalingAlone = options.steps.size === 1 && options.steps.has('scaling');
  for (const shape of isScalingAlone ? [] : options.workloads)
    for (const dialect of options.dialects)
      figures.push(...(await inRig({ shape, dialect, options }, (bench) => measure(bench, options))));
  for (const deliveries of options.steps.has('scaling') ? options.scale : [])
    for (const dialect of options.dialects) {
      const shape = { name: 'Scale', deliveries, objects: scalingObjects, kinds: 'mixed' } as const;
      rows.push(await inRig({ shape, dialect, options }, scaling));
    }
  const tables = [figures.length > 0 ? showFigures(figures) : '', rows.length > 0 ? showScaling(rows) : ''];
  const [load = 0] = loadavg();
  process.stdout.write(
    `Node ${process.version}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}, load ${load.toFixed(1)} at the end\n\n`,
  );
  process.stdout.write(`${tables.filter((table) => table !== '').join('\n\n')}\n`);
}

async function main(): Promise<void> {
  let options: BenchOptions;
  try {
    options = readOptions(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
    process.exitCode = 2;
    return;
  }
  await run(options);
}

// A table of its own: it needs no cluster.
if (process.argv[2] === 'events') await events(process.argv.slice(3));
else await main();
