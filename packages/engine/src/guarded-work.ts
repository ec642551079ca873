// Work on a key that must not reach another key when it fails: it is logged, and tried again slower and slower.
// It decides nothing about the work.

import { problemOf } from './fleet.ts';
import type { Log } from './log.ts';

type Work = (id: string, signal: AbortSignal) => Promise<number | undefined>;

/** Work that failed in a way that nobody foresaw is tried again after this, and after twice as long each time. */
const firstRetryMs = 5_000;
const maxRetryMs = 300_000;
/** Somebody else wrote in between: its watch event is on the way. */
const conflictRetryMs = 500;
/** Conflicts in a row that are taken for that. */
const quickConflicts = 5;

export function guarded(log: Log, work: Work): Work {
  /** By key how often in a row it failed. Bound: the keys that fail now. */
  const failures = new Map<string, number>();
  return async (id, signal) => {
    try {
      const answer = await work(id, signal);
      failures.delete(id);
      return answer;
    } catch (error) {
      if (signal.aborted) return undefined;
      const problem = problemOf(error);
      const before = failures.get(id) ?? 0;
      failures.set(id, before + 1);
      if (problem.code === 'APPLY_CONFLICT' && before < quickConflicts) return conflictRetryMs;
      const stack = problem.code === 'INTERNAL' && error instanceof Error ? { stack: error.stack } : {};
      log({ level: 'error', code: problem.code, key: id, message: problem.message, ...stack });
      return Math.min(firstRetryMs * 2 ** Math.min(before, 10), maxRetryMs);
    }
  };
}
