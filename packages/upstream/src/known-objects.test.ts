import { describe, expect, test } from 'vitest';
import { completeObjects, digestsOf } from './known-objects.ts';
import { DIGEST_LENGTH, type RenderedObject, type SentObject } from './messages.ts';

function object(name: string): RenderedObject {
  return {
    object: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } },
    digest: name.padEnd(DIGEST_LENGTH, '.'),
  };
}

const known = ['a', 'b', 'c'].map(object);

const completions: Record<string, [readonly SentObject[], string | undefined]> = {
  'of what was sent alone': [[object('x')], 'x'],
  'of nothing': [[], ''],
  'of runs and new objects in their order': [
    [{ same: { from: 0, count: 1 } }, object('x'), { same: { from: 1, count: 2 } }],
    'a x b c',
  ],
  'of a run that repeats': [[{ same: { from: 2, count: 1 } }, { same: { from: 0, count: 3 } }], 'c a b c'],
  'is none where a run leads beyond what is known': [[{ same: { from: 2, count: 2 } }], undefined],
  'is none where a run begins before it': [[{ same: { from: -1, count: 1 } }], undefined],
};

describe('a completion', () => {
  for (const [sentence, [sent, names]] of Object.entries(completions))
    test(sentence, () => {
      const whole = completeObjects(sent, known);
      expect(whole?.map(({ object: { metadata } }) => metadata.name).join(' ')).toBe(names);
    });

  test('gives known objects themselves, not copies', () => {
    expect(completeObjects([{ same: { from: 1, count: 1 } }], known)?.[0]).toBe(known[1]);
  });
});

describe('the digests of known objects', () => {
  test('stand one after the other', () => expect(digestsOf(known)).toMatch(/^a\.{19}b\.{19}c\.{19}$/));
  test('are left out where there is nothing', () => expect(digestsOf([])).toBeUndefined());
  test('are left out where one has another length', () =>
    expect(digestsOf([object('a'), { ...object('b'), digest: 'b' }])).toBeUndefined());
});
