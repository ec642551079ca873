// Starts the one fleet that all e2e tests share, by `weir up` in a private home, and takes it down after the last test.
// With WEIR_E2E_HOME a fleet that runs already is used, and left running: for work on the tests themselves.
// A keeper process holds the other end of a pipe: the fleet ends with this process, however this one ends.

import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { runWeir, weirCommand } from './command.ts';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly weirHome: string;
  }
}

const upTimeoutMs = 400_000;

export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const given = process.env.WEIR_E2E_HOME;
  if (given !== undefined && given !== '') {
    project.provide('weirHome', given);
    return async () => undefined;
  }
  const home = await mkdtemp(join(tmpdir(), 'weir-e2e-'));
  const keeper = startKeeper(home);
  const began = Date.now();
  const up = await runWeir(['up', '--home', home, '-o', 'json'], { timeoutMs: upTimeoutMs });
  if (up.code !== 0) {
    const log = await readFile(join(home, 'logs/controller.log'), 'utf8').catch(() => '');
    await endKeeper(keeper);
    throw new Error(
      `weir up ended with ${up.code}:\n${up.stderr.slice(-6_000)}\ncontroller log:\n${log.slice(-6_000)}`,
    );
  }
  console.log(`weir up took ${((Date.now() - began) / 1_000).toFixed(1)} s`);
  project.provide('weirHome', home);
  return async () => {
    await endKeeper(keeper);
    if (existsSync(home)) throw new Error(`${home} is still there after weir down`);
  };
}

function startKeeper(home: string): ChildProcess {
  const script = 'cat >/dev/null; "$0" "$1" down --home "$2"; rm -rf "$2"';
  return spawn('/bin/sh', ['-c', script, process.execPath, weirCommand, home], {
    // A process group of its own: an interrupt at the terminal must not end the one that cleans up.
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, WEIR_CHILD: '1' },
  });
}

async function endKeeper(keeper: ChildProcess): Promise<void> {
  const ended = new Promise<void>((done) => {
    keeper.once('close', () => done());
  });
  keeper.stdin?.end();
  await ended;
}
