// The two processes that `weir up` keeps running: the Git server and the controller. Started when dead, else left alone.

import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Exit, exitCodes } from '../exit.ts';
import type { ClusterState, Home, ProcessRecord } from './home.ts';
import {
  acceptsConnections,
  answersOk,
  isAlive,
  type Reached,
  startDetached,
  waitReachable,
} from './processes.ts';

export const webhookPath = '/webhook';
const reachTimeoutMs = 30_000;
const shownLogLines = 15;

export const gitLog = (home: Home): string => join(home.logs, 'git-server.log');
export const controllerLog = (home: Home): string => join(home.logs, 'controller.log');
export const controllerUrl = (port: number): string => `http://127.0.0.1:${port}`;

export async function ensureWebhookSecret(home: Home): Promise<void> {
  if (!existsSync(home.webhookSecret))
    await writeFile(home.webhookSecret, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600 });
}

export async function ensureGitServer(input: {
  home: Home;
  port: number;
  before: ProcessRecord | undefined;
  signal: AbortSignal;
}): Promise<ProcessRecord> {
  return ensureService({
    ...input,
    name: 'the Git server',
    args: ['git-server', '--dir', input.home.git, '--port', String(input.port)],
    logFile: gitLog(input.home),
    probe: () => acceptsConnections(input.port),
  });
}

export async function ensureController(input: {
  home: Home;
  hub: ClusterState;
  port: number;
  before: ProcessRecord | undefined;
  signal: AbortSignal;
}): Promise<ProcessRecord> {
  const { home, hub } = input;
  return ensureService({
    ...input,
    name: 'the controller',
    args: [
      'controller',
      '--kubeconfig',
      hub.weirKubeconfig,
      ...(hub.context === undefined ? [] : ['--context', hub.context]),
      '--data',
      home.data,
      '--listen',
      `127.0.0.1:${input.port}`,
      '--webhook-secret-file',
      home.webhookSecret,
    ],
    logFile: controllerLog(home),
    probe: () => answersOk(`${controllerUrl(input.port)}/readyz`),
  });
}

async function ensureService(input: {
  name: string;
  args: readonly string[];
  logFile: string;
  port: number;
  before: ProcessRecord | undefined;
  probe: () => Promise<boolean>;
  signal: AbortSignal;
}): Promise<ProcessRecord> {
  const { name, before, port, logFile } = input;
  const isRunning = before !== undefined && (await isAlive(before));
  if (!isRunning && (await acceptsConnections(port)))
    throw new Exit(
      exitCodes.failure,
      `port ${port}, which ${name} had before, is taken by another program; stop that, or run weir down and weir up`,
    );
  const record = isRunning ? before : await startDetached(input.args, logFile);
  const reached = await waitReachable({ ...input, record, timeoutMs: reachTimeoutMs });
  if (reached !== 'reached') throw new Exit(exitCodes.failure, await whyNot(name, reached, logFile));
  return record;
}

async function whyNot(name: string, reached: Reached, logFile: string): Promise<string> {
  const log = await readFile(logFile, 'utf8').catch(() => '');
  const tail = log.trimEnd().split('\n').slice(-shownLogLines).join('\n');
  const what = reached === 'died' ? 'ended at once' : 'does not answer';
  return `${name} ${what}; the end of ${logFile}:\n${tail}`;
}
