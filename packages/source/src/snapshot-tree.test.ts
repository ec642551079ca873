import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PersistentTree } from './snapshot-tree.ts';

const file = (oid: string, size = 1) => ({ oid, mode: '100644', size });
const make = (...paths: string[]) =>
  PersistentTree.empty.with(paths.map((path) => ({ path, file: file(path) })));
const paths = (tree: PersistentTree) => [...tree.entries()].map(([path]) => path);

describe('a tree', () => {
  it('lists in the order of git', () => {
    const tree = make('foo/x', 'foo.txt', 'foo-bar', 'foo0', 'B', 'a', 'é', '\u{1F600}', '\uFF5E');
    expect(tree.list('')).toEqual([
      'B',
      'a',
      'foo-bar',
      'foo.txt',
      'foo/',
      'foo0',
      'é',
      '\uFF5E',
      '\u{1F600}',
    ]);
    expect(tree.list('foo')).toEqual(['x']);
    expect(tree.list('foo.txt')).toBeUndefined();
    expect(tree.list('none')).toBeUndefined();
  });

  it('digests a listing as the renderer does', () => {
    const expected = createHash('sha1').update('a\nfoo.txt\nfoo/\n').digest('hex');
    expect(make('foo/x', 'foo.txt', 'a').listingDigest('')).toBe(expected);
    expect(make('a').listingDigest('a')).toBeUndefined();
  });

  it('finds files and directories', () => {
    const tree = make('a/b/c', '__proto__/x', 'constructor');
    const has = ['', 'a', 'a/b', 'a/b/c', 'a/c', 'a/b/c/d', '__proto__', 'constructor', 'toString'];
    expect(has.filter((path) => tree.has(path))).toEqual([
      '',
      'a',
      'a/b',
      'a/b/c',
      '__proto__',
      'constructor',
    ]);
    expect([tree.entry('a/b')?.oid, tree.entry('a/b/c')?.oid]).toEqual([undefined, 'a/b/c']);
  });

  it('forgets directories that became empty', () => {
    const tree = make('a/b/c', 'd').with([{ path: 'a/b/c' }]);
    expect(tree.list('')).toEqual(['d']);
    expect(tree.has('a')).toBe(false);
  });

  it('lets a file make way for a directory of its name, and back', () => {
    const tree = make('a').with([{ path: 'a/b', file: file('1') }, { path: 'a' }]);
    expect(paths(tree)).toEqual(['a/b']);
    expect(paths(tree.with([{ path: 'a', file: file('2') }, { path: 'a/b' }]))).toEqual(['a']);
  });

  it('sums up files and bytes', () => {
    const tree = make('a', 'b').with([
      { path: 'a', file: file('2', 10) },
      { path: 'c', file: file('3', 5) },
      { path: 'b' },
      { path: 'none/none' },
    ]);
    expect([tree.fileCount, tree.size]).toEqual([2, 15]);
  });

  it('never changes what it was made from, and equals one made at once', () => {
    const path = fc.array(fc.constantFrom('a', 'b', 'c.d', 'c'), { minLength: 1, maxLength: 3 });
    const edit = fc.record({
      path: path.map((parts) => `d${parts.length}/${parts.join('/')}f`),
      oid: fc.nat(3),
    });
    fc.assert(
      fc.property(fc.array(edit), fc.array(edit), (first, second) => {
        const set = (edits: typeof first) =>
          edits.map(({ path, oid }) => (oid === 0 ? { path } : { path, file: file(String(oid)) }));
        const unique = [...new Map(second.map((one) => [one.path, one])).values()];
        const base = PersistentTree.empty.with(set(first));
        const before = JSON.stringify([...base.entries()]);
        const edited = base.with(set(unique));
        expect(JSON.stringify([...base.entries()])).toBe(before);
        const merged = new Map([...base.entries()]);
        for (const one of unique) {
          if (one.oid === 0) merged.delete(one.path);
          else merged.set(one.path, file(String(one.oid)));
        }
        const whole = PersistentTree.empty.with([...merged].map(([path, entry]) => ({ path, file: entry })));
        expect([...edited.entries()]).toEqual([...whole.entries()]);
        expect([edited.fileCount, edited.size]).toEqual([whole.fileCount, whole.size]);
        expect(edited.listingDigest('')).toBe(whole.listingDigest(''));
      }),
    );
  });
});
