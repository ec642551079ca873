// What a benchmark is asked to do: reads the command line and refuses what it does not know. It measures nothing.

import { parseArgs } from 'node:util';
import type { DialectName, Shape } from './workload.ts';

export const steps = ['install', 'rest', 'one-line', 'all-changed', 'scaling'] as const;
export type Step = (typeof steps)[number];

const workloads: Readonly<Record<string, Shape>> = {
  W1: { name: 'W1', deliveries: 100, objects: 10, kinds: 'mixed' },
  W2: { name: 'W2', deliveries: 1, objects: 2_000, kinds: 'mixed' },
  W3: { name: 'W3', deliveries: 1_000, objects: 5, kinds: 'mixed' },
  W4: { name: 'W4', deliveries: 1, objects: 10_000, kinds: 'ConfigMap' },
};
const dialects: readonly DialectName[] = ['flux', 'argocd'];

export interface BenchOptions {
  readonly dialects: readonly DialectName[];
  readonly workloads: readonly Shape[];
  readonly steps: ReadonlySet<Step>;
  /** Changes of one line; undefined: as many as suit the workload. */
  readonly runs: number | undefined;
  readonly restSeconds: number;
  /** Numbers of deliveries that the scaling step compares. */
  readonly scale: readonly number[];
  /** Folder for the controller's CPU profile. */
  readonly profileDir: string | undefined;
}

export const usage = `npm run bench -- [options]

  --workload W1|W2|W3|W4   W1 100 x 10, W2 1 x 2,000, W3 1,000 x 5, W4 1 x 10,000 ConfigMaps; repeatable (W1, W2)
  --objects N              objects a delivery, instead of the workload's own
  --dialect flux|argocd    repeatable (both)
  --step STEP              ${steps.join(', ')}; repeatable (install, rest, one-line)
  --runs N                 changes of one line (20 in W1, else 5)
  --rest-seconds N         length of the rest (60)
  --deliveries A,B,C       what the step scaling compares, with 5 objects each (10,100,1000)
  --profile DIR            writes a CPU profile of the controller

npm run bench -- events [--seconds N]

  a thousand watch events a second through cache, waker and queue (60 s), beside a loop that only parses them`;

/** Throws with a message for the user. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      dialect: { type: 'string', multiple: true, default: [...dialects] },
      workload: { type: 'string', multiple: true, default: ['W1', 'W2'] },
      objects: { type: 'string' },
      runs: { type: 'string' },
      step: { type: 'string', multiple: true, default: ['install', 'rest', 'one-line'] },
      'rest-seconds': { type: 'string', default: '60' },
      deliveries: { type: 'string', default: '10,100,1000' },
      profile: { type: 'string' },
    },
  });
  const objects = values.objects === undefined ? undefined : countOf('objects', values.objects);
  return {
    dialects: values.dialect.map((name) => oneOf('dialect', name, dialects)),
    workloads: values.workload.map((name) => {
      const shape = workloads[oneOf('workload', name, Object.keys(workloads))];
      if (shape === undefined) throw new Error(`workload ${name}: unknown`);
      return objects === undefined ? shape : { ...shape, objects };
    }),
    steps: new Set(values.step.map((name) => oneOf('step', name, steps))),
    runs: values.runs === undefined ? undefined : countOf('runs', values.runs),
    restSeconds: countOf('rest-seconds', values['rest-seconds']),
    scale: values.deliveries.split(',').map((count) => countOf('deliveries', count)),
    profileDir: values.profile,
  };
}

function oneOf<Name extends string>(option: string, given: string, known: readonly Name[]): Name {
  const found = known.find((name) => name === given);
  if (found === undefined)
    throw new Error(`--${option} ${given}: unknown; expected one of ${known.join(', ')}`);
  return found;
}

/** More would be a typing error: the largest workload has 10,000 objects. */
const maxCount = 100_000;

function countOf(option: string, given: string): number {
  const count = Number(given);
  if (!Number.isInteger(count) || count < 1 || count > maxCount)
    throw new Error(`--${option} ${given}: expected a whole number from 1 to ${maxCount}`);
  return count;
}
