// What a delivery in shadow mode would do, as it is kept and shown: counts, and the first lines of its plan. Nothing of it
// is ever carried out.

import { isRecord, showRef } from './object.ts';
import type { Plan } from './plan-action.ts';
import { showProblem } from './problem.ts';

/** On a custom resource of any dialect: `true` plans without writing anything. */
export const shadowAnnotation = 'weir.dev/shadow';

export interface ShadowPlan {
  /** ISO 8601; when it was found so first. */
  readonly at: string;
  readonly revision: string;
  readonly create: number;
  readonly change: number;
  readonly delete: number;
  readonly keep: number;
  readonly lines: readonly string[];
}

const maxLines = 100;
const maxLineLength = 500;

export function shadowOf(
  plan: Pick<Plan, 'actions' | 'problems'>,
  of: { readonly at: string; readonly revision: string },
): ShadowPlan {
  const count = { create: 0, change: 0, delete: 0, keep: 0 };
  const lines = plan.problems.map((problem) => `! ${showProblem(problem)}`);
  for (const action of plan.actions) {
    if (action.kind === 'keep') count.keep++;
    if (action.kind !== 'apply' && action.kind !== 'delete') continue;
    const isNew = action.kind === 'apply' && (action.reason === 'missing' || action.reason === 'restored');
    const word = action.kind === 'delete' ? 'delete' : isNew ? 'create' : 'change';
    const why = action.kind === 'apply' && word === 'change' ? ` (${action.reason})` : '';
    count[word]++;
    lines.push(`${word} ${showRef(action.ref)}${why}`);
  }
  return { ...of, ...count, lines: lines.slice(0, maxLines).map((line) => line.slice(0, maxLineLength)) };
}

/** `shadow: would create 3, change 1, delete 0` */
export function showShadow(plan: ShadowPlan): string {
  const [first] = plan.lines;
  const problem = first?.startsWith('! ') === true ? `; ${first.slice(2)}` : '';
  return `shadow: would create ${plan.create}, change ${plan.change}, delete ${plan.delete}${problem}`;
}

/** As it was stored; undefined for anything else. */
export function readShadow(value: unknown): ShadowPlan | undefined {
  if (!isRecord(value) || typeof value.at !== 'string' || typeof value.revision !== 'string')
    return undefined;
  const numberOf = (key: string): number => (typeof value[key] === 'number' ? value[key] : 0);
  return {
    at: value.at,
    revision: value.revision,
    create: numberOf('create'),
    change: numberOf('change'),
    delete: numberOf('delete'),
    keep: numberOf('keep'),
    lines: (Array.isArray(value.lines) ? value.lines : []).filter((line) => typeof line === 'string'),
  };
}

/** Whether nothing has changed but the time. */
export function isSameShadow(a: ShadowPlan | undefined, b: ShadowPlan): boolean {
  return a !== undefined && JSON.stringify({ ...a, at: '' }) === JSON.stringify({ ...b, at: '' });
}
