import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { base64OfText, canonicalJson } from './canonical.ts';

describe('canonical JSON', () => {
  const table: Record<string, [unknown, string]> = {
    'sorts keys at every depth': [
      { b: { d: 1, c: 2 }, a: [{ z: 1, y: 2 }] },
      '{"a":[{"y":2,"z":1}],"b":{"c":2,"d":1}}',
    ],
    'leaves undefined members out': [{ a: undefined, b: null }, '{"b":null}'],
    'writes null for undefined elsewhere': [[undefined, 1], '[null,1]'],
    'keeps the order of lists': [[2, 1], '[2,1]'],
    'tells text from numbers': [['1', 1], '["1",1]'],
    'sorts by code unit, not by language': [{ ä: 1, z: 2, A: 3 }, '{"A":3,"z":2,"ä":1}'],
    'knows no member of a prototype': [
      JSON.parse('{"__proto__":1,"toString":2}'),
      '{"__proto__":1,"toString":2}',
    ],
  };
  for (const [sentence, [value, text]] of Object.entries(table))
    it(sentence, () => expect(canonicalJson(value)).toBe(text));

  it('says the same as JSON says, whatever the order of keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
        expect(canonicalJson(reversed(value))).toBe(text);
      }),
    );
  });
});

function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, member]) => [key, reversed(member)]),
  );
}

describe('base64 of text', () => {
  for (const unit of ['grapheme', 'binary', 'binary-ascii'] as const)
    it(`is what Node says (${unit})`, () => {
      fc.assert(
        fc.property(fc.string({ unit, maxLength: 200 }), (text) => {
          expect(base64OfText(text)).toBe(Buffer.from(text, 'utf8').toString('base64'));
        }),
      );
    });

  it('replaces half of a surrogate pair, as UTF-8 wants it', () => {
    for (const text of ['\ud800', 'a\udfffb', '\ud83d\ud83d\ude00'])
      expect(base64OfText(text)).toBe(Buffer.from(text, 'utf8').toString('base64'));
  });

  it('copes with a megabyte', () => {
    const text = 'aé€😀'.repeat(100_000);
    expect(base64OfText(text)).toBe(Buffer.from(text, 'utf8').toString('base64'));
  });
});
