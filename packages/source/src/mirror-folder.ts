// Decides what a crashed run left behind in a mirror's folder, and clears it away before git is used there again.
// It never ends a process that does not work on this very folder, and never touches objects or refs.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { killGroup } from './git-process.ts';

export interface MirrorFolder {
  /** `<dir>/repos/<key>` */
  readonly root: string;
  readonly mirror: string;
  readonly processFile: string;
}

export function mirrorFolder(dir: string, key: string): MirrorFolder {
  const root = join(dir, 'repos', key);
  return { root, mirror: join(root, 'mirror.git'), processFile: join(root, 'git.pid') };
}

export const TEMPORARY_PREFIX = 'new-';

/**
 * Written in the tick in which git was started, hence synchronously: whoever takes over after a kill -9 finds the
 * process that may still be writing.
 */
export function recordProcess(folder: MirrorFolder, processId: number): void {
  try {
    writeFileSync(folder.processFile, String(processId));
  } catch {
    // A full disk; git will say so better.
  }
}

/** To be called once before the first use of a folder by this process. */
export async function recoverFolder(folder: MirrorFolder): Promise<void> {
  await endLeftoverProcess(folder);
  for (const name of await namesIn(folder.root)) {
    if (name.startsWith(TEMPORARY_PREFIX))
      await rm(join(folder.root, name), { recursive: true, force: true });
  }
  await clearLocks(folder.mirror);
}

export async function isMirrorPresent(folder: MirrorFolder): Promise<boolean> {
  return isFile(join(folder.mirror, 'HEAD'));
}

/** Removes the lock and temporary files that a killed git left; no git may be running there. */
export async function clearLocks(mirror: string): Promise<void> {
  await removeIn(mirror, (name) => name.endsWith('.lock'));
  await removeLocksBelow(join(mirror, 'refs'));
  await removeIn(join(mirror, 'objects'), (name) => name.startsWith('tmp_') || name.endsWith('.lock'));
  await removeIn(join(mirror, 'objects', 'pack'), (name) => /^tmp_|^\.tmp-|\.lock$/.test(name));
}

async function removeLocksBelow(dir: string): Promise<void> {
  for (const entry of await readdir(dir, { recursive: true, withFileTypes: true }).catch(() => [])) {
    if (entry.isFile() && entry.name.endsWith('.lock'))
      await rm(join(entry.parentPath, entry.name), { force: true });
  }
}

async function removeIn(dir: string, isLeftover: (name: string) => boolean): Promise<void> {
  for (const name of await namesIn(dir)) {
    if (isLeftover(name)) await rm(join(dir, name), { recursive: true, force: true });
  }
}

async function endLeftoverProcess(folder: MirrorFolder): Promise<void> {
  const text = await readFile(folder.processFile, 'utf8').catch(() => '');
  await rm(folder.processFile, { force: true });
  const processId = Number(text);
  if (!Number.isSafeInteger(processId) || processId <= 1) return;
  // The number may have been given to somebody else since; only a git that names this folder is ours.
  if (!(await commandLineOf(processId)).includes(folder.root)) return;
  killGroup(processId);
  for (let attempt = 0; attempt < 100 && (await commandLineOf(processId)) !== ''; attempt += 1)
    await sleep(20);
}

async function commandLineOf(processId: number): Promise<string> {
  if (process.platform === 'linux') {
    return readFile(`/proc/${processId}/cmdline`, 'utf8').catch(() => '');
  }
  return new Promise((done) => {
    execFile('ps', ['-o', 'command=', '-p', String(processId)], (error, out) =>
      done(error === null ? out : ''),
    );
  });
}

async function namesIn(dir: string): Promise<readonly string[]> {
  return readdir(dir).catch(() => []);
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
