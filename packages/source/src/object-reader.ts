// Decides how objects are read from a mirror: one `git cat-file --batch` that stays, asked for many objects at a time.
// It never keeps a process that is out of step, and never reads an object further than its limit.

import type { Readable } from 'node:stream';
import { failed, ok, type Result } from '@weir/core';
import { type Git, type GitPipe, killGroup } from './git-process.ts';
import { Semaphore } from './semaphore.ts';

export type ReadObject =
  | { readonly status: 'found'; readonly oid: string; readonly type: string; readonly content: Buffer }
  | { readonly status: 'too-large'; readonly oid: string; readonly size: number }
  | { readonly status: 'missing' };

export interface ReadRequest {
  /** Object names, as git understands them: full ids, or expressions without a line end. */
  readonly names: readonly string[];
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  /** Called in the order of the names, one after the other; `too-large` is the last call. */
  readonly onObject: (object: ReadObject, index: number) => Promise<void> | void;
}

export const IDLE_MS = 30_000;
const NAMES_AHEAD = 2_000;
const MAX_WAITING_READERS = 1_000;

export class ObjectReader {
  readonly #git: Git;
  readonly #gitDir: string;
  readonly #idleMs: number;
  readonly #turns = new Semaphore({ slots: 1, maxWaiting: MAX_WAITING_READERS });
  #pipe: GitPipe | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(options: { readonly git: Git; readonly gitDir: string; readonly idleMs?: number }) {
    this.#git = options.git;
    this.#gitDir = options.gitDir;
    this.#idleMs = options.idleMs ?? IDLE_MS;
  }

  async read(request: ReadRequest): Promise<Result<'done'>> {
    if (request.names.length === 0) return ok('done');
    const release = await this.#turns.acquire(request.signal);
    if (release === undefined)
      return failed({ code: 'GIT_FAILED', message: 'reading objects was cancelled' });
    clearTimeout(this.#idle);
    const stop = (): void => this.close();
    request.signal.addEventListener('abort', stop, { once: true });
    let inStep = false;
    try {
      inStep = await this.#readAll(request);
      return ok('done');
    } catch (error) {
      const reason = request.signal.aborted ? 'was cancelled' : `failed: ${String(error)}`;
      return failed({ code: 'GIT_FAILED', message: `reading objects of the mirror ${reason}` });
    } finally {
      request.signal.removeEventListener('abort', stop);
      if (!inStep) this.close();
      else this.#idle = setTimeout(() => this.close(), this.#idleMs).unref();
      release();
    }
  }

  close(): void {
    clearTimeout(this.#idle);
    const processId = this.#pipe?.pid;
    this.#pipe = undefined;
    if (processId !== undefined) killGroup(processId);
  }

  /** False when it stopped in the middle of an answer. */
  async #readAll({ names, maxBytes, onObject, signal }: ReadRequest): Promise<boolean> {
    const pipe = this.#open();
    for (let start = 0; start < names.length; start += NAMES_AHEAD) {
      const slice = names.slice(start, start + NAMES_AHEAD);
      pipe.stdin.write(`${slice.join('\n')}\n`);
      for (let index = 0; index < slice.length; index += 1) {
        if (signal.aborted) throw new Error('cancelled');
        const header = (await readUntilLineEnd(pipe.stdout)).toString();
        const [, oid = '', type = '', digits = ''] = /^([0-9a-f]{40,64}) (\w+) (\d+)$/.exec(header) ?? [];
        const size = Number(digits);
        if (oid === '') await onObject({ status: 'missing' }, start + index);
        else if (size > maxBytes) {
          await onObject({ status: 'too-large', oid, size }, start + index);
          return false;
        } else {
          const content = await readBytes(pipe.stdout, size + 1);
          await onObject({ status: 'found', oid, type, content: content.subarray(0, size) }, start + index);
        }
      }
    }
    return true;
  }

  #open(): GitPipe {
    if (this.#pipe !== undefined) return this.#pipe;
    const pipe = this.#git.open(this.#gitDir, ['cat-file', '--batch']);
    const forget = (): void => {
      if (this.#pipe === pipe) this.#pipe = undefined;
    };
    pipe.on('error', forget);
    pipe.on('close', forget);
    pipe.stdin.on('error', forget);
    this.#pipe = pipe;
    return pipe;
  }
}

async function readUntilLineEnd(stream: Readable): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const chunk = await nextChunk(stream);
    const end = chunk.indexOf(0x0a);
    if (end < 0) {
      parts.push(chunk);
      continue;
    }
    parts.push(chunk.subarray(0, end));
    if (end + 1 < chunk.length) stream.unshift(chunk.subarray(end + 1));
    return Buffer.concat(parts);
  }
}

async function readBytes(stream: Readable, size: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let missing = size;
  while (missing > 0) {
    const chunk = await nextChunk(stream);
    const take = chunk.subarray(0, missing);
    parts.push(take);
    missing -= take.length;
    if (take.length < chunk.length) stream.unshift(chunk.subarray(take.length));
  }
  return parts.length === 1 ? (parts[0] ?? Buffer.alloc(0)) : Buffer.concat(parts, size);
}

/** What has arrived, or waits; rejects when the process ended. */
function nextChunk(stream: Readable): Promise<Buffer> {
  return new Promise((done, fail) => {
    const attempt = (): boolean => {
      const chunk = stream.read() as Buffer | null;
      if (chunk === null) return false;
      done(chunk);
      return true;
    };
    if (attempt()) return;
    if (stream.destroyed || stream.readableEnded) {
      fail(new Error('git ended'));
      return;
    }
    const stop = (): void => {
      stream.off('readable', onReadable);
      stream.off('end', onEnd);
      stream.off('close', onEnd);
    };
    const onReadable = (): void => {
      if (attempt()) stop();
    };
    const onEnd = (): void => {
      stop();
      fail(new Error('git ended'));
    };
    stream.on('readable', onReadable);
    stream.on('end', onEnd);
    stream.on('close', onEnd);
  });
}
