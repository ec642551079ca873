// How events of `go test -json` are counted.

import { expect, test } from 'vitest';
import { collectGoResults } from './go-results.mjs';

function count(events) {
  const collected = collectGoResults('m');
  for (const event of events) collected.take(JSON.stringify({ Package: 'm/a', ...event }));
  const { passed, failed, skipped } = collected.results();
  return { passed, failed: failed.map(({ name }) => name), skipped: skipped.map(({ reason }) => reason) };
}

test('leaves count, their parents do not', () => {
  const found = count([
    { Action: 'pass', Test: 'TestA/x' },
    { Action: 'fail', Test: 'TestA/y' },
    { Action: 'fail', Test: 'TestA' },
    { Action: 'pass', Test: 'TestB' },
    { Action: 'fail' },
  ]);
  expect(found).toEqual({ passed: ['m/a TestA/x', 'm/a TestB'], failed: ['m/a TestA/y'], skipped: [] });
});

test('a parent that fails by itself counts', () => {
  const found = count([
    { Action: 'pass', Test: 'TestA/x' },
    { Action: 'fail', Test: 'TestA' },
    { Action: 'fail' },
  ]);
  expect(found.failed).toEqual(['m/a TestA']);
});

test('a package that does not compile or panics counts', () => {
  expect(count([{ Action: 'output', Output: 'x.go:1: broken\n' }, { Action: 'fail' }]).failed).toEqual([
    'm/a',
  ]);
});

test('a skipped test gives its reason', () => {
  const output = { Action: 'output', Test: 'TestA', Output: '    a_test.go:7: no network\n' };
  expect(count([output, { Action: 'skip', Test: 'TestA' }, { Action: 'pass' }]).skipped).toEqual([
    'no network',
  ]);
});

test('a package without tests counts as nothing', () => {
  expect(count([{ Action: 'skip' }])).toEqual({ passed: [], failed: [], skipped: [] });
});
