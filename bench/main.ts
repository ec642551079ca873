// `npm run bench [-- --dialect flux|argocd] [--workload W1|W2] [--runs N]
// [--step install|rest|one-line]`: prints a table of figures as ratios.

import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { type Figure, Follower, firstInstall, oneLine, rest } from './measure.ts';
import { startRig } from './rig.ts';
import type { DialectName, Workload } from './workload.ts';

const { values } = parseArgs({
  options: {
    dialect: { type: 'string', multiple: true, default: ['flux', 'argocd'] },
    workload: { type: 'string', multiple: true, default: ['W1', 'W2'] },
    runs: { type: 'string', default: '20' },
    step: { type: 'string', multiple: true, default: ['install', 'rest', 'one-line'] },
  },
});

const workloads: Readonly<Record<string, Omit<Workload, 'namespace'>>> = {
  W1: { name: 'W1', deliveries: 100, objects: 10 },
  W2: { name: 'W2', deliveries: 1, objects: 2_000 },
};

const log = (line: string): void =>
  void process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);

async function measure(of: { dialect: DialectName; workload: Workload }): Promise<Figure[]> {
  const rig = await startRig(log);
  try {
    const controller = await rig.startController();
    const bench = { ...of, rig, log, controller, follower: new Follower(rig, of.workload.namespace) };
    try {
      const isWanted = (step: string): boolean => values.step.includes(step);
      const found = await firstInstall(bench);
      for (const { what, value, floor } of found) log(`${what}: ${value}, floor ${floor ?? '-'}`);
      if (isWanted('rest')) found.push(...(await rest(bench)));
      const runs = of.workload.name === 'W1' ? Number(values.runs) : Math.min(5, Number(values.runs));
      if (isWanted('one-line')) found.push(...(await oneLine({ ...bench, runs })));
      return found;
    } catch (error) {
      log(`failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      throw error;
    } finally {
      bench.follower.stop();
      await controller.stop();
    }
  } finally {
    await rig.stop();
  }
}

function tableOf(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ what, value, floor, ratio, aim }) =>
      `| ${what} | ${value} | ${floor ?? ''} | ${ratio ?? ''} | ${aim} |`,
  );
  return ['| what | weir | floor | ratio | aim |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

const figures: Figure[] = [];
for (const name of values.workload) {
  const shape = workloads[name];
  if (shape === undefined)
    throw new Error(`workload ${name}: unknown; expected ${Object.keys(workloads).join(' or ')}`);
  for (const dialect of values.dialect) {
    if (dialect !== 'flux' && dialect !== 'argocd')
      throw new Error(`dialect ${dialect}: unknown; expected flux or argocd`);
    figures.push(
      ...(await measure({ dialect, workload: { ...shape, namespace: `bench-${name.toLowerCase()}` } })),
    );
  }
}
process.stdout.write(
  `Node ${process.version}, ${cpus().length} cores, ${new Date().toISOString().slice(0, 10)}\n\n${tableOf(figures)}\n`,
);
