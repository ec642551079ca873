// Driving the localkube binary: up, down, kubeconfigs. It never looks into a cluster.

import { spawn } from 'node:child_process';
import { isRecord, WeirError } from '@weir/core';

export interface LocalCluster {
  readonly name: string;
  readonly server: string;
  /** 0 to a few ms when it ran already. */
  readonly startedInMs: number;
}

export interface Localkube {
  up(name: string, options: { timeoutMs: number; onProgress: (line: string) => void }): Promise<LocalCluster>;
  /** The administrator's kubeconfig; with a user, one with a new client certificate. */
  kubeconfig(name: string, user?: string): Promise<string>;
  down(name: string, options: { remove: boolean }): Promise<void>;
}

export function createLocalkube(input: { binary: string; home: string; signal: AbortSignal }): Localkube {
  const run = (args: readonly string[], onLine: (line: string) => void = () => {}): Promise<string> =>
    runBinary({ ...input, args: [...args, '--home', input.home], onLine });
  return {
    up: async (name, options) => {
      const seconds = Math.max(1, Math.ceil(options.timeoutMs / 1_000));
      const text = await run(['up', name, '--timeout', `${seconds}s`], options.onProgress);
      const result: unknown = JSON.parse(text);
      if (!isRecord(result) || typeof result.server !== 'string')
        throw new WeirError({ code: 'INTERNAL', message: `localkube up ${name} printed no server` });
      return { name, server: result.server, startedInMs: Number(result.startedInMs ?? 0) };
    },
    kubeconfig: (name, user) => run(['kubeconfig', name, ...(user === undefined ? [] : ['--user', user])]),
    down: async (name, { remove }) => {
      await run(['down', name, ...(remove ? ['--delete'] : [])]);
    },
  };
}

function runBinary(input: {
  binary: string;
  args: readonly string[];
  signal: AbortSignal;
  onLine: (line: string) => void;
}): Promise<string> {
  return new Promise((done, fail) => {
    const child = spawn(input.binary, [...input.args], {
      stdio: ['ignore', 'pipe', 'pipe'],
      signal: input.signal,
    });
    let stdout = '';
    let stderr = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      stdout += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      stderr = `${stderr}${chunk}`.slice(-8_000);
      for (const line of chunk.split('\n')) if (line.trim() !== '') input.onLine(line.trim());
    });
    child.once('error', fail);
    child.once('close', (code) => {
      if (code === 0) return done(stdout);
      const said = stderr.trim().split('\n').slice(-5).join('\n');
      fail(
        new WeirError({
          code: 'CLUSTER_UNREACHABLE',
          message: `localkube ${input.args.slice(0, 2).join(' ')} failed: ${said === '' ? `exit code ${code}` : said}`,
        }),
      );
    });
  });
}
