// What the jq expressions of ignore rules select, asked of the evaluators. An expression that is none is found here,
// before anything is written; one that fails on an object selects nothing there, as in Argo CD.

import { type Delivery, type KeyPath, type KubeObject, type Problem, WeirError } from '@weir/core';
import type { Evaluators } from '@weir/upstream';
import type { SelectPaths } from './ask-drift.ts';
import type { Evaluation } from './evaluation.ts';

export interface JqEvaluation {
  readonly selectPaths: SelectPaths;
  close(): Promise<void>;
}

export function createJqEvaluation({ open, close }: Evaluation): JqEvaluation {
  return { selectPaths: async (input) => selectPaths(await open(), input), close };
}

async function selectPaths(
  evaluators: Evaluators,
  { expressions, object, signal }: Parameters<SelectPaths>[0],
): Promise<readonly KeyPath[]> {
  const [answer] = await evaluators.jq([{ object, expressions }], { signal });
  if (answer === undefined) throw new WeirError({ code: 'INTERNAL', message: 'jq: there is no answer' });
  if (!answer.ok) throw new WeirError(answer.problem);
  return answer.value.selections.flatMap((selection): KeyPath[] => {
    if (!selection.ok && selection.problem.code !== 'EVALUATION_FAILED')
      throw new WeirError(selection.problem);
    return selection.ok ? (selection.value ?? []).flatMap(keyPathOf) : [];
  });
}

/** Keys and indexes; a slice of a list names no field. */
function keyPathOf(path: readonly unknown[]): KeyPath[] {
  const isKey = (step: unknown): step is string | number =>
    typeof step === 'string' || typeof step === 'number';
  return path.every(isKey) ? [path] : [];
}

const probe: KubeObject = { apiVersion: 'v1', kind: 'Probe', metadata: { name: 'probe' } };
const found = new WeakMap<Delivery, readonly Problem[]>();

/** The expressions that are none, with their fields. Asked once for each reading of a delivery. */
export async function invalidExpressions(
  delivery: Delivery,
  selectPaths: SelectPaths | undefined,
  signal: AbortSignal,
): Promise<readonly Problem[]> {
  const rules = (delivery.ignore ?? []).filter(({ jq = [] }) => jq.length > 0);
  if (rules.length === 0) return [];
  const known = found.get(delivery);
  if (known !== undefined) return known;
  const problems: Problem[] = [];
  for (const { field = 'jq', jq = [] } of rules)
    for (const [index, expression] of jq.entries()) {
      const place = `${field}.jqPathExpressions[${index}]`;
      const problem = await problemOf(expression, place, { selectPaths, signal });
      if (problem !== undefined) problems.push(problem);
    }
  // What may pass is asked again.
  if (problems.every(({ code }) => code === 'FIELD_INVALID')) found.set(delivery, problems);
  return problems;
}

async function problemOf(
  expression: string,
  field: string,
  of: { selectPaths: SelectPaths | undefined; signal: AbortSignal },
): Promise<Problem | undefined> {
  if (of.selectPaths === undefined)
    return { code: 'FIELD_UNSUPPORTED', field, message: `${field}: there is no evaluator of jq here` };
  try {
    await of.selectPaths({ expressions: [expression], object: probe, signal: of.signal });
    return undefined;
  } catch (error) {
    if (!(error instanceof WeirError)) throw error;
    const { code, message } = error.problem;
    return code === 'EVALUATION_INVALID'
      ? { code: 'FIELD_INVALID', field, message: `${field}: ${message}` }
      : { ...error.problem, field };
  }
}
