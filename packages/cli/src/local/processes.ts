// Processes that outlive the command: started detached, known by pid and start time, and stopped only when both agree.

import { execFile, spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { ProcessRecord } from './home.ts';
import { weirCommand } from './place.ts';

const run = promisify(execFile);
const pollMs = 50;

/** Undefined when no such process lives. */
export async function startTimeOf(pid: number): Promise<string | undefined> {
  if (process.platform === 'linux') return linuxStartTime(pid);
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const [state = '', ...started] = stdout.trim().split(/\s+/);
    return state === '' || state.startsWith('Z') ? undefined : started.join(' ');
  } catch {
    return undefined;
  }
}

function linuxStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; what follows it is state (field 3) and so on.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

export async function isAlive(record: ProcessRecord | undefined): Promise<boolean> {
  return record !== undefined && (await startTimeOf(record.pid)) === record.startedAt;
}

/** Runs `weir <args>` detached; everything that it says goes to the log file. */
export async function startDetached(args: readonly string[], logFile: string): Promise<ProcessRecord> {
  await mkdir(dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [weirCommand(), ...args], {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, WEIR_CHILD: '1' },
  });
  await new Promise<void>((done, fail) => {
    child.once('spawn', done);
    child.once('error', fail);
  });
  child.unref();
  const pid = child.pid ?? 0;
  return { pid, startedAt: (await startTimeOf(pid)) ?? '' };
}

/** SIGTERM, and SIGKILL when that did not help in time. True when there was something to stop. */
export async function stopProcess(record: ProcessRecord | undefined, graceMs: number): Promise<boolean> {
  if (record === undefined || !(await isAlive(record))) return false;
  signalProcess(record.pid, 'SIGTERM');
  const deadline = Date.now() + graceMs;
  while (Date.now() < deadline) {
    if (!(await isAlive(record))) return true;
    await sleep(pollMs);
  }
  if (await isAlive(record)) signalProcess(record.pid, 'SIGKILL');
  return true;
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** A port of loopback that is free now. */
export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

export type Reached = 'reached' | 'died' | 'timeout';

/** Waits until `probe` succeeds, as long as the process lives. */
export async function waitReachable(input: {
  record: ProcessRecord;
  probe: () => Promise<boolean>;
  timeoutMs: number;
  signal: AbortSignal;
}): Promise<Reached> {
  const deadline = Date.now() + input.timeoutMs;
  while (Date.now() < deadline) {
    if (await input.probe()) return 'reached';
    if (!(await isAlive(input.record))) return 'died';
    await sleep(pollMs, undefined, { signal: input.signal });
  }
  return 'timeout';
}

export function acceptsConnections(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      done(true);
    });
    socket.once('error', () => done(false));
  });
}

export async function answersOk(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}
