import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type InventoryEntry, readEntry, storeEntry } from './inventory.ts';
import { idOf } from './object.ts';

const name = fc.stringMatching(/^[a-z][a-z0-9.:-]{0,20}$/);
const entry: fc.Arbitrary<InventoryEntry> = fc
  .record({
    ref: fc.record({
      group: fc.constantFrom('', 'apps', 'example.com'),
      version: fc.constantFrom('v1', 'v1beta1'),
      kind: fc.constantFrom('ConfigMap', 'Widget'),
      namespace: fc.oneof(fc.constant(''), name),
      name,
    }),
    state: fc.constantFrom('planned', 'present'),
    uid: fc.option(name, { nil: undefined }),
    desired: fc.option(name, { nil: undefined }),
    owned: fc.option(name, { nil: undefined }),
  })
  .map(({ ref, state, uid, desired, owned }) => ({
    ref,
    state,
    ...(uid === undefined ? {} : { uid }),
    ...(desired === undefined ? {} : { desired }),
    ...(owned === undefined ? {} : { owned }),
  }));

describe('an inventory entry', () => {
  it('is read as it was stored, through JSON', () => {
    fc.assert(
      fc.property(entry, (written) => {
        const id = idOf(written.ref);
        const stored = JSON.parse(JSON.stringify(storeEntry(id, written)));
        expect(readEntry(stored)).toEqual({ id, entry: written });
      }),
    );
  });

  const table: Record<string, [Record<string, unknown>, string]> = {
    'is none without an id': [{ v: 'v1', s: 'present' }, 'none'],
    'is none without a version': [{ id: '/ConfigMap/web/a', s: 'present' }, 'none'],
    'is none when the id has too few parts': [{ id: '/ConfigMap/a', v: 'v1' }, 'none'],
    'counts as planned in an unknown state': [{ id: '/ConfigMap/web/a', v: 'v1', s: '?' }, 'planned web/a'],
    'drops members of another type': [
      { id: '/ConfigMap/web/a', v: 'v1', s: 'present', u: 7 },
      'present web/a',
    ],
    'may have a slash in its name': [{ id: '/Widget//a/b', v: 'v1', s: 'present' }, 'present /a/b'],
  };
  for (const [sentence, [stored, expected]] of Object.entries(table))
    it(sentence, () => {
      const read = readEntry(stored);
      expect(read === undefined ? 'none' : show(read.entry)).toBe(expected);
    });
});

function show({ ref, state, uid }: InventoryEntry): string {
  return `${state} ${ref.namespace}/${ref.name}${uid === undefined ? '' : ` ${uid}`}`;
}
