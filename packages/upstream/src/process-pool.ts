// Shares a few processes of a native program among many requests and ends those that hang, grow or die; it never retries a
// request and looks at none.

import { availableParallelism } from 'node:os';
import { type Failure, type Fields, type NativeRole, type PoolReason, poolFailure } from './envelope.ts';
import { NativeProcess } from './native-process.ts';
import { residentBytes } from './resident-memory.ts';

/** Requests that may wait for a process; one more is refused with QUEUE_FULL. */
const MAX_WAITING_REQUESTS = 10_000;

/** How often the memory of a busy process is looked at. Go allocates some hundred MiB in that time at most. */
const MEMORY_CHECK_MS = 50;

export interface ProcessPoolOptions {
  /** Absolute path of the program. */
  readonly binary: string;
  /** Processes at most; by default one per core, up to four. */
  readonly size?: number;
  /** From the moment a process takes the request up; waiting for one does not count. Default 60,000. */
  readonly requestTimeoutMs?: number;
  /** Resident memory at which a process is killed. Default 512 MiB. */
  readonly maxRssBytes?: number;
  /** A process without work for this long is ended; by default it is kept. */
  readonly idleMs?: number;
  /** Default 10,000. */
  readonly maxWaiting?: number;
}

export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

interface Question {
  readonly method: string;
  readonly params: unknown;
}

interface Refusal {
  readonly ok: false;
  readonly error: Failure;
  readonly reads?: Fields;
}

export type Reply = { readonly ok: true; readonly result: Fields; readonly last: boolean } | Refusal;

interface Job {
  readonly question: Question;
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
  readonly settle: (reply: Reply) => void;
  /** Set while a process works on it. */
  process?: NativeProcess;
  settled: boolean;
}

export class ProcessPool {
  readonly #role: NativeRole;
  readonly #options: ProcessPoolOptions;
  readonly #size: number;
  readonly #maxRssBytes: number;
  readonly #queue: Job[] = [];
  readonly #idle: NativeProcess[] = [];
  readonly #all = new Set<NativeProcess>();
  readonly #idleTimers = new Map<NativeProcess, NodeJS.Timeout>();
  #busy = 0;
  #closed = false;
  #evaluators: Readonly<Record<string, string>> | undefined;

  constructor(role: NativeRole, options: ProcessPoolOptions) {
    this.#role = role;
    this.#options = options;
    this.#size = Math.max(1, options.size ?? Math.min(4, availableParallelism()));
    this.#maxRssBytes = options.maxRssBytes ?? 512 * 1024 * 1024;
  }

  /** Never rejects. */
  ask(question: Question, options: AskOptions = {}): Promise<Reply> {
    const { signal } = options;
    if (this.#closed) {
      return Promise.resolve(this.#refuse('CLOSED', `${this.#role.name} pool is closed`));
    }
    if (signal?.aborted === true) {
      return Promise.resolve(this.#refuse('ABORTED', `${this.#role.work} was given up`));
    }
    const bound = this.#options.maxWaiting ?? MAX_WAITING_REQUESTS;
    if (this.#busy >= this.#size && this.#queue.length >= bound) {
      const message = `${bound} requests for ${this.#role.work} are waiting already`;
      return Promise.resolve(this.#refuse('QUEUE_FULL', message));
    }
    return new Promise((resolve) => {
      const job: Job = {
        question,
        signal,
        timeoutMs: options.timeoutMs ?? this.#options.requestTimeoutMs ?? 60_000,
        settled: false,
        settle: (reply) => {
          if (!job.settled) {
            job.settled = true;
            signal?.removeEventListener('abort', abort);
            resolve(reply);
          }
        },
      };
      const abort = (): void => this.#abort(job);
      signal?.addEventListener('abort', abort, { once: true });
      this.#queue.push(job);
      this.#pump();
    });
  }

  /** The versions of the evaluators: part of every cache key. Rejects where no process can be started. */
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

  /** Ends all processes; what is under way gets the reason CLOSED. */
  async close(): Promise<void> {
    this.#closed = true;
    const closed = this.#refuse('CLOSED', `${this.#role.name} pool was closed`);
    for (const job of this.#queue.splice(0)) {
      job.settle(closed);
    }
    const processes = [...this.#all];
    for (const process of processes) {
      process.kill(closed.error);
    }
    await Promise.all(processes.map((process) => process.ended));
  }

  #refuse(reason: PoolReason, message: string): Refusal {
    return { ok: false, error: poolFailure(this.#role, reason, message) };
  }

  #memoryFailure(bytes: number): Failure {
    const allowed = `${mebibytes(this.#maxRssBytes)} MiB are allowed`;
    const message = `${this.#role.work} used ${mebibytes(bytes)} MiB of memory, ${allowed}`;
    return poolFailure(this.#role, 'MEMORY', message);
  }

  #abort(job: Job): void {
    const aborted = this.#refuse('ABORTED', `${this.#role.work} was given up`);
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
      job.settle(this.#refuse('CLOSED', `${this.#role.name} pool was closed`));
      this.#park(started.process);
      return;
    }
    job.process = started.process;
    const stopWatching = this.#watch(started.process, job.timeoutMs);
    const answer = await started.process.ask(job.question);
    stopWatching();
    delete job.process;
    job.settle(answer);
    this.#park(started.process);
  }

  async #start(): ReturnType<typeof NativeProcess.start> {
    const started = await NativeProcess.start({
      role: this.#role,
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
  #watch(process: NativeProcess, timeoutMs: number): () => void {
    const deadline = setTimeout(() => {
      const message = `${this.#role.work} took longer than ${timeoutMs} ms`;
      process.kill(poolFailure(this.#role, 'TIMEOUT', message));
    }, timeoutMs);
    let working = true;
    const checkMemory = async (): Promise<void> => {
      const bytes = process.pid === undefined ? undefined : await residentBytes(process.pid);
      if (working && bytes !== undefined && bytes > this.#maxRssBytes) {
        process.kill(this.#memoryFailure(bytes));
      }
    };
    const memory = setInterval(() => void checkMemory(), MEMORY_CHECK_MS);
    return () => {
      working = false;
      clearTimeout(deadline);
      clearInterval(memory);
    };
  }

  #park(process: NativeProcess): void {
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
  #unpark(): NativeProcess | undefined {
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

  #forget(process: NativeProcess): void {
    this.#all.delete(process);
    clearTimeout(this.#idleTimers.get(process));
    this.#idleTimers.delete(process);
    const at = this.#idle.indexOf(process);
    if (at >= 0) {
      this.#idle.splice(at, 1);
    }
  }
}

const mebibytes = (bytes: number): number => Math.round(bytes / (1024 * 1024));
