// Decides the manifest of a snapshot, the file that the renderer reads: version 1, entries of path, mode and blob id.
// It never changes a manifest that is written.

import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { PersistentTree } from './snapshot-tree.ts';

/** `<dir>/<repository key>/<commit>.json` */
export class ManifestStore {
  readonly #dir: string;

  constructor(dir: string) {
    this.#dir = dir;
  }

  path(key: string, commit: string): string {
    return join(this.#dir, key, `${commit}.json`);
  }

  async write(key: string, commit: string, text: string): Promise<void> {
    await mkdir(join(this.#dir, key), { recursive: true });
    const temporary = join(this.#dir, key, `${randomUUID()}.tmp`);
    await writeFile(temporary, text);
    await rename(temporary, this.path(key, commit));
  }

  async remove(key: string, commit: string): Promise<void> {
    await rm(this.path(key, commit), { force: true });
  }

  /** Commits with a manifest, newest first; what crashed writers left is removed. */
  async commits(key: string): Promise<readonly string[]> {
    const dir = join(this.#dir, key);
    const found: { commit: string; at: number }[] = [];
    for (const name of await readdir(dir).catch(() => [])) {
      if (name.endsWith('.tmp')) await rm(join(dir, name), { force: true });
      const commit = /^([0-9a-f]{40,64})\.json$/.exec(name)?.[1];
      if (commit !== undefined) found.push({ commit, at: (await stat(join(dir, name))).mtimeMs });
    }
    return found.sort((a, b) => b.at - a.at).map(({ commit }) => commit);
  }

  /** The blob ids of all manifests of all repositories. Rejects when one cannot be read: then nothing is known. */
  async referencedBlobs(): Promise<ReadonlySet<string>> {
    const blobs = new Set<string>();
    for (const key of await readdir(this.#dir).catch(() => [])) {
      for (const name of await readdir(join(this.#dir, key))) {
        if (!name.endsWith('.json')) continue;
        const manifest = JSON.parse(await readFile(join(this.#dir, key, name), 'utf8')) as {
          readonly entries: readonly (readonly [path: string, mode: string, oid: string])[];
        };
        for (const [, , oid] of manifest.entries) blobs.add(oid);
      }
    }
    return blobs;
  }
}

/** The text of the manifest, and the digest of the content: `sha256:` over mode, blob id and path of each file in order. */
export function describeTree(
  commit: string,
  tree: PersistentTree,
): { readonly text: string; readonly digest: string } {
  const hash = createHash('sha256');
  const entries: string[] = [];
  for (const [path, { mode, oid }] of tree.entries()) {
    hash.update(`${mode} ${oid}\t${path}\0`);
    entries.push(`[${JSON.stringify(path)},"${mode}","${oid}"]`);
  }
  return {
    text: `{"version":1,"commit":"${commit}","entries":[${entries.join(',')}]}`,
    digest: `sha256:${hash.digest('hex')}`,
  };
}
