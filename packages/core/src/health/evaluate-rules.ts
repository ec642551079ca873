// The interpreter of the rule language (rule.ts tells what may be written): rules and an object to a health.
// It never evaluates code, never throws, and stops after a bounded number of steps, whatever the object holds.

import type { KubeObject } from '../object.ts';
import type { Health, HealthStatus } from '../verdict.ts';
import { entriesOf, fillTemplate, readPath, type Scope } from './path.ts';
import type { Comparison, ConditionTest, PathTest, Reference, Rule, Scalar, Table, Test } from './rule.ts';

/** Rules nest this deep at the most. The deepest of ours has half of it. */
export const deepestNesting = 12;
/** Lists of lists multiply: an object that needs more tests than this is not judged. */
const mostSteps = 200_000;

interface Run {
  steps: number;
}

class OutOfSteps extends Error {}

/** The verdict of the first rule that has one; `undefined`: the object has no health. */
export function evaluateRules(rules: readonly Rule[], object: KubeObject): Health | undefined {
  const scope: Scope = { object, value: object, found: undefined };
  try {
    const health = judgeRules({ steps: 0 }, scope, rules, 0);
    return health === 'none' ? undefined : health;
  } catch (error) {
    if (error instanceof OutOfSteps)
      return { status: 'Unknown', message: `${object.kind} is too large to judge its health` };
    throw error;
  }
}

type Found = Health | 'none' | undefined;

function judgeRules(run: Run, scope: Scope, rules: readonly Rule[], depth: number): Found {
  for (const rule of rules) {
    const found = judgeRule(run, scope, rule, depth);
    if (found !== undefined) return found;
  }
  return undefined;
}

function judgeRule(run: Run, scope: Scope, rule: Rule, depth: number): Found {
  countStep(run, depth);
  if ('table' in rule) return lookUp(scope, rule);
  if ('inOrder' in rule)
    return judgeEach(
      run,
      scope,
      { ...rule, rules: rule.inOrder, list: rule.of ?? conditionsOf(scope) },
      depth,
    );
  if ('each' in rule) return judgeEach(run, scope, { rules: rule.rules, list: rule.each }, depth);
  if (rule.when !== undefined && !holds(run, scope, rule.when, depth + 1)) return undefined;
  if ('rules' in rule) return judgeRules(run, scope, rule.rules, depth + 1);
  return rule.is === 'none' ? 'none' : health(scope, rule.is, rule.say);
}

interface Loop {
  readonly list: string;
  readonly rules: readonly Rule[];
  readonly inOrder?: readonly Rule[];
}

function judgeEach(run: Run, scope: Scope, loop: Loop, depth: number): Found {
  for (const [key, value] of entriesOf(readPath(scope, loop.list))) {
    const isCondition = loop.inOrder !== undefined;
    const found = judgeRules(
      run,
      { object: scope.object, value, key, isCondition, found: value },
      loop.rules,
      depth + 1,
    );
    if (found !== undefined) return found;
  }
  return undefined;
}

function health(scope: Scope, status: HealthStatus, say = ''): Health {
  const message = fillTemplate(scope, say);
  return message === '' ? { status } : { status, message };
}

const statuses = ['Healthy', 'Suspended', 'Progressing', 'Missing', 'Degraded', 'Unknown'] as const;

function lookUp(scope: Scope, table: Table): Found {
  const value = readPath(scope, table.table);
  if (value === undefined) return undefined;
  const status = statuses.find((name) => table[name]?.includes(value as Scalar)) ?? table.otherwise;
  return status === undefined ? undefined : health(scope, status, table.say);
}

function countStep(run: Run, depth: number): void {
  run.steps += 1;
  if (run.steps > mostSteps || depth > deepestNesting) throw new OutOfSteps();
}

function holds(run: Run, scope: Scope, test: Test, depth: number): boolean {
  countStep(run, depth);
  if (typeof test === 'string') return holdsCondition(run, scope, parseCondition(test), depth);
  if (isPathTest(test)) return holdsAt(scope, test);
  if ('condition' in test) return holdsCondition(run, scope, test, depth);
  if ('all' in test) return test.all.every((part) => holds(run, scope, part, depth + 1));
  if ('any' in test) return test.any.some((part) => holds(run, scope, part, depth + 1));
  if ('not' in test) return !holds(run, scope, test.not, depth + 1);
  if ('behind' in test) return isBehind(scope, test.behind);
  const isOne = 'some' in test;
  const entries = entriesOf(readPath(scope, isOne ? test.some : test.every));
  const fits = (entry: [string | number, unknown]): boolean =>
    holdsFor(run, scope, { entry, that: test.that }, depth);
  return isOne ? entries.some(fits) : entries.every(fits);
}

function isPathTest(test: Exclude<Test, string>): test is PathTest {
  return Array.isArray(test);
}

function holdsFor(
  run: Run,
  scope: Scope,
  the: { entry: [string | number, unknown]; that: Test },
  depth: number,
): boolean {
  const [key, value] = the.entry;
  const inner: Scope = { object: scope.object, value, key, found: scope.found };
  const isFound = holds(run, inner, the.that, depth + 1);
  if (isFound) scope.found = value;
  return isFound;
}

const conditions = new Map<string, ConditionTest>();

/** `Type`, `Type=Status`, `Type=Status/Reason`. */
function parseCondition(short: string): ConditionTest {
  const known = conditions.get(short);
  if (known !== undefined) return known;
  const [condition = '', rest] = short.split('=');
  const [status, reason] = rest?.split('/') ?? [];
  const test = { condition, ...(status && { status }), ...(reason && { reason }) };
  conditions.set(short, test);
  return test;
}

const conditionsOf = (scope: Scope): string =>
  scope.value === scope.object ? 'status.conditions' : 'conditions';

function holdsCondition(run: Run, scope: Scope, test: ConditionTest, depth: number): boolean {
  if (scope.isCondition && test.of === undefined) return isSuch(scope, test);
  for (const [key, value] of entriesOf(readPath(scope, test.of ?? conditionsOf(scope)))) {
    countStep(run, depth);
    if (!isSuch({ object: scope.object, value, key, found: value }, test)) continue;
    scope.found = value;
    return true;
  }
  return false;
}

function isSuch(scope: Scope, test: ConditionTest): boolean {
  const fits = (member: string, wanted: string | readonly string[] | undefined): boolean =>
    wanted === undefined || [wanted].flat().includes(String(readPath(scope, member)));
  return (
    fits('type', test.condition) &&
    fits('status', test.status) &&
    fits('reason', test.reason) &&
    (test.notStatus === undefined || !fits('status', test.notStatus)) &&
    (test.notReason === undefined || !fits('reason', test.notReason))
  );
}

function isBehind(scope: Scope, path: string): boolean {
  const observed = numberOf(readPath(scope, path));
  const generation = numberOf(readPath(scope, '$.metadata.generation'));
  return observed !== undefined && generation !== undefined && observed !== generation;
}

function holdsAt(scope: Scope, test: PathTest): boolean {
  const value = readPath(scope, test[0]);
  if (test.length === 2) return isThere(value, test[1]);
  if (isListTest(test)) return test[2].includes(value as Scalar) === (test[1] === 'in');
  const operand = test[2];
  return compare(test[1], value, typeof operand === 'object' ? resolve(scope, operand) : operand);
}

function isListTest(test: PathTest): test is readonly [string, 'in' | 'notIn', readonly Scalar[]] {
  return test[1] === 'in' || test[1] === 'notIn';
}

function isThere(value: unknown, operator: 'present' | 'absent' | 'empty' | 'filled'): boolean {
  if (operator === 'present' || operator === 'absent')
    return (value === undefined) === (operator === 'absent');
  return isEmpty(value) === (operator === 'empty');
}

function resolve(scope: Scope, { of, or, minus }: Reference): unknown {
  const value = readPath(scope, of) ?? or;
  if (minus === undefined) return value;
  return (numberOf(value) ?? 0) - (numberOf(readPath(scope, minus)) ?? 0);
}

function isEmpty(value: unknown): boolean {
  return value === undefined || value === '' || (typeof value === 'object' && entriesOf(value).length === 0);
}

function compare(operator: Comparison, a: unknown, b: unknown): boolean {
  if (operator === 'is') return a === b;
  if (operator === 'isNot') return a !== b;
  if (operator === 'has' && Array.isArray(a)) return a.includes(b);
  if (operator === 'above' || operator === 'below' || operator === 'atLeast' || operator === 'atMost')
    return isOrdered(operator, difference(a, b));
  if (typeof a !== 'string' || typeof b !== 'string') return false;
  if (operator === 'startsWith') return a.startsWith(b);
  return operator === 'endsWith' ? a.endsWith(b) : a.includes(b);
}

function isOrdered(operator: 'above' | 'below' | 'atLeast' | 'atMost', by: number | undefined): boolean {
  if (by === undefined) return false;
  if (operator === 'above') return by > 0;
  if (operator === 'below') return by < 0;
  return operator === 'atLeast' ? by >= 0 : by <= 0;
}

/** Numbers compare as numbers, times in UTC as texts; anything else has no order. A count of 0 is often left out. */
function difference(a: unknown, b: unknown): number | undefined {
  const [x, y] = [numberOf(a ?? 0), numberOf(b ?? 0)];
  if (x !== undefined && y !== undefined) return x - y;
  if (typeof a !== 'string' || typeof b !== 'string') return undefined;
  return Number(a > b) - Number(a < b);
}

function numberOf(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string' || value.trim() === '') return undefined;
  const number = Number(value);
  return Number.isFinite(number) ? number : undefined;
}
