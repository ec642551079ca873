// Decides whether a change can alter what was rendered, from what the rendering read. It never looks at file contents:
// equal blob ids, equal listings and continued absence mean an equal rendering.

import type { ChangedPath } from './changed-paths.ts';
import type { SnapshotTree } from './snapshot-tree.ts';

/** Everything that one rendering looked at. Paths are repository-relative; '' is the root directory. */
export interface ReadSet {
  /** Path to blob id; a symlink counts as a file. */
  readonly files: Readonly<Record<string, string>>;
  /** Directory to the digest of its listing, see `SnapshotTree.listingDigest`. */
  readonly dirs: Readonly<Record<string, string>>;
  /** Paths that were asked for and did not exist, neither as a file nor as a directory. */
  readonly misses: readonly string[];
}

/**
 * `changed` is the difference between the commit that the read set was recorded at and `newTree`; it only narrows what is
 * looked at. A changed path that ends up as it was recorded does not count.
 */
export function isAffected(
  readSet: ReadSet,
  changed: readonly ChangedPath[],
  newTree: SnapshotTree,
): boolean {
  const misses = new Set(readSet.misses);
  const seen = new Set<string>();
  for (const change of changed) {
    if (isFileAffected(readSet, change, newTree)) return true;
    // A change of content alters no listing and ends no absence.
    if (change.status !== 'A' && change.status !== 'D') continue;
    if (misses.has(change.path) && newTree.has(change.path)) return true;
    for (const dir of parentsOf(change.path)) {
      // Two changes in one directory have all its parents in common.
      if (seen.has(dir)) break;
      seen.add(dir);
      if (misses.has(dir) && newTree.has(dir)) return true;
      const recorded = own(readSet.dirs, dir);
      if (recorded !== undefined && newTree.listingDigest(dir) !== recorded) return true;
    }
  }
  return false;
}

function isFileAffected(readSet: ReadSet, change: ChangedPath, newTree: SnapshotTree): boolean {
  const recorded = own(readSet.files, change.path);
  if (recorded === undefined) return false;
  // A symlink may have the content of the file that it replaces, and leads elsewhere all the same.
  return change.status === 'T' || newTree.entry(change.path)?.oid !== recorded;
}

/** `a/b/c` has the parents `a/b`, `a` and ''. */
function* parentsOf(path: string): Generator<string> {
  let end = path.lastIndexOf('/');
  while (end > 0) {
    yield path.slice(0, end);
    end = path.lastIndexOf('/', end - 1);
  }
  yield '';
}

/** A file may be called `constructor`. */
function own(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}
