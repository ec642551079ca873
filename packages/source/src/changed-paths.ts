// Decides how the raw output of git's tree commands reads. It never runs git.

export interface TreeEntry {
  readonly path: string;
  readonly mode: string;
  readonly oid: string;
}

export interface ChangedPath {
  readonly path: string;
  /** Added, modified, deleted, or changed between file and symlink. */
  readonly status: 'A' | 'M' | 'D' | 'T';
  /** The new blob; absent when deleted. */
  readonly oid?: string;
  /** The new mode; absent when deleted. */
  readonly mode?: string;
}

const SUBMODULE = '160000';

/** `git ls-tree -r -z --full-tree`; submodules have no content here and are left out. */
export function parseTree(output: Buffer): readonly TreeEntry[] {
  const entries: TreeEntry[] = [];
  for (const record of output.toString('utf8').split('\0')) {
    const tab = record.indexOf('\t');
    if (tab < 0) continue;
    const [mode = '', , oid = ''] = record.slice(0, tab).split(' ');
    if (mode !== SUBMODULE) entries.push({ path: record.slice(tab + 1), mode, oid });
  }
  return entries;
}

/** `git diff-tree -r -z --no-renames`: `:<mode> <mode> <oid> <oid> <status>NUL<path>NUL`. */
export function parseChangedPaths(output: Buffer): readonly ChangedPath[] {
  const changes: ChangedPath[] = [];
  const fields = output.toString('utf8').split('\0');
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [oldMode = '', mode = '', , oid = ''] = (fields[index] ?? '').slice(1).split(' ');
    const path = fields[index + 1] ?? '';
    const wasThere = oldMode !== '000000' && oldMode !== SUBMODULE;
    const isThere = mode !== '000000' && mode !== SUBMODULE;
    if (isThere) changes.push({ path, status: statusOf(wasThere, oldMode, mode), oid, mode });
    else if (wasThere) changes.push({ path, status: 'D' });
  }
  return changes;
}

function statusOf(wasThere: boolean, oldMode: string, mode: string): 'A' | 'M' | 'T' {
  if (!wasThere) return 'A';
  // The first three digits are the type: 100 a file, 120 a symlink.
  return oldMode.slice(0, 3) === mode.slice(0, 3) ? 'M' : 'T';
}
