// The rule language: what each word means, and that no object makes it fail or run on.

import fc from 'fast-check';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../object.ts';
import { evaluateRules } from './evaluate-rules.ts';
import { findRules } from './find-rules.ts';
import { judgeHealth } from './health.ts';
import type { Rule, Test } from './rule.ts';
import { ruleBook } from './rules/rule-book.ts';

const objectOf = (yaml: string): KubeObject =>
  ({
    kind: 'Widget',
    metadata: { name: 'x', generation: 2 },
    ...(load(yaml) as object),
  }) as unknown as KubeObject;

const status = `
status:
  phase: Running
  empty: ''
  none: null
  count: 3
  text: '7'
  flag: false
  early: '2026-01-01T00:00:00Z'
  late: '2026-01-02T00:00:00Z'
  list: [a, b]
  scale: 2/3
  observedGeneration: 1
  nodes: { n1: { state: up, size: 2 }, n2: { state: down, size: 3 } }
  conditions:
  - { type: Ready, status: 'False', reason: Broken, message: it broke, observedGeneration: 2 }
  - { type: Synced, status: 'True', reason: Done, message: done, observedGeneration: 1 }
`;

const holding: readonly Test[] = [
  ['status.phase', 'is', 'Running'],
  ['status.phase', 'isNot', 'Failed'],
  ['status.phase', 'in', ['Running']],
  ['status.phase', 'notIn', ['Failed']],
  ['status.missing', 'notIn', ['Failed']],
  ['status.missing', 'is', { of: 'status.none' }],
  ['status.phase', 'startsWith', 'Run'],
  ['status.phase', 'endsWith', 'ing'],
  ['status.phase', 'has', 'unn'],
  ['status.list', 'has', 'b'],
  ['status.flag', 'present'],
  ['status.none', 'absent'],
  ['status.constructor', 'absent'],
  ['status.list.length', 'absent'],
  ['status.phase.length', 'absent'],
  ['status.empty', 'empty'],
  ['status.none', 'empty'],
  ['status.list', 'filled'],
  ['status.count', 'above', 2],
  ['status.text', 'above', { of: 'status.count' }],
  ['status.count', 'atMost', { of: 'status.missing', or: 3 }],
  ['status.count', 'below', { of: 'status.text', minus: 'status.count' }],
  ['status.missing', 'below', 1],
  ['status.early', 'below', { of: 'status.late' }],
  { not: ['status.early', 'above', 1] },
  { not: ['status.list', 'above', 1] },
  ['status.list.#', 'is', 2],
  ['status.missing.#', 'is', 0],
  ['status.list[-1]', 'is', 'b'],
  ['status.nodes.*.size.+', 'is', 5],
  ['status.conditions[status=True].#', 'is', 1],
  ['status.list[=a].#', 'is', 1],
  ['status.scale[/0]', 'below', { of: 'status.scale[/1]' }],
  { some: 'status.list', that: ['.', 'is', 'b'] },
  'Ready',
  'Ready=False',
  'Ready=False/Broken',
  { not: 'Ready=True' },
  { not: 'Ready=False/Other' },
  { condition: ['Ready', 'Synced'], notStatus: 'False', notReason: 'Broken' },
  { behind: 'status.observedGeneration' },
  { not: { behind: 'status.missing' } },
  { some: 'status.nodes', that: ['state', 'is', 'down'] },
  { every: 'status.nodes', that: ['size', 'below', { of: '$.status.text' }] },
  { every: 'status.missing', that: ['a', 'present'] },
  { all: ['Ready', 'Synced'] },
  { any: ['Absent', 'Synced'] },
];

describe('a test that holds', () => {
  it.each(holding.map((test) => [JSON.stringify(test), test]))('%s', (_, test) => {
    expect(evaluateRules([{ when: test as Test, is: 'Healthy' }], objectOf(status))?.status).toBe('Healthy');
  });
});

const verdicts: Record<string, [rules: readonly Rule[], expected: string]> = {
  'the first verdict decides': [[{ is: 'Degraded' }, { is: 'Healthy' }], 'Degraded'],
  'no verdict is no health': [[{ when: 'Absent', is: 'Healthy' }], 'none'],
  'none is a verdict': [[{ is: 'none' }, { is: 'Healthy' }], 'none'],
  'a gate without a verdict lets the next rule try': [
    [{ when: 'Ready', rules: [{ when: 'Absent', is: 'Degraded' }] }, { is: 'Healthy' }],
    'Healthy',
  ],
  'a message names what was found': [
    [{ when: { all: ['Synced', 'Ready'] }, is: 'Degraded', say: '{@.type}: {@.message}' }],
    'Degraded: Ready: it broke',
  ],
  'a message has alternatives': [
    [{ is: 'Healthy', say: '{status.empty|status.missing|"nothing"}, {status.early:4}' }],
    'Healthy: nothing, 2026',
  ],
  'a message lists the entries of a list': [
    [{ is: 'Healthy', say: '{status.nodes.*.state} of {kind}' }],
    'Healthy: up, down of Widget',
  ],
  'a message ends where it has no more to say': [
    [{ is: 'Healthy', say: 'so: {status.missing} - ' }],
    'Healthy: so',
  ],
  'each entry is tried in turn': [
    [
      {
        each: 'status.nodes',
        rules: [{ when: ['state', 'is', 'down'], is: 'Degraded', say: '{~key} of {$.kind}' }],
      },
    ],
    'Degraded: n2 of Widget',
  ],
  'conditions in order look at one at a time': [
    [
      {
        inOrder: [
          { when: 'Synced=True', is: 'Healthy', say: '{@.reason}' },
          { when: 'Ready=False', is: 'Degraded' },
        ],
      },
    ],
    'Degraded',
  ],
  'a table gives the status of a value': [
    [{ table: 'status.phase', Healthy: ['Done'], Progressing: ['Running'], say: '{status.phase}' }],
    'Progressing: Running',
  ],
  'a table falls to otherwise for a value that it lacks': [
    [{ table: 'status.text', Healthy: [7], otherwise: 'Unknown' }],
    'Unknown',
  ],
  'a table without a value lets the next rule try': [
    [{ table: 'status.missing', otherwise: 'Unknown' }, { is: 'Healthy' }],
    'Healthy',
  ],
};

describe('a verdict', () => {
  for (const [sentence, [rules, expected]] of Object.entries(verdicts))
    it(sentence, () => {
      const health = evaluateRules(rules, objectOf(status));
      const shown =
        health === undefined ? 'none' : [health.status, health.message].filter(Boolean).join(': ');
      expect(shown).toBe(expected);
    });
});

describe('limits', () => {
  it('an object with lists of lists is not judged for ever', () => {
    const inner = Array.from({ length: 1_000 }, () => ({}));
    const object = { ...objectOf('{}'), status: { list: Array.from({ length: 1_000 }, () => ({ inner })) } };
    const nobody: Test = { some: 'inner', that: ['a', 'present'] };
    const rules: Rule[] = [{ each: 'status.list', rules: [{ when: nobody, is: 'Degraded' }] }];
    expect(evaluateRules(rules, object)).toEqual({
      status: 'Unknown',
      message: 'Widget is too large to judge its health',
    });
  });

  it('a message is cut', () => {
    const object = { ...objectOf('{}'), status: { a: 'x'.repeat(10_000) } };
    expect(evaluateRules([{ is: 'Healthy', say: '{status.a}' }], object)?.message).toHaveLength(4096);
  });

  it('a kind named like a member of every object has no rules', () => {
    expect(findRules('constructor', 'constructor')).toBeUndefined();
    expect(findRules('batch', 'constructor')).toBeUndefined();
  });
});

const kinds = Object.entries(ruleBook).flatMap(([group, book]) =>
  Object.keys(book).map((kind) => [group.replace('*', 'any'), kind.replace('*', 'Any')] as const),
);

describe('every kind of the book', () => {
  it('is judged whatever its status holds', () => {
    const json = fc.jsonValue({ maxDepth: 4 });
    const condition = fc.record({
      type: fc.constantFrom('Ready', 'Synced', 'Available', 'Accepted'),
      status: fc.oneof(fc.constantFrom('True', 'False', 'Unknown'), json),
      reason: json,
      message: json,
    });
    const anyStatus = fc.oneof(
      json,
      fc.record({ conditions: fc.oneof(fc.array(condition), json), phase: json }),
    );
    fc.assert(
      fc.property(fc.constantFrom(...kinds), json, anyStatus, ([group, kind], spec, found) => {
        const object = { apiVersion: `${group}/v1`, kind, metadata: { name: 'x' }, spec, status: found };
        const health = judgeHealth(object);
        expect(health?.message?.length ?? 0).toBeLessThanOrEqual(4096);
        expect(health?.status ?? 'Healthy').toMatch(
          /^(Healthy|Suspended|Progressing|Missing|Degraded|Unknown)$/,
        );
      }),
      { numRuns: 2_000 },
    );
  });

  it('is judged without a status', () => {
    for (const [group, kind] of kinds)
      expect(() => judgeHealth({ apiVersion: `${group}/v1`, kind, metadata: { name: 'x' } })).not.toThrow();
  });
});
