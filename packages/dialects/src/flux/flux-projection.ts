// The parts that the projections of all Flux kinds share.
// It never knows a kind's conditions.

import type { Problem } from '@weir/core';
import { showProblem } from '@weir/core';

export type Status = Record<string, unknown>;

/** Our fields over those that are there; undefined takes a field away. */
export function mergedStatus(before: Readonly<Status>, fields: Status): Status {
  return Object.fromEntries(
    Object.entries({ ...before, ...fields }).filter(([, value]) => value !== undefined),
  );
}

export function showProblems(problems: readonly Problem[]): string {
  return problems.map(showProblem).join('; ');
}
