// The unified difference: hand-made cases, and the property that its edits lead from one text to the other.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { editsOf, unifiedDiff } from './unified.ts';

const numbered = (count: number): string => Array.from({ length: count }, (_, i) => `l${i + 1}\n`).join('');

test.each([
  ['equal texts have no difference', 'a\nb\n', 'a\nb\n', ''],
  ['a new text is all added', '', 'a\nb\n', '@@ -0,0 +1,2 @@\n+a\n+b\n'],
  ['a removed text is all removed', 'a\n', '', '@@ -1 +0,0 @@\n-a\n'],
  ['a changed line has context', 'a\nb\nc\n', 'a\nB\nc\n', '@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n'],
  [
    'far changes make two hunks',
    numbered(20),
    numbered(20).replace('l2\n', 'X\n').replace('l19\n', 'Y\n'),
    '@@ -1,5 +1,5 @@\n l1\n-l2\n+X\n l3\n l4\n l5\n@@ -16,5 +16,5 @@\n l16\n l17\n l18\n-l19\n+Y\n l20\n',
  ],
])('%s', (_, before, after, expected) => {
  expect(unifiedDiff(before, after)).toBe(expected);
});

test('the edits always lead from the one text to the other, by the fewest changes for single edits', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const edits = editsOf(before, after);
      expect(edits.filter((e) => e.kind !== 'added').map((e) => e.line)).toEqual(before);
      expect(edits.filter((e) => e.kind !== 'removed').map((e) => e.line)).toEqual(after);
    }),
  );
  expect(editsOf(['a', 'b', 'c', 'd'], ['a', 'c', 'd']).filter((e) => e.kind !== 'same')).toHaveLength(1);
});
