// Makes a fresh clone ready: prerequisites, packages, Go binaries, the `weir` command. Safe to run twice and at once.
// It needs nothing but Node: whatever lies in node_modules is imported only after it was installed.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { installPackages, isInstalled } from './steps/install.mjs';
import { withLock } from './steps/lock.mjs';
import { root, showTime } from './steps/place.mjs';
import { checkPrerequisites } from './steps/prerequisites.mjs';

const progress = (line) => process.stderr.write(`setup: ${line}\n`);

/** Resolves with the paths of the Go binaries by name; rejects with a message that says what to do. */
export async function setup({
  native = ['evaluate', 'localkube', 'render'],
  bundle = true,
  log = progress,
} = {}) {
  const step = async (name, work) => {
    const started = Date.now();
    const outcome = await work();
    log(`${name}: ${outcome} (${showTime(Date.now() - started)})`);
  };
  const binaries = {};
  await step('prerequisites', async () => checkPrerequisites({ log }));
  await step('packages', async () => ensurePackages(log));
  for (const name of native) {
    await step(`go ${name}`, async () => {
      const { path, built } = await ensureNative(name, log);
      binaries[name] = path;
      return built ? 'built' : 'unchanged';
    });
  }
  if (bundle) await step('weir', async () => ensureBundle(log));
  return { binaries };
}

async function ensurePackages(log) {
  if (isInstalled()) return 'unchanged';
  const lock = {
    name: `packages:${root}`,
    onWait: () => log('packages: another setup is installing them ...'),
  };
  return await withLock(lock, async () => (isInstalled() ? 'unchanged' : await installPackages({ log })));
}

async function ensureNative(name, log) {
  const { buildNative } = await import('./build-native.mjs');
  return await buildNative(name, { log });
}

async function ensureBundle(log) {
  const { buildWeir } = await import('./build.mjs');
  return await buildWeir({ log });
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  try {
    if (!existsSync(join(root, 'package-lock.json'))) throw new Error(`${root} holds no package-lock.json`);
    await setup();
  } catch (error) {
    progress(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
