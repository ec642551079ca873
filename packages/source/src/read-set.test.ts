import { describe, expect, it } from 'vitest';
import type { ChangedPath } from './changed-paths.ts';
import { isAffected, type ReadSet } from './read-set.ts';
import { PersistentTree } from './snapshot-tree.ts';

/** `path=content` words; the content stands in for the blob id. */
function tree(text: string): PersistentTree {
  const words = text.split(' ').filter((word) => word !== '');
  return PersistentTree.empty.with(
    words.map((word) => {
      const [path = '', oid = ''] = word.split('=');
      return { path, file: { oid, mode: '100644', size: 1 } };
    }),
  );
}

function difference(before: PersistentTree, after: PersistentTree): ChangedPath[] {
  const changes: ChangedPath[] = [];
  for (const [path, { oid, mode }] of after.entries()) {
    const old = before.entry(path);
    if (old === undefined) changes.push({ path, status: 'A', oid, mode });
    else if (old.oid !== oid) changes.push({ path, status: 'M', oid, mode });
  }
  for (const [path] of before.entries())
    if (after.entry(path) === undefined) changes.push({ path, status: 'D' });
  return changes;
}

const base = 'app/a.yaml=1 app/b.yaml=1 app/sub/c.yaml=1 other/d.yaml=1 top=1';

/** What a rendering read: `file`, `dir/`, `!miss`. */
function reading(from: PersistentTree, text: string): ReadSet {
  const files: Record<string, string> = {};
  const dirs: Record<string, string> = {};
  const misses: string[] = [];
  for (const word of text.split(' ')) {
    if (word.startsWith('!')) misses.push(word.slice(1));
    else if (word.endsWith('/')) dirs[word.slice(0, -1)] = from.listingDigest(word.slice(0, -1)) ?? '';
    else files[word] = from.entry(word)?.oid ?? '';
  }
  return { files, dirs, misses };
}

describe('a rendering that read', () => {
  const everything = 'app/a.yaml=1 app/b.yaml=1 app/sub/c.yaml=1 other/d.yaml=1 top=1';
  const table: readonly [read: string, then: string, after: string, affected: boolean][] = [
    ['app/a.yaml', 'nothing changed', everything, false],
    ['app/a.yaml', 'it changed', everything.replace('a.yaml=1', 'a.yaml=2'), true],
    ['app/a.yaml', 'it vanished', everything.replace('app/a.yaml=1 ', ''), true],
    ['app/a.yaml', 'its neighbour changed', everything.replace('b.yaml=1', 'b.yaml=2'), false],
    ['app/a.yaml', 'a neighbour was added', `${everything} app/z.yaml=1`, false],
    ['app/a.yaml', 'it became a directory', everything.replace('app/a.yaml=1', 'app/a.yaml/x=1'), true],
    ['app/', 'a file below was changed', everything.replace('a.yaml=1', 'a.yaml=2'), false],
    ['app/', 'a file was added', `${everything} app/z.yaml=1`, true],
    ['app/', 'a file vanished', everything.replace('app/b.yaml=1 ', ''), true],
    ['app/', 'a file was added further below', `${everything} app/sub/z.yaml=1`, false],
    ['app/', 'a directory was added', `${everything} app/new/z.yaml=1`, true],
    ['app/', 'a directory vanished', everything.replace('app/sub/c.yaml=1 ', ''), true],
    ['app/', 'a file became a directory', everything.replace('app/a.yaml=1', 'app/a.yaml/x=1'), true],
    ['app/', 'it vanished as a whole', 'other/d.yaml=1 top=1', true],
    ['/', 'a file was added at the top', `${everything} new=1`, true],
    ['/', 'a file was added in a known directory', `${everything} other/new=1`, false],
    ['!app/values.yaml', 'it appeared', `${everything} app/values.yaml=1`, true],
    ['!app/values.yaml', 'it appeared as a directory', `${everything} app/values.yaml/x=1`, true],
    ['!app/charts/x/y', 'only its parent appeared', `${everything} app/charts/x/z=1`, false],
    ['!app/charts', 'something below it appeared', `${everything} app/charts/x/z=1`, true],
    ['!constructor', 'nothing of it appeared', `${everything} app/z=1`, false],
  ];
  for (const [read, then, text, affected] of table) {
    it(`${read}, and ${then}: ${affected ? 'affected' : 'carried over'}`, () => {
      const [before, after] = [tree(base), tree(text)];
      expect(isAffected(reading(before, read), difference(before, after), after)).toBe(affected);
    });
  }

  it('a symlink that became a file with the same content: affected', () => {
    const changed: ChangedPath[] = [{ path: 'top', status: 'T', oid: '1', mode: '100644' }];
    expect(isAffected(reading(tree(base), 'top'), changed, tree(base))).toBe(true);
  });

  it('a file whose mode alone changed: carried over', () => {
    const changed: ChangedPath[] = [{ path: 'top', status: 'M', oid: '1', mode: '100755' }];
    expect(isAffected(reading(tree(base), 'top'), changed, tree(base))).toBe(false);
  });
});
