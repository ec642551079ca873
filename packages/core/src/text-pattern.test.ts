import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compilePattern, matchesPattern } from './text-pattern.ts';

describe('a glob', () => {
  const table: Record<string, [string, string, boolean]> = {
    'of a star matches all': ['*', 'apps', true],
    'of a star matches nothing too': ['*', '', true],
    'stars cross dots': ['*.example.com', 'a.b.example.com', true],
    'a mark is one character': ['v?', 'v12', false],
    'knows classes': ['[A-D]*', 'Deployment', true],
    'knows classes that exclude': ['[!D]*', 'Deployment', false],
    'knows alternatives': ['{Deployment,StatefulSet}', 'StatefulSet', true],
    'takes dots as they are': ['a.b', 'axb', false],
    'takes an escaped star as it is': ['\\*', '*', true],
    'matches the whole text only': ['apps', 'apps.x', false],
  };
  for (const [sentence, [text, found, expected]] of Object.entries(table))
    it(sentence, () => expect(matchesPattern({ kind: 'glob', text }, found)).toBe(expected));
});

describe('a regular expression', () => {
  const table: Record<string, [string, string, boolean]> = {
    'matches the whole text only': ['web', 'web-1', false],
    'may say so itself': ['^web$', 'web', true],
    'knows repetition': ['web-[0-9]+', 'web-12', true],
    'knows counts': ['a{2,3}', 'aaaa', false],
    'knows counts without an end': ['a{2,}', 'aaaa', true],
    'knows groups and alternatives': ['(?:a|b)c|d', 'bc', true],
    'knows escapes': ['\\d\\.\\w', '1.x', true],
    'knows what is optional': ['https?', 'http', true],
    'ends at once where a backtracking one would not': ['(a+)+b', 'a'.repeat(250), false],
  };
  for (const [sentence, [text, found, expected]] of Object.entries(table))
    it(sentence, () => expect(matchesPattern({ kind: 'regex', text }, found)).toBe(expected));

  it.each([
    '(',
    'a)',
    '[a',
    '*',
    'a**',
    '(?=a)',
    '\\1',
    '\\pL',
    'a{9',
    '((((a{50}){50}){50}){50})',
    'a{2,1}',
  ])('%s is none', (text) => expect(compilePattern({ kind: 'regex', text })).toBeUndefined());

  it('says what the language itself says', () => {
    const part = fc.constantFrom(
      'a',
      'b',
      '.',
      '[ab]',
      '[^a]',
      '(?:a|b)',
      '(ab|b)',
      'a?',
      'b*',
      '(?:ab)+',
      'a{1,2}',
    );
    const pattern = fc.array(part, { maxLength: 6 }).map((parts) => parts.join(''));
    const word = fc.stringMatching(/^[abc]{0,8}$/);
    fc.assert(
      fc.property(pattern, word, (text, found) => {
        expect(matchesPattern({ kind: 'regex', text }, found)).toBe(new RegExp(`^(?:${text})$`).test(found));
      }),
      { numRuns: 2_000 },
    );
  });
});
