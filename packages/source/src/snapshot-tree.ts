// Decides how the files of one commit are held in memory: directories that are shared between the commits that have
// them in common. It never reads a file, and a tree never changes once it is made.

import { createHash } from 'node:crypto';

export interface FileEntry {
  readonly oid: string;
  readonly mode: string;
  readonly size: number;
}

/** The files of a commit. Paths are repository-relative; '' is the root. */
export interface SnapshotTree {
  entry(path: string): FileEntry | undefined;
  /** Names of the direct children in git's order, directories with a '/' at the end; undefined where there is none. */
  list(dir: string): readonly string[] | undefined;
  /** A file or a directory. */
  has(path: string): boolean;
  /** Sha1, in hex, of the listing, each name followed by a line end: what the renderer records of a directory. */
  listingDigest(dir: string): string | undefined;
  readonly fileCount: number;
  /** Sum of the sizes of all files, in bytes. */
  readonly size: number;
}

interface Directory {
  readonly children: Map<string, Directory | FileEntry>;
  names?: readonly string[];
  digest?: string;
}

function isDirectory(node: Directory | FileEntry | undefined): node is Directory {
  return node !== undefined && 'children' in node;
}

export type TreeEdit =
  | { readonly path: string; readonly file: FileEntry }
  | { readonly path: string; readonly file?: undefined };

export class PersistentTree implements SnapshotTree {
  static readonly empty = new PersistentTree({ children: new Map() }, { fileCount: 0, size: 0 });

  readonly fileCount: number;
  readonly size: number;
  readonly #root: Directory;

  private constructor(root: Directory, sums: { readonly fileCount: number; readonly size: number }) {
    this.#root = root;
    this.fileCount = sums.fileCount;
    this.size = sums.size;
  }

  /** A tree with files added, replaced and removed; directories without an edit below them are shared. */
  with(edits: Iterable<TreeEdit>): PersistentTree {
    const editor = new Editor(this.#root, { fileCount: this.fileCount, size: this.size });
    const additions: { path: string; file: FileEntry }[] = [];
    // Removals first: a file may make way for a directory of its name.
    for (const edit of edits) {
      if (edit.file === undefined) editor.remove(edit.path);
      else additions.push({ path: edit.path, file: edit.file });
    }
    for (const { path, file } of additions) editor.set(path, file);
    return new PersistentTree(editor.root, { fileCount: editor.fileCount, size: editor.size });
  }

  entry(path: string): FileEntry | undefined {
    const node = this.#node(path);
    return node === undefined || isDirectory(node) ? undefined : node;
  }

  has(path: string): boolean {
    return this.#node(path) !== undefined;
  }

  list(dir: string): readonly string[] | undefined {
    const node = this.#node(dir);
    return isDirectory(node) ? namesOf(node) : undefined;
  }

  listingDigest(dir: string): string | undefined {
    const node = this.#node(dir);
    if (!isDirectory(node)) return undefined;
    node.digest ??= digestOfListing(namesOf(node));
    return node.digest;
  }

  /** All files in git's order, which is the bytewise order of their paths. */
  *entries(): Generator<readonly [path: string, file: FileEntry]> {
    yield* walk(this.#root, '');
  }

  #node(path: string): Directory | FileEntry | undefined {
    if (path === '') return this.#root;
    let node: Directory | FileEntry | undefined = this.#root;
    for (const part of path.split('/')) {
      if (!isDirectory(node)) return undefined;
      node = node.children.get(part);
    }
    return node;
  }
}

/** Copies each directory on the way to an edit once. */
class Editor {
  readonly root: Directory;
  fileCount: number;
  size: number;
  readonly #own = new Set<Directory>();

  constructor(root: Directory, sums: { readonly fileCount: number; readonly size: number }) {
    this.root = this.#copy(root);
    this.fileCount = sums.fileCount;
    this.size = sums.size;
  }

  set(path: string, file: FileEntry): void {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    let dir = this.root;
    for (const part of parts) dir = this.#child(dir, part);
    const old = dir.children.get(name);
    if (old === undefined || isDirectory(old)) this.fileCount += 1;
    else this.size -= old.size;
    this.size += file.size;
    dir.children.set(name, file);
  }

  remove(path: string): void {
    const parts = path.split('/');
    const name = parts.pop() ?? '';
    const trail: { readonly dir: Directory; readonly part: string }[] = [];
    let dir = this.root;
    for (const part of parts) {
      if (!isDirectory(dir.children.get(part))) return;
      trail.push({ dir, part });
      dir = this.#child(dir, part);
    }
    const old = dir.children.get(name);
    if (old === undefined || isDirectory(old)) return;
    this.fileCount -= 1;
    this.size -= old.size;
    dir.children.delete(name);
    // Git knows no empty directories.
    for (let index = trail.length - 1; index >= 0; index -= 1) {
      const step = trail[index];
      const child = step?.dir.children.get(step.part);
      if (step === undefined || !isDirectory(child) || child.children.size > 0) break;
      step.dir.children.delete(step.part);
    }
  }

  #child(dir: Directory, name: string): Directory {
    const existing = dir.children.get(name);
    if (isDirectory(existing) && this.#own.has(existing)) return existing;
    const child = isDirectory(existing) ? this.#copy(existing) : this.#copy({ children: new Map() });
    dir.children.set(name, child);
    return child;
  }

  #copy(dir: Directory): Directory {
    const copy: Directory = { children: new Map(dir.children) };
    this.#own.add(copy);
    return copy;
  }
}

function namesOf(dir: Directory): readonly string[] {
  dir.names ??= [...dir.children]
    .map(([name, child]) => (isDirectory(child) ? `${name}/` : name))
    .sort(compareBytewise);
  return dir.names;
}

/** The order of git and Go. JavaScript's own differs from it only beyond the basic plane. */
function compareBytewise(a: string, b: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the test is for ASCII.
  if (/^[\x00-\x7f]*$/.test(a + b)) return a < b ? -1 : a > b ? 1 : 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** The digest of a directory listing as read sets record it. */
export function digestOfListing(names: readonly string[]): string {
  const hash = createHash('sha1');
  for (const name of names) hash.update(`${name}\n`);
  return hash.digest('hex');
}

function* walk(dir: Directory, prefix: string): Generator<readonly [string, FileEntry]> {
  for (const name of namesOf(dir)) {
    if (name.endsWith('/')) {
      const child = dir.children.get(name.slice(0, -1));
      if (isDirectory(child)) yield* walk(child, prefix + name);
      continue;
    }
    const file = dir.children.get(name);
    if (file !== undefined && !isDirectory(file)) yield [prefix + name, file];
  }
}
