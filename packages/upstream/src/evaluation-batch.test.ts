import { describe, expect, it } from 'vitest';
import { evaluateInBatches, MAX_RUNS } from './evaluation-batch.ts';

/** A port that answers each run with its name, unless a message holds one that brings the process down. */
function port(fatal: Readonly<Record<string, 'EVALUATION_MEMORY' | 'EVALUATION_BUSY' | 'FRAME_TOO_LARGE'>>) {
  const sizes: number[] = [];
  return {
    sizes,
    async ask(runs: readonly string[]) {
      sizes.push(runs.length);
      const hit = runs.find((run) => script(run) in fatal);
      const code = hit === undefined ? undefined : fatal[script(hit)];
      if (code === undefined) return { ok: true as const, ...upToStuck(runs) };
      const error = {
        code: code === 'EVALUATION_BUSY' ? ('EVALUATION_ABORTED' as const) : code,
        message: code,
      };
      return { ok: false as const, error };
    },
    culprit: script,
    failed: (_run: string, error: { readonly code: string }) => error.code,
  };
}

/** A process ends with a run that is stuck. */
function upToStuck(runs: readonly string[]): { results: readonly string[]; stopped: boolean } {
  const at = runs.findIndex((run) => script(run) === 'stuck');
  return at < 0 ? { results: runs, stopped: false } : { results: runs.slice(0, at + 1), stopped: true };
}

const script = (run: string): string => run.split('/')[0] ?? run;

describe('evaluations in batches', () => {
  const cases: Record<string, [string[], Parameters<typeof port>[0], string]> = {
    'one message for few': [['a/1', 'a/2', 'b/1'], {}, 'a/1 a/2 b/1 in 3'],
    'none for nothing': [[], {}, ' in '],
    'what kills fails alone': [
      ['a/1', 'bad/1', 'a/2', 'b/1'],
      { bad: 'EVALUATION_MEMORY' },
      'a/1 EVALUATION_MEMORY a/2 b/1 in 4,2,1,1,2',
    ],
    'others of its script are not tried': [
      ['bad/1', 'a/1', 'bad/2', 'bad/3'],
      { bad: 'EVALUATION_MEMORY' },
      'EVALUATION_MEMORY a/1 EVALUATION_MEMORY EVALUATION_MEMORY in 4,2,1,1',
    ],
    'what is too large for a frame fails alone': [
      ['a/1', 'big/1'],
      { big: 'FRAME_TOO_LARGE' },
      'a/1 FRAME_TOO_LARGE in 2,1,1',
    ],
    'what is stuck fails alone, and what came after it is asked for again': [
      ['a/1', 'stuck/1', 'b/1', 'stuck/2', 'c/1'],
      {},
      'a/1 EVALUATION_TIMEOUT b/1 EVALUATION_TIMEOUT c/1 in 5,2',
    ],
    'what was given up is not tried again': [
      ['a/1', 'gone/1'],
      { gone: 'EVALUATION_BUSY' },
      'EVALUATION_ABORTED EVALUATION_ABORTED in 2',
    ],
  };
  for (const [name, [runs, fatal, expected]] of Object.entries(cases)) {
    it(name, async () => {
      const asked = port(fatal);
      const results = await evaluateInBatches(runs, asked);
      expect(`${results.join(' ')} in ${asked.sizes.join(',')}`).toBe(expected);
    });
  }

  it('many messages for many, results in their order', async () => {
    const runs = Array.from({ length: 2 * MAX_RUNS + 1 }, (_, at) => `a/${at}`);
    const asked = port({});
    expect(await evaluateInBatches(runs, asked)).toEqual(runs);
    expect(asked.sizes).toEqual([MAX_RUNS, MAX_RUNS, 1]);
  });

  it('stops halving where every script kills', async () => {
    const runs = Array.from({ length: MAX_RUNS }, (_, at) => `bad${at}/1`);
    const asked = port(Object.fromEntries(runs.map((run) => [script(run), 'EVALUATION_MEMORY' as const])));
    expect(new Set(await evaluateInBatches(runs, asked))).toEqual(new Set(['EVALUATION_MEMORY']));
    expect(asked.sizes.length).toBeLessThan(60);
  });
});
