import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createQueue, type Queue } from './queue.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** A queue whose work lasts until `finish`, and the story of what was begun and ended. */
class Rig {
  readonly story: string[] = [];
  readonly queue: Queue;
  readonly #running = new Map<string, (delayMs: number | undefined) => void>();

  constructor(concurrency = 2, perLane?: number) {
    this.queue = createQueue({
      concurrency,
      ...(perLane === undefined ? {} : { lanes: { of: (key) => key.charAt(0), perLane } }),
      run: (key, signal) =>
        new Promise((resolve) => {
          this.story.push(`+${key}`);
          const end = (delayMs: number | undefined): void => {
            this.#running.delete(key);
            this.story.push(`-${key}`);
            resolve(delayMs);
          };
          this.#running.set(key, end);
          signal.addEventListener('abort', () => end(undefined), { once: true });
        }),
    });
  }

  async finish(key: string, delayMs?: number): Promise<void> {
    this.#running.get(key)?.(delayMs);
    await vi.advanceTimersByTimeAsync(0);
  }

  told(): string {
    return this.story.splice(0).join(' ');
  }
}

describe('a queue', () => {
  it('works on a key at once', () => {
    const rig = new Rig();
    rig.queue.add('a');
    expect(rig.told()).toBe('+a');
  });

  it('works on as many keys as it may, the rest in order', async () => {
    const rig = new Rig(2);
    for (const key of ['a', 'b', 'c', 'd']) rig.queue.add(key);
    expect(rig.told()).toBe('+a +b');
    expect(rig.queue.busy()).toBe(4);
    await rig.finish('b');
    expect(rig.told()).toBe('-b +c');
    await rig.finish('a');
    expect(rig.told()).toBe('-a +d');
  });

  it('lets lanes take turns, and none hold more than its share', async () => {
    const rig = new Rig(3, 2);
    for (const key of ['a1', 'a2', 'a3', 'b1', 'b2']) rig.queue.add(key);
    expect(rig.told()).toBe('+a1 +a2 +b1');
    await rig.finish('b1');
    expect(rig.told()).toBe('-b1 +b2');
    await rig.finish('a1');
    expect(rig.told()).toBe('-a1 +a3');
  });

  it('works once on a key that was added many times while it waited', async () => {
    const rig = new Rig(1);
    rig.queue.add('a');
    for (let count = 0; count < 5; count++) rig.queue.add('b');
    await rig.finish('a');
    await rig.finish('b');
    expect(rig.told()).toBe('+a -a +b -b');
    expect(rig.queue.busy()).toBe(0);
  });

  it('works once more on a key that was added while it ran, and never twice at a time', async () => {
    const rig = new Rig(4);
    rig.queue.add('a');
    rig.queue.add('a');
    rig.queue.add('a');
    expect(rig.told()).toBe('+a');
    await rig.finish('a');
    expect(rig.told()).toBe('-a +a');
    await rig.finish('a');
    expect(rig.told()).toBe('-a');
  });

  it('waits as long as it was told', async () => {
    const rig = new Rig();
    rig.queue.add('a', 1_000);
    await vi.advanceTimersByTimeAsync(999);
    expect(rig.told()).toBe('');
    await vi.advanceTimersByTimeAsync(1);
    expect(rig.told()).toBe('+a');
  });

  it('takes the earlier of two times', async () => {
    const rig = new Rig();
    rig.queue.add('a', 1_000);
    rig.queue.add('a', 200);
    rig.queue.add('a', 5_000);
    await vi.advanceTimersByTimeAsync(200);
    expect(rig.told()).toBe('+a');
    await rig.finish('a');
    await vi.advanceTimersByTimeAsync(10_000);
    expect(rig.told()).toBe('-a');
  });

  it('works at once on a key that waits for later', () => {
    const rig = new Rig();
    rig.queue.add('a', 1_000);
    rig.queue.add('a');
    expect(rig.told()).toBe('+a');
  });

  it('comes back when the work asked for it', async () => {
    const rig = new Rig();
    rig.queue.add('a');
    await rig.finish('a', 500);
    expect(rig.told()).toBe('+a -a');
    await vi.advanceTimersByTimeAsync(500);
    expect(rig.told()).toBe('+a');
  });

  it('comes back at the earliest of what was asked while it ran', async () => {
    const rig = new Rig();
    rig.queue.add('a');
    rig.queue.add('a', 3_000);
    rig.queue.add('a', 300);
    await rig.finish('a', 700);
    rig.told();
    await vi.advanceTimersByTimeAsync(299);
    expect(rig.told()).toBe('');
    await vi.advanceTimersByTimeAsync(1);
    expect(rig.told()).toBe('+a');
  });

  it('survives a time that timers cannot hold', async () => {
    const rig = new Rig();
    rig.queue.add('a', Number.MAX_SAFE_INTEGER);
    await vi.advanceTimersByTimeAsync(86_400_000);
    expect(rig.told()).toBe('');
  });

  it('forgets a key that waits, and one that is ready', async () => {
    const rig = new Rig(1);
    rig.queue.add('a');
    rig.queue.add('b');
    rig.queue.add('c', 100);
    rig.queue.drop('b');
    rig.queue.drop('c');
    await rig.finish('a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(rig.told()).toBe('+a -a');
  });

  it('does not come back to a key that was dropped while it ran, unless the work says so', async () => {
    const rig = new Rig();
    rig.queue.add('a');
    rig.queue.add('a');
    rig.queue.drop('a');
    await rig.finish('a');
    expect(rig.told()).toBe('+a -a');
  });

  it('keeps the time of a key that was dropped and added again', async () => {
    const rig = new Rig(1);
    rig.queue.add('a');
    rig.queue.add('b');
    rig.queue.drop('b');
    rig.queue.add('b', 1_000);
    await rig.finish('a');
    expect(rig.told()).toBe('+a -a');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(rig.told()).toBe('+b');
  });

  it('stops: work ends by its signal, and nothing begins any more', async () => {
    const rig = new Rig(1);
    rig.queue.add('a');
    rig.queue.add('b');
    rig.queue.add('c', 100);
    await rig.queue.stop();
    expect(rig.told()).toBe('+a -a');
    rig.queue.add('d');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(rig.told()).toBe('');
  });
});
