import { expect, it } from 'vitest';
import { findExpressions, type HealthExpressions } from './health-script.ts';

const of = (group: string, kind: string | undefined, current: string): HealthExpressions => ({
  group,
  ...(kind === undefined ? {} : { kind }),
  current,
  field: 'spec',
});
const all = [of('a.example', undefined, 'any'), of('a.example', 'A', 'exact'), of('', 'Secret', 'core')];

it.each<[string, { group: string; kind: string }, string | undefined]>([
  [
    'the expressions for a kind count before those for its group',
    { group: 'a.example', kind: 'A' },
    'a.example/A exact',
  ],
  ['those for a group are for all its other kinds', { group: 'a.example', kind: 'B' }, 'a.example/* any'],
  ['a kind of another group has none', { group: 'b.example', kind: 'A' }, undefined],
  ['the core group has no name', { group: '', kind: 'Secret' }, 'Secret core'],
])('%s', (_sentence, kind, expected) => {
  const found = findExpressions(all, kind);
  expect(found?.language === 'cel' ? `${found.name} ${found.current}` : undefined).toBe(expected);
});
