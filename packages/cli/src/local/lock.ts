// One `up` or `down` per home at a time. A lock whose owner is dead is taken over.

import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { isRecord } from '@weir/core';
import { Exit, exitCodes } from '../exit.ts';
import type { Home, ProcessRecord } from './home.ts';
import { isAlive, startTimeOf } from './processes.ts';

export async function withHomeLock<T>(home: Home, work: () => Promise<T>): Promise<T> {
  await mkdir(home.dir, { recursive: true, mode: 0o700 });
  await take(home);
  try {
    return await work();
  } finally {
    await rm(home.lock, { force: true });
  }
}

async function take(home: Home): Promise<void> {
  const mine: ProcessRecord = { pid: process.pid, startedAt: (await startTimeOf(process.pid)) ?? '' };
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      await writeFile(home.lock, JSON.stringify(mine), { flag: 'wx', mode: 0o600 });
      return;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    }
    const owner = await readOwner(home.lock);
    if (await isAlive(owner)) break;
    await rm(home.lock, { force: true });
  }
  throw new Exit(exitCodes.failure, `another weir up or down is at work in ${home.dir}; wait until it ends`);
}

async function readOwner(path: string): Promise<ProcessRecord | undefined> {
  try {
    const owner: unknown = JSON.parse(await readFile(path, 'utf8'));
    return isRecord(owner) && typeof owner.pid === 'number' && typeof owner.startedAt === 'string'
      ? { pid: owner.pid, startedAt: owner.startedAt }
      : undefined;
  } catch {
    return undefined;
  }
}
