// Builds the bare loop in Go that benchmarks compare with, into the cache that all checkouts share, once per content.

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, root } from './place.mjs';

const source = join(root, 'bench/floor-go');

/** Resolves with the path of the program. */
export async function buildBenchFloor() {
  const hash = createHash('sha256');
  for (const name of readdirSync(source).sort())
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(source, name)))
      .update('\0');
  const bin = join(cacheDir(), 'bin');
  const path = join(bin, `bench-floor-${hash.digest('hex').slice(0, 20)}`);
  if (existsSync(path)) return path;
  mkdirSync(bin, { recursive: true });
  const part = `${path}.${process.pid}.part`;
  const env = { ...process.env, CGO_ENABLED: '0', GOFLAGS: '', GOTOOLCHAIN: 'local', GOWORK: 'off' };
  await promisify(execFile)('go', ['build', '-trimpath', '-buildvcs=false', '-o', part, '.'], {
    cwd: source,
    env,
  });
  renameSync(part, path);
  return path;
}
