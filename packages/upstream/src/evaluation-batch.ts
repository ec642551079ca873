// Asks for many evaluations in few messages and finds the one that brings a process down; it knows no message's content.

import type { EvaluationFailure } from './evaluation-messages.ts';

/** Runs of one message. What one of them destroys is done again in halves, so that fewer cost less. */
export const MAX_RUNS = 200;

/** Processes that one call may cost: some six scripts that nothing but a kill stops. */
const MAX_KILLS = 48;

/** Stopped, the last result is of a run that could not be ended, and those after it were not evaluated. */
export type BatchAnswer<Result> =
  | { readonly ok: true; readonly results: readonly Result[]; readonly stopped: boolean }
  | { readonly ok: false; readonly error: EvaluationFailure };

export interface BatchPort<Run, Result> {
  /** One message; as many results as runs. */
  ask(runs: readonly Run[]): Promise<BatchAnswer<Result>>;
  /** What runs have in common that a script brought down: the others of it are not tried. */
  culprit(run: Run): unknown;
  failed(run: Run, error: EvaluationFailure): Result;
}

/** The results of all runs, in their order. Never rejects where the port does not. */
export async function evaluateInBatches<Run, Result>(
  runs: readonly Run[],
  port: BatchPort<Run, Result>,
): Promise<readonly Result[]> {
  const results = new Array<Result>(runs.length);
  const culprits = new Map<unknown, EvaluationFailure>();
  let kills = 0;

  const settle = (indices: readonly number[], error: EvaluationFailure): void => {
    for (const index of indices) results[index] = port.failed(runs[index] as Run, error);
  };
  const withoutCulprits = (indices: readonly number[]): readonly number[] =>
    indices.filter((index) => {
      const error = culprits.get(port.culprit(runs[index] as Run));
      if (error !== undefined) settle([index], error);
      return error === undefined;
    });
  const divide = async (indices: readonly number[], error: EvaluationFailure): Promise<void> => {
    const isKill = killing.has(error.code);
    kills += isKill ? 1 : 0;
    const [first] = indices;
    if (indices.length === 1 && isKill) culprits.set(port.culprit(runs[first as number] as Run), error);
    if (indices.length === 1 || kills >= MAX_KILLS || !(isKill || tooLarge.has(error.code))) {
      settle(indices, error);
      return;
    }
    const half = Math.ceil(indices.length / 2);
    await evaluate(indices.slice(0, half));
    await evaluate(indices.slice(half));
  };
  const evaluate = async (indices: readonly number[]): Promise<void> => {
    const open = withoutCulprits(indices);
    if (open.length === 0) return;
    const answer = await port.ask(open.map((index) => runs[index] as Run));
    if (!answer.ok) return divide(open, answer.error);
    for (const [at, result] of answer.results.entries()) results[open[at] as number] = result;
    if (!answer.stopped) return;
    kills += 1;
    const stuck = open[answer.results.length - 1] as number;
    culprits.set(port.culprit(runs[stuck] as Run), STUCK);
    settle([stuck], STUCK);
    await evaluate(open.slice(answer.results.length));
  };

  const all = runs.map((_, index) => index);
  const messages: Promise<void>[] = [];
  for (let from = 0; from < all.length; from += MAX_RUNS) {
    messages.push(evaluate(all.slice(from, from + MAX_RUNS)));
  }
  await Promise.all(messages);
  return results;
}

const STUCK: EvaluationFailure = {
  code: 'EVALUATION_TIMEOUT',
  message: 'it does not end, nor when it is told to',
};

const killing: ReadonlySet<string> = new Set([
  'EVALUATION_CRASHED',
  'EVALUATION_MEMORY',
  'EVALUATION_TIMEOUT',
]);
const tooLarge: ReadonlySet<string> = new Set(['FRAME_TOO_LARGE', 'OUTPUT_TOO_LARGE']);
