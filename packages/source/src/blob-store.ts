// Decides how file contents lie on disk: one read-only file per blob id, shared by all commits and repositories.
// It never writes a file in place, and never keeps content that does not hash to its name.

import { createHash, randomUUID } from 'node:crypto';
import { renameSync, statSync, writeFileSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export class BlobStore {
  readonly dir: string;
  readonly #folders = new Set<string>();
  #written = 0;

  constructor(dir: string) {
    this.dir = dir;
  }

  /** Blobs written since the start. */
  get written(): number {
    return this.#written;
  }

  /** Size in bytes; undefined when it is not there. */
  async sizeOf(oid: string): Promise<number | undefined> {
    // Without a thread's detour: a first snapshot asks this of every file.
    return statSync(this.#path(oid), { throwIfNoEntry: false })?.size;
  }

  /** False when the content is not what its id says: the repository it came from is damaged. */
  async write(oid: string, content: Buffer): Promise<boolean> {
    if (blobId(content, oid.length) !== oid) return false;
    const folder = join(this.dir, oid.slice(0, 2));
    if (!this.#folders.has(folder)) {
      await mkdir(folder, { recursive: true });
      this.#folders.add(folder);
    }
    const temporary = join(this.dir, oid.slice(0, 2), `${TEMPORARY}${randomUUID()}`);
    try {
      if (content.length <= smallBytes) {
        writeFileSync(temporary, content, { mode: 0o444 });
        renameSync(temporary, this.#path(oid));
      } else {
        await writeFile(temporary, content, { mode: 0o444 });
        await rename(temporary, this.#path(oid));
      }
    } catch (error) {
      await rm(temporary, { force: true });
      throw error;
    }
    this.#written += 1;
    return true;
  }

  /** Removes every blob but these, and what crashed writers left. Nobody may be writing meanwhile. */
  async sweep(keep: ReadonlySet<string>): Promise<number> {
    let removed = 0;
    for (const prefix of await readdir(this.dir).catch(() => [])) {
      for (const name of await readdir(join(this.dir, prefix)).catch(() => [])) {
        if (keep.has(prefix + name)) continue;
        await rm(join(this.dir, prefix, name), { force: true });
        removed += 1;
      }
    }
    return removed;
  }

  #path(oid: string): string {
    return join(this.dir, oid.slice(0, 2), oid.slice(2));
  }
}

const TEMPORARY = 'new-';
/** Up to this size a write is done sooner than a thread takes it up. */
const smallBytes = 64 * 1024;

function blobId(content: Buffer, length: number): string {
  const hash = createHash(length === 64 ? 'sha256' : 'sha1');
  return hash.update(`blob ${content.length}\0`).update(content).digest('hex');
}
