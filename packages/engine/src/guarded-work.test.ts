import { WeirError } from '@weir/core';
import { expect, it } from 'vitest';
import { guarded } from './guarded-work.ts';

const defect = new Error('x is not a function');
const conflict = new WeirError({ code: 'APPLY_CONFLICT', message: 'newer' });

/** When the key is tried again after each outcome, in milliseconds. */
async function retries(outcomes: readonly (Error | number)[]): Promise<(number | undefined)[]> {
  const left = [...outcomes];
  const logged: string[] = [];
  const work = guarded(
    ({ message }) => void logged.push(message),
    async () => {
      const outcome = left.shift();
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  );
  const answers: (number | undefined)[] = [];
  for (const _ of outcomes) answers.push(await work('a', new AbortController().signal));
  return answers;
}

it('work that fails is tried again slower and slower, up to a bound', async () => {
  expect(await retries(Array.from({ length: 9 }, () => defect))).toEqual([
    5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000, 300_000,
  ]);
});

it('work that succeeds in between begins anew', async () =>
  expect(await retries([defect, defect, 7, defect])).toEqual([5_000, 10_000, 7, 5_000]));

it('a conflict is tried again soon, and one that never ends as any failure', async () =>
  expect(await retries(Array.from({ length: 7 }, () => conflict))).toEqual([
    500, 500, 500, 500, 500, 160_000, 300_000,
  ]));

it('the failures of one key are not those of another', async () => {
  const work = guarded(
    () => undefined,
    () => Promise.reject(defect),
  );
  const { signal } = new AbortController();
  expect([await work('a', signal), await work('a', signal), await work('b', signal)]).toEqual([
    5_000, 10_000, 5_000,
  ]);
});

it('nothing is tried again once the queue stops', async () => {
  const work = guarded(
    () => undefined,
    () => Promise.reject(defect),
  );
  expect(await work('a', AbortSignal.abort())).toBeUndefined();
});
