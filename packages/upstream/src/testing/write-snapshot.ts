// Writes a snapshot of in-memory files to a temporary directory, for tests; it is no way to make real snapshots.

import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import type { SnapshotManifest, SnapshotRef } from '../messages.ts';

export interface TestFile {
  readonly text: string | Buffer;
  readonly mode?: string;
}

export interface TestSnapshot extends SnapshotRef {
  readonly oids: Readonly<Record<string, string>>;
  remove(): void;
}

/** Paths to texts, or to a text with a git mode; `{ text: target, mode: '120000' }` is a symlink. */
export function writeSnapshot(files: Readonly<Record<string, string | Buffer | TestFile>>): TestSnapshot {
  const root = mkdtempSync(join(tmpdir(), 'weir-snapshot-'));
  const blobs = join(root, 'blobs');
  const oids: Record<string, string> = {};
  const entries: [string, string, string][] = [];
  for (const [path, value] of Object.entries(files)) {
    const file = typeof value === 'string' || Buffer.isBuffer(value) ? { text: value } : value;
    const oid = writeBlob(blobs, Buffer.from(file.text));
    oids[path] = oid;
    entries.push([path, file.mode ?? '100644', oid]);
  }
  const manifest: SnapshotManifest = { version: 1, commit: '0'.repeat(40), entries };
  const text = JSON.stringify(manifest);
  writeFileSync(join(root, 'manifest.json'), text);
  return {
    id: createHash('sha256').update(text).digest('hex'),
    manifest: join(root, 'manifest.json'),
    blobs,
    oids,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

/** The regular files below a directory of the disk, as the files of a snapshot. */
export function filesBelow(directory: string): Record<string, Buffer> {
  const files: Record<string, Buffer> = {};
  for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) {
      const path = join(entry.parentPath, entry.name);
      files[relative(directory, path).split(sep).join('/')] = readFileSync(path);
    }
  }
  return files;
}

function writeBlob(blobs: string, data: Buffer): string {
  const oid = createHash('sha1').update(`blob ${data.length}\0`).update(data).digest('hex');
  mkdirSync(join(blobs, oid.slice(0, 2)), { recursive: true });
  writeFileSync(join(blobs, oid.slice(0, 2), oid.slice(2)), data);
  return oid;
}
