// The fault loop: whatever happens on the wire, and whenever the controller dies, in the end the clusters are what Git says.
// WEIR_FAULT_SEED, WEIR_FAULT_FIRST and WEIR_FAULT_RUNS choose what is run; by default a few runs of one seed: what is new is looked for by night.

import { afterAll, expect, test } from 'vitest';
import { FaultLoop, type RunResult } from './fault-run.ts';

const seed = setting('WEIR_FAULT_SEED', 2);
const first = setting('WEIR_FAULT_FIRST', 1);
const runs = setting('WEIR_FAULT_RUNS', 5);
/** A fleet that failed is replaced; a defect that shows again and again need not be shown more often. */
const maxFailures = 5;

const results: RunResult[] = [];
let failures = 0;
let loop: FaultLoop | undefined;

function setting(name: string, otherwise: number): number {
  const text = process.env[name];
  if (text === undefined || text === '') return otherwise;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name}=${text}: expected a whole number`);
  return value;
}

afterAll(async () => {
  await loop?.stop();
  const settled = results.map(({ settleMs }) => settleMs).sort((a, b) => a - b);
  const sum = (of: (result: RunResult) => number): number =>
    results.reduce((total, each) => total + of(each), 0);
  console.log(
    `seed ${seed}: ${results.length} runs held, ${failures} failed; ${sum(({ injected }) => injected)} faults, ` +
      `${sum(({ kills }) => kills)} kills; settled within ${settled[Math.floor(settled.length / 2)]} ms (median), ` +
      `${settled.at(-1)} ms (longest)`,
  );
});

test('a controller that cannot start ends', async () => {
  loop ??= await FaultLoop.start(seed);
  await loop.failStarts();
}, 300_000);

test.each(Array.from({ length: runs }, (_, i) => first + i))(
  `seed ${seed}, run %i`,
  async (number) => {
    expect(failures, 'too many runs have failed').toBeLessThan(maxFailures);
    try {
      loop ??= await FaultLoop.start(seed);
      const result = await loop.run(number);
      results.push(result);
      console.log(
        `run ${number}: ${result.injected} faults, ${result.kills} kills, settled in ${result.settleMs} ms`,
      );
    } catch (error) {
      failures++;
      await loop?.stop();
      loop = undefined;
      throw error;
    }
  },
  300_000,
);
