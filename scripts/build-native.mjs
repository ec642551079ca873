// Builds the Go programs of native/ into the cache that all checkouts share, each at most once per content.
// It needs Node and Go, no npm package: it runs on a fresh clone.

import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { join, relative, sep } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { withLock } from './steps/lock.mjs';
import { cacheDir, root, showTime } from './steps/place.mjs';

const goCommand = 'go';
const programs = ['evaluate', 'localkube', 'render'];
const buildFlags = ['-trimpath', '-buildvcs=false'];
const progressEveryMs = 10_000;
const unusedDays = 14;

const moduleOf = (name) => join(root, 'native', name);

/** The environment of every call of go: ours alone decides flags and tool chain, the user's decides proxies and caches. */
const goEnvironment = () => ({
  ...process.env,
  CGO_ENABLED: '0',
  GOFLAGS: '',
  GOTOOLCHAIN: 'local',
  GOWORK: 'off',
});

/** Names of the programs that this checkout has the sources of. */
export function nativePrograms() {
  return programs.filter((name) => existsSync(join(moduleOf(name), 'go.mod')));
}

/** Where the binary of the present sources lies, whether or not it is built already. */
export async function nativePath(name) {
  if (!nativePrograms().includes(name)) throw new Error(`native/${name} is no Go program of this checkout`);
  const hash = createHash('sha256');
  hash.update(`${await goVersion()}\0${[...buildFlags, ...linkerFlags(name)].join(' ')}\0`);
  for (const directory of [moduleOf(name), ...localModules(name)]) {
    for (const file of sourceFiles(directory)) {
      hash
        .update(`${relative(moduleOf(name), file).split(sep).join('/')}\0`)
        .update(readFileSync(file))
        .update('\0');
    }
  }
  return join(cacheDir(), 'bin', `${name}-${hash.digest('hex').slice(0, 20)}`);
}

/**
 * Builds one program unless its binary is in the cache, and resolves with `{ name, path, built }`. Of two
 * builders at once, in any checkout, the second waits for the first. `log` gets lines of progress.
 */
export async function buildNative(name, { log = () => {} } = {}) {
  const path = await nativePath(name);
  if (isBuilt(path)) return { name, path, built: false };
  const lock = { name: `go:${path}`, onWait: () => log(`${name}: another build of it is running ...`) };
  return await withLock(lock, async () => {
    if (isBuilt(path)) return { name, path, built: false };
    await build({ name, path, log });
    removeUnused(name, path);
    return { name, path, built: true };
  });
}

/** Using a binary refreshes its time, so that only unused ones grow old. */
function isBuilt(path) {
  if (!existsSync(path)) return false;
  const now = new Date();
  try {
    utimesSync(path, now, now);
  } catch {
    // A read-only cache is as good.
  }
  return true;
}

async function build({ name, path, log }) {
  mkdirSync(join(cacheDir(), 'bin'), { recursive: true, mode: 0o700 });
  const part = `${path}.${process.pid}.part`;
  const started = Date.now();
  const state = { phase: 'downloading modules', compiled: 0 };
  const timer = setInterval(() => {
    const packages = state.phase === 'compiling' ? ` (${state.compiled} packages so far)` : '';
    log(`${name}: ${state.phase}${packages}, ${Math.round((Date.now() - started) / 1000)} s ...`);
  }, progressEveryMs);
  try {
    // Listing what is imported downloads exactly that, which makes the two phases visible apart.
    await go(name, ['list', '-deps', '.'], () => {});
    state.phase = 'compiling';
    const flags = [...buildFlags, '-ldflags', ['-s', '-w', ...linkerFlags(name)].join(' ')];
    await go(name, ['build', '-v', ...flags, '-o', part, '.'], () => {
      state.compiled += 1;
    });
    renameSync(part, path);
    log(
      `${name}: built in ${showTime(Date.now() - started)}, ${Math.round(statSync(path).size / 2 ** 20)} MiB`,
    );
  } finally {
    clearInterval(timer);
    rmSync(part, { force: true });
  }
}

/** Runs go in a program's module; `onLine` gets each line of its stderr. The child dies with this process. */
async function go(name, args, onLine) {
  const child = spawn(goCommand, args, {
    cwd: moduleOf(name),
    env: goEnvironment(),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = () => child.kill('SIGKILL');
  process.once('exit', stop);
  const tail = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    onLine(line);
    tail.push(line);
    if (tail.length > 40) tail.shift();
  });
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    if (code !== 0)
      throw new Error(`go ${args[0]} of native/${name} failed (code ${code}):\n${tail.join('\n')}`);
  } finally {
    process.removeListener('exit', stop);
  }
}

async function goVersion() {
  try {
    const names = ['GOVERSION', 'GOOS', 'GOARCH'];
    const { stdout } = await promisify(execFile)(goCommand, ['env', ...names], {
      cwd: root,
      env: goEnvironment(),
    });
    return stdout.trim().split('\n').join(' ');
  } catch (error) {
    if (error.code === 'ENOENT') throw new Error('go was not found on PATH; install Go 1.26 or newer');
    throw error;
  }
}

/** `native/<name>/ldflags` holds further flags of the linker, as the versions that Kubernetes' binaries report. */
function linkerFlags(name) {
  const file = join(moduleOf(name), 'ldflags');
  return existsSync(file) ? readFileSync(file, 'utf8').split(/\s+/).filter(Boolean) : [];
}

/** Directories of the modules of this checkout that go.mod replaces others with: their sources are the binary's too. */
function localModules(name) {
  const text = readFileSync(join(moduleOf(name), 'go.mod'), 'utf8');
  return [...text.matchAll(/^(?:replace)?\s.*=>\s+(\.\.?\/\S+)\s*$/gm)].map(([, path]) =>
    join(moduleOf(name), path),
  );
}

/** All that can change the binary, in a stable order: neither tests nor documents. */
function sourceFiles(directory) {
  const files = [];
  const entries = readdirSync(directory, { withFileTypes: true });
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const path = join(directory, entry.name);
    if (entry.name.startsWith('.') || entry.name === 'testdata') continue;
    if (entry.isDirectory()) files.push(...sourceFiles(path));
    else if (entry.isFile() && !/(_test\.go|\.md)$/.test(entry.name)) files.push(path);
  }
  return files;
}

function removeUnused(name, keep) {
  const directory = join(cacheDir(), 'bin');
  const oldest = Date.now() - unusedDays * 24 * 3600_000;
  for (const file of readdirSync(directory)) {
    const path = join(directory, file);
    if (!new RegExp(`^${name}-[0-9a-f]{20}(\\.\\d+\\.part)?$`).test(file) || path === keep) continue;
    try {
      if (statSync(path).mtimeMs < oldest) rmSync(path);
    } catch (error) {
      if (error.code !== 'ENOENT') throw error; // another build removed it first
    }
  }
}

async function main(names) {
  const unknown = names.filter((name) => !nativePrograms().includes(name));
  if (unknown.length > 0) {
    process.stderr.write(
      `usage: build-native.mjs [${nativePrograms().join('] [')}]; unknown: ${unknown.join(', ')}\n`,
    );
    return 2;
  }
  const log = (line) => process.stderr.write(`build-native: ${line}\n`);
  for (const name of names.length > 0 ? names : nativePrograms()) {
    const { path } = await buildNative(name, { log });
    process.stdout.write(`${name} ${path}\n`);
  }
  return 0;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`build-native: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
