import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergePatchOf } from './report.ts';

type Record_ = Record<string, unknown>;

const isRecord = (value: unknown): value is Record_ =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** RFC 7386, section 2, word by word. */
function applyPatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const result: Record_ = isRecord(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = applyPatch(result[name], value);
  }
  return result;
}

const table: Record<string, [Record_, Record_, Record_]> = {
  'of equal values is empty': [{ a: { b: [1] } }, { a: { b: [1] } }, {}],
  'names what went as null': [{ a: 1, b: 2 }, { a: 1 }, { b: null }],
  'names only what changed, at any depth': [{ a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, { a: { c: 3 } }],
  'replaces lists as a whole': [{ a: [1, 2] }, { a: [1] }, { a: [1] }],
  'replaces a list by a map': [{ a: [1] }, { a: { b: 1 } }, { a: { b: 1 } }],
  'empties a map': [{ a: { b: 1 } }, { a: {} }, { a: { b: null } }],
  'takes undefined for absent': [{ a: 1 }, { a: undefined, b: undefined }, { a: null }],
};

describe('a merge patch', () => {
  for (const [sentence, [from, to, expected]] of Object.entries(table))
    it(sentence, () => expect(mergePatchOf(from, to)).toEqual(expected));

  it('turns any status into any other', () => {
    // A status holds no nulls: the API server drops them, and RFC 7386 cannot set one.
    const value = fc.letrec<{ value: unknown; map: Record_ }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.integer(),
        fc.string(),
        fc.boolean(),
        fc.array(tie('value')),
        tie('map'),
      ),
      map: fc.dictionary(fc.constantFrom('a', 'b', 'c', 'conditions'), tie('value'), {
        noNullPrototype: true,
      }),
    }));
    fc.assert(
      fc.property(value.map, value.map, (from, to) => {
        const patch = JSON.parse(JSON.stringify(mergePatchOf(from, to)));
        expect(applyPatch(from, patch)).toEqual(to);
      }),
    );
  });
});
