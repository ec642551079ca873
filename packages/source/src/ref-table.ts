// Decides what the refs of a repository are: full names and the commits they lead to. It never runs git.

export interface RefTable {
  /** Full ref name to commit, annotated tags peeled; `HEAD` is the remote's head where it has one. */
  readonly refs: ReadonlyMap<string, string>;
  /** Full name of the remote's default branch. */
  readonly head?: string;
}

export interface FetchedRepository extends RefTable {
  /** Whether any ref differs from what was known before this run. */
  readonly changed: boolean;
}

/** Where the mirror keeps the remote's HEAD: its own HEAD must stay a symbolic ref for git to accept the directory. */
export const MIRRORED_HEAD = 'refs/weir/HEAD';

/** Reads what `git show-ref --dereference` prints. */
export function parseRefs(text: string): Map<string, string> {
  const refs = new Map<string, string>();
  for (const line of text.split('\n')) {
    const space = line.indexOf(' ');
    if (space < 0) continue;
    const name = line.slice(space + 1);
    const commit = line.slice(0, space);
    if (name === MIRRORED_HEAD) refs.set('HEAD', commit);
    // The peeled line follows the line of the tag itself and replaces it.
    else refs.set(name.endsWith('^{}') ? name.slice(0, -3) : name, commit);
  }
  return refs;
}

export function isSameTable(a: RefTable | undefined, b: RefTable): boolean {
  if (a === undefined || a.head !== b.head || a.refs.size !== b.refs.size) return false;
  for (const [name, commit] of b.refs) if (a.refs.get(name) !== commit) return false;
  return true;
}
