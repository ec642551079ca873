// When which key is worked on: each key once at a time, coalesced, as early as anybody asked for.
// It knows nothing of what a key means. Bound: one entry a key, so as many as there are deliveries and sources.

import { setMaxListeners } from 'node:events';

export interface Queue {
  /** Work on the key now, or after a while; an earlier time that is already set wins. */
  add(key: string, delayMs?: number): void;
  /** Forget the key unless it is being worked on. */
  drop(key: string): void;
  /** Keys that are due or being worked on. */
  busy(): number;
  /** Ends all work by its signal and waits for it. */
  stop(): Promise<void>;
}

export interface QueueOptions {
  readonly concurrency: number;
  /**
   * Keys of one lane take turns with those of the others, and never hold more than `perLane` workers: a cluster that does
   * not answer keeps no other one waiting.
   */
  readonly lanes?: { readonly of: (key: string) => string; readonly perLane: number };
  /** Works on one key; the answer is when to do so again, in milliseconds. Never throws. */
  readonly run: (key: string, signal: AbortSignal) => Promise<number | undefined>;
}

interface Entry {
  /** Milliseconds of the monotonic clock. */
  dueAt: number;
  timer: NodeJS.Timeout | undefined;
}

/** Node's timers overflow beyond this. */
const maxDelayMs = 2 ** 31 - 1;

export function createQueue(options: QueueOptions): Queue {
  return new KeyedQueue(options);
}

class KeyedQueue implements Queue {
  readonly #options: QueueOptions;
  readonly #waiting = new Map<string, Entry>();
  readonly #ready: ReadyLanes;
  readonly #running = new Map<string, Promise<void>>();
  /** Asked for while being worked on: when to do so again. */
  readonly #again = new Map<string, number>();
  readonly #abort = new AbortController();

  constructor(options: QueueOptions) {
    this.#options = options;
    this.#ready = new ReadyLanes(options.lanes);
    // Each key that is worked on listens to it, and its requests do.
    setMaxListeners(0, this.#abort.signal);
  }

  add(key: string, delayMs = 0): void {
    if (this.#abort.signal.aborted) return;
    const dueAt = performance.now() + Math.min(Math.max(delayMs, 0), maxDelayMs);
    if (this.#running.has(key)) {
      this.#again.set(key, Math.min(dueAt, this.#again.get(key) ?? dueAt));
      return;
    }
    const known = this.#waiting.get(key);
    if (known !== undefined) {
      // Without a timer it is ready already.
      if (known.timer === undefined || known.dueAt <= dueAt) return;
      clearTimeout(known.timer);
    }
    const entry: Entry = { dueAt, timer: undefined };
    this.#waiting.set(key, entry);
    if (delayMs <= 0) this.#makeReady(key);
    else entry.timer = setTimeout(() => this.#ring(key, entry), dueAt - performance.now());
  }

  drop(key: string): void {
    clearTimeout(this.#waiting.get(key)?.timer);
    this.#waiting.delete(key);
    this.#again.delete(key);
  }

  busy(): number {
    return this.#ready.size + this.#running.size;
  }

  async stop(): Promise<void> {
    this.#abort.abort(new Error('the queue is stopped'));
    for (const { timer } of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
    await Promise.all(this.#running.values());
  }

  #ring(key: string, entry: Entry): void {
    entry.timer = undefined;
    this.#makeReady(key);
  }

  #makeReady(key: string): void {
    this.#ready.push(key);
    this.#pump();
  }

  #pump(): void {
    while (this.#running.size < this.#options.concurrency && !this.#abort.signal.aborted) {
      const key = this.#ready.take();
      if (key === undefined) return;
      // Taken off by `drop` in the meantime; it may have been added again for later.
      const entry = this.#waiting.get(key);
      if (entry === undefined || entry.timer !== undefined) {
        this.#ready.release(key);
        continue;
      }
      this.#waiting.delete(key);
      this.#running.set(key, this.#work(key));
    }
  }

  async #work(key: string): Promise<void> {
    const delayMs = await this.#options.run(key, this.#abort.signal);
    this.#running.delete(key);
    this.#ready.release(key);
    const asked = this.#again.get(key);
    this.#again.delete(key);
    if (asked !== undefined) this.add(key, asked - performance.now());
    if (delayMs !== undefined) this.add(key, delayMs);
    this.#pump();
  }
}

/** Keys that are due, by lane; the lane that was served longest ago is served next. */
class ReadyLanes {
  readonly #lanes: QueueOptions['lanes'];
  readonly #waiting = new Map<string, string[]>();
  readonly #taken = new Map<string, number>();
  /** The lane that a key was taken from: what it is about may have moved since. */
  readonly #laneOf = new Map<string, string>();
  #size = 0;

  constructor(lanes: QueueOptions['lanes']) {
    this.#lanes = lanes;
  }

  get size(): number {
    return this.#size;
  }

  push(key: string): void {
    const lane = this.#lanes?.of(key) ?? '';
    const keys = this.#waiting.get(lane);
    if (keys === undefined) this.#waiting.set(lane, [key]);
    else keys.push(key);
    this.#size += 1;
  }

  take(): string | undefined {
    for (const [lane, keys] of this.#waiting) {
      const taken = this.#taken.get(lane) ?? 0;
      if (taken >= (this.#lanes?.perLane ?? Number.POSITIVE_INFINITY)) continue;
      const key = keys.shift();
      this.#waiting.delete(lane);
      if (key === undefined) continue;
      if (keys.length > 0) this.#waiting.set(lane, keys);
      this.#taken.set(lane, taken + 1);
      this.#laneOf.set(key, lane);
      this.#size -= 1;
      return key;
    }
    return undefined;
  }

  release(key: string): void {
    const lane = this.#laneOf.get(key);
    if (lane === undefined) return;
    this.#laneOf.delete(key);
    const left = (this.#taken.get(lane) ?? 1) - 1;
    if (left > 0) this.#taken.set(lane, left);
    else this.#taken.delete(lane);
  }
}
