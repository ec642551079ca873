// Actions against the cases that Argo CD keeps for its own: the same objects, field by field, but for the times in them.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { isRecord, type KubeObject } from '../object.ts';
import { showProblem } from '../problem.ts';
import { runAction } from './run-action.ts';

interface Case {
  readonly action: string;
  readonly object: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly expected?: string;
  readonly error?: string;
}

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');
const conformance = process.env.WEIR_CONFORMANCE ?? join(root, '..', 'shared', 'conformance');
const data = join(conformance, 'argocd-actions');
const leastShare = 0.95;
const now = '2026-01-02T03:04:05.678Z';

const time = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z?/;

/** Path of each value; times are blank, and what is empty counts as absent, since Lua cannot tell a map from a list. */
function leavesOf(value: unknown, path: string, into = new Map<string, string>()): Map<string, string> {
  if (Array.isArray(value)) for (const [i, entry] of value.entries()) leavesOf(entry, `${path}[${i}]`, into);
  else if (isRecord(value))
    for (const [key, entry] of Object.entries(value)) leavesOf(entry, `${path}/${key}`, into);
  else if (value !== null && value !== undefined)
    into.set(path, typeof value === 'string' ? JSON.stringify(value.replace(time, '<time>')) : String(value));
  return into;
}

/** Its script writes these, as `argo submit` does, and the expected file leaves them out. */
const marksOfCron: ReadonlySet<string> = new Set([
  '/metadata/annotations/workflows.argoproj.io/scheduled-time',
  '/metadata/labels/workflows.argoproj.io/cron-workflow',
]);

/** What the expected files are known to be careless about; Argo CD's own comparison does not see these either. */
function isCareless(path: string, sides: { input: boolean; expected: boolean }, kind: string): boolean {
  if (marksOfCron.has(path)) return !sides.expected;
  if (path.startsWith('/metadata/annotations/')) return sides.input && !sides.expected;
  const bookkeeping = /^\/(status|metadata\/(creationTimestamp|generation|resourceVersion|selfLink|uid)$)/;
  return kind === 'Deployment' && bookkeeping.test(path);
}

function differences(input: { object: KubeObject; made: KubeObject; expected: KubeObject }): string[] {
  const [from, made, expected] = [input.object, input.made, input.expected].map((one) =>
    leavesOf(JSON.parse(JSON.stringify(one)), ''),
  ) as [Map<string, string>, Map<string, string>, Map<string, string>];
  const paths = new Set([...made.keys(), ...expected.keys()]);
  return [...paths].flatMap((path) => {
    const [got, want] = [made.get(path), expected.get(path)];
    const sides = { input: from.has(path), expected: expected.has(path) };
    if (got === want || isCareless(path, sides, input.made.kind)) return [];
    return [`${path} is ${got}, expected ${want}`];
  });
}

/** Digits of the time at the end of the name of a new object. */
function withoutStamp(object: KubeObject): KubeObject {
  const name = object.metadata.name.replace(/-\d{10,}$/, '');
  return { ...object, metadata: { ...object.metadata, name } };
}

interface Listed {
  readonly k8sOperation: 'patch' | 'create';
  readonly unstructuredObj: KubeObject;
}

function mismatchesOf(dir: string, test: Case): string[] {
  const object = load(readFileSync(join(dir, test.object), 'utf8')) as KubeObject;
  const before = JSON.stringify(object);
  const { action, parameters } = test;
  const result = runAction({ object, action, parameters, now });
  if (JSON.stringify(object) !== before) return ['the given object was changed'];
  if (!result.ok) {
    const { message } = result.problem;
    return test.error !== undefined && message.startsWith(test.error) ? [] : [showProblem(result.problem)];
  }
  if (test.expected === undefined) return [`no error, expected "${test.error}"`];
  const file = load(readFileSync(join(dir, test.expected), 'utf8'));
  const wanted: readonly Listed[] = Array.isArray(file)
    ? (file as Listed[])
    : [{ k8sOperation: 'patch', unstructuredObj: file as KubeObject }];
  if (wanted.length !== result.value.length) return [`${result.value.length} operations`];
  return result.value.flatMap(({ operation, resource }, i) => {
    const want = wanted[i];
    if (want === undefined || want.k8sOperation !== operation) return [`operation ${i} is ${operation}`];
    const isNew = operation === 'create';
    return differences({
      object,
      made: isNew ? withoutStamp(resource) : resource,
      expected: isNew ? withoutStamp(want.unstructuredObj) : want.unstructuredObj,
    });
  });
}

describe('the action cases of Argo CD', () => {
  it('write the same in at least 95 of 100', ({ skip }) => {
    if (!existsSync(data))
      skip('the conformance data is neither at WEIR_CONFORMANCE nor beside the repository');
    let cases = 0;
    const wrong: string[] = [];
    for (const group of readdirSync(data))
      for (const kind of readdirSync(join(data, group))) {
        const dir = join(data, group, kind);
        for (const test of JSON.parse(readFileSync(join(dir, 'cases.json'), 'utf8')) as Case[]) {
          cases += 1;
          const found = mismatchesOf(dir, test);
          if (found.length > 0) wrong.push(`${group}/${kind} ${test.action}: ${found.join('; ')}`);
        }
      }
    expect(1 - wrong.length / cases, `${wrong.join('\n')}\n`).toBeGreaterThanOrEqual(leastShare);
    // Each mismatch is worth a line even where the share is met.
    expect(wrong).toEqual([]);
  });
});
