// Shares a few render processes among many requests and ends those that hang, grow or die; it never retries a request.

import { availableParallelism } from 'node:os';
import { completeObjects, digestsOf } from './known-objects.ts';
import type {
  ReadSet,
  RenderErrorCode,
  RenderedObject,
  RenderFailure,
  RenderRequest,
  RenderType,
  Response,
} from './messages.ts';
import { RenderProcess } from './render-process.ts';
import { residentBytes } from './resident-memory.ts';

/** Requests that may wait for a process; one more is refused with RENDER_QUEUE_FULL. */
export const MAX_WAITING_REQUESTS = 10_000;

/** How often the memory of a busy process is looked at. Go allocates some hundred MiB in that time at most. */
const MEMORY_CHECK_MS = 50;

export interface RenderPoolOptions {
  /** Absolute path of the render binary. */
  readonly binary: string;
  /** Processes at most; by default one per core, up to four. */
  readonly size?: number;
  /** From the moment a process takes the request up; waiting for one does not count. Default 60,000. */
  readonly requestTimeoutMs?: number;
  /** Resident memory at which a process is killed. Default 512 MiB. */
  readonly maxRssBytes?: number;
  /** A process without work for this long is ended; by default it is kept. */
  readonly idleMs?: number;
  /** Default {@link MAX_WAITING_REQUESTS}. */
  readonly maxWaiting?: number;
}

export interface RenderOptions {
  /** Of an earlier rendering: those that come up again are not sent again, and are these very objects in the outcome. */
  readonly known?: readonly RenderedObject[];
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** A failed rendering has reads too, unless its process was ended. */
export type RenderOutcome =
  | {
      readonly ok: true;
      readonly type: RenderType;
      readonly objects: readonly RenderedObject[];
      readonly reads: ReadSet;
      readonly unreproducible: boolean;
    }
  | { readonly ok: false; readonly error: RenderFailure; readonly reads?: ReadSet };

export interface RenderPool {
  /** Never rejects. */
  render(request: RenderRequest, options?: RenderOptions): Promise<RenderOutcome>;
  /** The versions of the evaluators: part of every cache key. Rejects where no process can be started. */
  evaluators(): Promise<Readonly<Record<string, string>>>;
  /** Ends all processes; what is under way resolves to RENDER_CLOSED. */
  close(): Promise<void>;
}

export function createRenderPool(options: RenderPoolOptions): RenderPool {
  return new Pool(options);
}

interface Job {
  readonly request: RenderRequest;
  readonly known: readonly RenderedObject[];
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly settle: (outcome: RenderOutcome) => void;
  /** Set while a process works on it. */
  process?: RenderProcess;
  settled: boolean;
}

const failed = (code: RenderErrorCode, message: string): { ok: false; error: RenderFailure } => ({
  ok: false,
  error: { code, message },
});

class Pool implements RenderPool {
  readonly #options: RenderPoolOptions;
  readonly #size: number;
  readonly #maxRssBytes: number;
  readonly #queue: Job[] = [];
  readonly #idle: RenderProcess[] = [];
  readonly #all = new Set<RenderProcess>();
  readonly #idleTimers = new Map<RenderProcess, NodeJS.Timeout>();
  #busy = 0;
  #closed = false;
  #evaluators: Readonly<Record<string, string>> | undefined;

  constructor(options: RenderPoolOptions) {
    this.#options = options;
    this.#size = Math.max(1, options.size ?? Math.min(4, availableParallelism()));
    this.#maxRssBytes = options.maxRssBytes ?? 512 * 1024 * 1024;
  }

  render(request: RenderRequest, options: RenderOptions = {}): Promise<RenderOutcome> {
    const { signal } = options;
    if (this.#closed) {
      return Promise.resolve(failed('RENDER_CLOSED', 'render pool is closed'));
    }
    if (signal?.aborted === true) {
      return Promise.resolve(failed('RENDER_ABORTED', 'rendering was given up'));
    }
    const bound = this.#options.maxWaiting ?? MAX_WAITING_REQUESTS;
    if (this.#busy >= this.#size && this.#queue.length >= bound) {
      return Promise.resolve(failed('RENDER_QUEUE_FULL', `${bound} renderings are waiting already`));
    }
    return new Promise((resolve) => {
      const job: Job = {
        request,
        known: options.known ?? [],
        signal,
        timeoutMs: options.timeoutMs ?? this.#options.requestTimeoutMs ?? 60_000,
        settled: false,
        settle: (outcome) => {
          if (!job.settled) {
            job.settled = true;
            signal?.removeEventListener('abort', abort);
            resolve(outcome);
          }
        },
      };
      const abort = (): void => this.#abort(job);
      signal?.addEventListener('abort', abort, { once: true });
      this.#queue.push(job);
      this.#pump();
    });
  }

  async evaluators(): Promise<Readonly<Record<string, string>>> {
    if (this.#evaluators !== undefined) {
      return this.#evaluators;
    }
    const started = await this.#start();
    if (!started.ok) {
      throw new Error(started.error.message);
    }
    if (this.#busy + this.#idle.length < this.#size) {
      this.#park(started.process);
    } else {
      started.process.stop();
    }
    return started.process.evaluators;
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closed = failed('RENDER_CLOSED', 'render pool was closed');
    for (const job of this.#queue.splice(0)) {
      job.settle(closed);
    }
    const processes = [...this.#all];
    for (const process of processes) {
      process.kill(closed.error);
    }
    await Promise.all(processes.map((process) => process.ended));
  }

  #abort(job: Job): void {
    const aborted = failed('RENDER_ABORTED', 'rendering was given up');
    const waiting = this.#queue.indexOf(job);
    if (waiting >= 0) {
      this.#queue.splice(waiting, 1);
    }
    job.process?.kill(aborted.error);
    job.settle(aborted);
  }

  #pump(): void {
    while (!this.#closed && this.#busy < this.#size) {
      const job = this.#queue.shift();
      if (job === undefined) {
        return;
      }
      this.#busy += 1;
      void this.#run(job).finally(() => {
        this.#busy -= 1;
        this.#pump();
      });
    }
  }

  async #run(job: Job): Promise<void> {
    const process = this.#unpark();
    const started = process === undefined ? await this.#start() : ({ ok: true, process } as const);
    if (!started.ok) {
      job.settle(started);
      return;
    }
    if (job.settled || this.#closed) {
      job.settle(failed('RENDER_CLOSED', 'render pool was closed'));
      this.#park(started.process);
      return;
    }
    job.process = started.process;
    const stopWatching = this.#watch(started.process, job.timeoutMs);
    const known = digestsOf(job.known);
    const params = known === undefined ? job.request : { ...job.request, known };
    const answer = await started.process.ask({ method: 'render', params });
    stopWatching();
    delete job.process;
    job.settle(outcomeOf(answer, job.known));
    this.#park(started.process);
  }

  async #start(): ReturnType<typeof RenderProcess.start> {
    const started = await RenderProcess.start({
      binary: this.#options.binary,
      memoryLimitBytes: Math.floor(this.#maxRssBytes * 0.75),
    });
    if (started.ok) {
      const { process } = started;
      this.#evaluators = process.evaluators;
      this.#all.add(process);
      void process.ended.then(() => this.#forget(process));
      if (this.#closed) {
        process.stop();
      }
    }
    return started;
  }

  /** Kills the process at its deadline or at its memory limit; the answer is then the reason. */
  #watch(process: RenderProcess, timeoutMs: number): () => void {
    const deadline = setTimeout(() => {
      process.kill({ code: 'RENDER_TIMEOUT', message: `rendering took longer than ${timeoutMs} ms` });
    }, timeoutMs);
    let working = true;
    const checkMemory = async (): Promise<void> => {
      const bytes = process.pid === undefined ? undefined : await residentBytes(process.pid);
      if (working && bytes !== undefined && bytes > this.#maxRssBytes) {
        process.kill(memoryFailure(bytes, this.#maxRssBytes));
      }
    };
    const memory = setInterval(() => void checkMemory(), MEMORY_CHECK_MS);
    return () => {
      working = false;
      clearTimeout(deadline);
      clearInterval(memory);
    };
  }

  #park(process: RenderProcess): void {
    if (!process.alive || this.#closed) {
      return;
    }
    this.#idle.push(process);
    if (this.#options.idleMs !== undefined) {
      const timer = setTimeout(() => {
        this.#forget(process);
        process.stop();
      }, this.#options.idleMs);
      timer.unref();
      this.#idleTimers.set(process, timer);
    }
  }

  /** The process used last: the others may fall idle. */
  #unpark(): RenderProcess | undefined {
    for (;;) {
      const process = this.#idle.pop();
      if (process === undefined) {
        return undefined;
      }
      clearTimeout(this.#idleTimers.get(process));
      this.#idleTimers.delete(process);
      if (process.alive) {
        return process;
      }
    }
  }

  #forget(process: RenderProcess): void {
    this.#all.delete(process);
    clearTimeout(this.#idleTimers.get(process));
    this.#idleTimers.delete(process);
    const at = this.#idle.indexOf(process);
    if (at >= 0) {
      this.#idle.splice(at, 1);
    }
  }
}

function memoryFailure(bytes: number, limit: number): RenderFailure {
  const message = `rendering used ${mebibytes(bytes)} MiB of memory, ${mebibytes(limit)} MiB are allowed`;
  return { code: 'RENDER_MEMORY', message };
}

const mebibytes = (bytes: number): number => Math.round(bytes / (1024 * 1024));

function outcomeOf(answer: Response, known: readonly RenderedObject[]): RenderOutcome {
  if (!answer.ok) {
    const { error, reads } = answer;
    return reads === undefined ? { ok: false, error } : { ok: false, error, reads };
  }
  if (!('objects' in answer.result)) {
    return failed('RENDER_CRASHED', 'render process answered with something else than a rendering');
  }
  const { type, reads, unreproducible } = answer.result;
  const objects = completeObjects(answer.result.objects, known);
  if (objects === undefined) {
    return failed('RENDER_CRASHED', 'render process refers to objects that it was not told of');
  }
  return { ok: true, type, objects, reads, unreproducible: unreproducible === true };
}
