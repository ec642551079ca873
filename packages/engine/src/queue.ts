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
  const waiting = new Map<string, Entry>();
  const ready: string[] = [];
  const running = new Map<string, Promise<void>>();
  const again = new Map<string, number>();
  const abort = new AbortController();
  // Each key that is worked on listens to it, and its requests do.
  setMaxListeners(0, abort.signal);

  const pump = (): void => {
    while (running.size < options.concurrency && !abort.signal.aborted) {
      const key = ready.shift();
      if (key === undefined) return;
      // Taken off by `drop` in the meantime.
      if (!waiting.delete(key)) continue;
      running.set(key, work(key));
    }
  };
  const work = async (key: string): Promise<void> => {
    const delayMs = await options.run(key, abort.signal);
    running.delete(key);
    const asked = again.get(key);
    again.delete(key);
    if (asked !== undefined) add(key, asked - performance.now());
    if (delayMs !== undefined) add(key, delayMs);
    pump();
  };
  const makeReady = (key: string): void => {
    ready.push(key);
    pump();
  };
  const add = (key: string, delayMs = 0): void => {
    if (abort.signal.aborted) return;
    const dueAt = performance.now() + Math.min(Math.max(delayMs, 0), maxDelayMs);
    if (running.has(key)) {
      again.set(key, Math.min(dueAt, again.get(key) ?? dueAt));
      return;
    }
    const known = waiting.get(key);
    if (known !== undefined) {
      // Without a timer it is in the ready list already.
      if (known.timer === undefined || known.dueAt <= dueAt) return;
      clearTimeout(known.timer);
    }
    const entry: Entry = { dueAt, timer: undefined };
    waiting.set(key, entry);
    if (delayMs <= 0) {
      makeReady(key);
      return;
    }
    entry.timer = setTimeout(() => {
      entry.timer = undefined;
      makeReady(key);
    }, dueAt - performance.now());
  };
  return {
    add,
    drop: (key) => {
      clearTimeout(waiting.get(key)?.timer);
      waiting.delete(key);
      again.delete(key);
    },
    busy: () => ready.length + running.size,
    stop: async () => {
      abort.abort(new Error('the queue is stopped'));
      for (const { timer } of waiting.values()) clearTimeout(timer);
      waiting.clear();
      await Promise.all(running.values());
    },
  };
}
