// Bundles the `weir` command into packages/cli/dist; does nothing while its sources are unchanged.

import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { withLock } from './steps/lock.mjs';
import { root } from './steps/place.mjs';

const output = join(root, 'packages/cli/dist/weir.mjs');
const digestFile = `${output}.digest`;

/** CommonJS packages ask for Node's modules with `require`, which an ES module has not. */
const requireBanner =
  "import { createRequire as createRequireOfWeir } from 'node:module';\n" +
  'const require = createRequireOfWeir(import.meta.url);';

/** `built` or `unchanged`. */
export async function buildWeir({ log = () => {} } = {}) {
  if (isCurrent(sourceDigest())) return 'unchanged';
  return await withLock({ name: `bundle:${root}` }, async () => {
    const digest = sourceDigest();
    if (isCurrent(digest)) return 'unchanged';
    log('bundling packages/cli/src/main.ts ...');
    await bundle({ entry: join(root, 'packages/cli/src/main.ts'), output });
    writeFileSync(digestFile, digest);
    return 'built';
  });
}

/** One file with everything in it but Node's own modules. It is put in place by a rename: a running `weir` sees old or new. */
export async function bundle({ entry, output: file }) {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: file,
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: true,
    banner: { js: requireBanner },
    logLevel: 'warning',
  });
  mkdirSync(dirname(file), { recursive: true });
  for (const { path, contents } of outputFiles) {
    const part = `${path}.${process.pid}.part`;
    writeFileSync(part, contents);
    renameSync(part, path);
  }
}

function isCurrent(digest) {
  if (!existsSync(output) || !existsSync(digestFile)) return false;
  if (readFileSync(digestFile, 'utf8') !== digest) return false;
  // The command itself compares times (packages/cli/bin/weir.mjs): a checkout makes unchanged sources look newer.
  const now = new Date();
  utimesSync(output, now, now);
  return true;
}

/** Over all that may go into the bundle: sources of all rooms, the versions of packages, and this script. */
function sourceDigest() {
  const hash = createHash('sha256');
  const packages = join(root, 'packages');
  const files = [join(root, 'package-lock.json'), join(root, 'scripts/build.mjs')];
  for (const name of readdirSync(packages).sort()) {
    files.push(join(packages, name, 'package.json'), ...listFiles(join(packages, name, 'src')));
  }
  for (const file of files) {
    if (!existsSync(file) || file.endsWith('.test.ts')) continue;
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update('\0');
  }
  return hash.digest('hex');
}

function listFiles(directory) {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return entry.name === 'testdata' ? [] : listFiles(path);
      return [path];
    });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const outcome = await buildWeir({ log: (line) => process.stderr.write(`build: ${line}\n`) });
  process.stderr.write(`build: packages/cli/dist/weir.mjs ${outcome}\n`);
}
