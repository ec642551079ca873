// Puts together what is told of a sync: its run with the outcome of each object and hook, in the order of their turns.
// It decides nothing about how the sync goes on.

import { compareTurns, type ResourceVerdict, type Run, type SyncOperation, type Turn } from '@weir/core';
import type { ActionResult } from './execute.ts';

type Told = ActionResult & { readonly action: Exclude<ActionResult['action'], { kind: 'forget' }> };

/** The destination namespace is nobody's object: it is told of where it could not be made. */
function isTold(result: ActionResult): result is Told {
  const { action, outcome } = result;
  return action.kind !== 'forget' && (action.kind !== 'apply' || action.tracked || outcome === 'failed');
}

export function runOf(operation: SyncOperation, results: ReadonlyMap<string, ActionResult>): Run {
  const { revision, startedAt, trigger, retries, dryRun, orderToken, terminated } = operation;
  const told = [...results.values()].filter(isTold);
  const last = told.reduce<Turn | undefined>(
    (latest, { action }) => (latest === undefined || compareTurns(action, latest) > 0 ? action : latest),
    undefined,
  );
  return {
    phase: 'running',
    revision,
    startedAt,
    trigger,
    retries,
    dryRun,
    message: operation.failure ?? '',
    results: told.map((result) => verdictOf(result, operation, last)),
    ...(orderToken === undefined ? {} : { orderToken }),
    ...(terminated === true ? { terminated } : {}),
  };
}

function verdictOf(result: Told, operation: SyncOperation, last: Turn | undefined): ResourceVerdict {
  const { action, uid: _uid, ...verdict } = result;
  const hook = action.kind === 'apply' ? action.hook : undefined;
  const phase = action.phase === 'sync' ? {} : { phase: action.phase };
  if (hook === undefined) {
    const isSettled = last !== undefined && compareTurns(action, last) < 0;
    return { ...verdict, ...phase, ...(isSettled ? { isSettled } : {}) };
  }
  const state = operation.hooks[hook.key];
  const message = state?.message ?? verdict.message;
  return {
    ...verdict,
    ...phase,
    isHook: true,
    ...(message === undefined ? {} : { message }),
    ...(state === undefined ? {} : { hookStatus: state.status }),
  };
}
