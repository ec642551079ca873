// Decides how a git process is started, bounded and ended: arguments as an array, a minimal environment, a deadline,
// a limit on its output, and an end for its whole process group. It never interprets what git printed.

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fixedArguments, type GitSetting, gitEnvironment } from './git-environment.ts';
import type { GitExit } from './git-problem.ts';
import { Semaphore } from './semaphore.ts';

export interface GitCommand {
  /** The subcommand and its arguments; `--` stands before whatever a user wrote. */
  readonly args: readonly string[];
  readonly gitDir?: string;
  readonly settings?: readonly GitSetting[];
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  readonly maxOutputBytes?: number;
  /** Called in the same tick in which the process was started. */
  readonly onStart?: (processId: number) => void;
}

export type GitPipe = ChildProcessByStdio<Writable, Readable, null>;

const DEFAULT_MAX_OUTPUT_BYTES = 256 * 1024 * 1024;
const MAX_STDERR_CHARS = 64 * 1024;
const MAX_WAITING = 10_000;

/** Starts git processes and counts them by subcommand. */
export class Git {
  readonly #slots: Semaphore;
  readonly #counts = new Map<string, number>();

  constructor(options: { readonly maxProcesses: number }) {
    this.#slots = new Semaphore({ slots: options.maxProcesses, maxWaiting: MAX_WAITING });
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Never rejects: however the process ended is a value. */
  async run(command: GitCommand): Promise<GitExit> {
    const free = await this.#slots.acquire(command.signal);
    if (free === undefined) return unstarted('cancelled');
    try {
      return await this.#runNow(command);
    } finally {
      free();
    }
  }

  /** A process that stays: the caller ends it with `killGroup`. */
  open(gitDir: string, args: readonly string[]): GitPipe {
    this.#count(args);
    return spawn('git', [...fixedArguments, `--git-dir=${gitDir}`, ...args], {
      env: gitEnvironment([]),
      detached: true,
      stdio: ['pipe', 'pipe', 'ignore'],
    });
  }

  #runNow(command: GitCommand): Promise<GitExit> {
    this.#count(command.args);
    const gitDir = command.gitDir === undefined ? [] : [`--git-dir=${command.gitDir}`];
    const child = spawn('git', [...fixedArguments, ...gitDir, ...command.args], {
      env: gitEnvironment(command.settings ?? []),
      // A process group of its own: git's helpers (git-remote-https, index-pack) end with it.
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    if (child.pid !== undefined) command.onStart?.(child.pid);
    return collect(child, command);
  }

  #count(args: readonly string[]): void {
    const name = args[0] ?? '';
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }
}

function collect(
  child: ChildProcessByStdio<null, Readable, Readable>,
  command: GitCommand,
): Promise<GitExit> {
  const limit = command.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES;
  const chunks: Buffer[] = [];
  let size = 0;
  let stderr = '';
  let ended: GitExit['ended'] = 'exited';
  const end = (reason: GitExit['ended']): void => {
    if (ended === 'exited') ended = reason;
    if (child.pid !== undefined) killGroup(child.pid);
  };
  const onAbort = (): void => end('cancelled');
  const timer = setTimeout(() => end('timed-out'), command.timeoutMs);
  if (command.signal?.aborted === true) onAbort();
  command.signal?.addEventListener('abort', onAbort, { once: true });
  child.stdout.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > limit) end('too-large');
    else chunks.push(chunk);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-MAX_STDERR_CHARS);
  });
  return new Promise((done) => {
    child.on('error', () => {
      if (child.pid === undefined) ended = 'not-started';
    });
    child.on('close', (code) => {
      clearTimeout(timer);
      command.signal?.removeEventListener('abort', onAbort);
      done({ ended, code: code ?? -1, stdout: Buffer.concat(chunks), stderr });
    });
  });
}

function unstarted(ended: GitExit['ended']): GitExit {
  return { ended, code: -1, stdout: Buffer.alloc(0), stderr: '' };
}

/** Ends a process and everything that it started. A group that is already gone is fine. */
export function killGroup(processId: number): void {
  try {
    process.kill(-processId, 'SIGKILL');
  } catch {
    // ESRCH: it ended by itself.
  }
}

export function isSuccess(exit: GitExit): boolean {
  return exit.ended === 'exited' && exit.code === 0;
}
