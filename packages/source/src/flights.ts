// Decides which callers share one run of the same work, and when a run ends because nobody waits for it any more.
// It never lets a caller share a run that began before its call: what it asks for may be newer than what that run saw.

export type Work<T> = (signal: AbortSignal) => Promise<T>;

interface Flight<T> {
  readonly result: Promise<T>;
  readonly abort: AbortController;
  waiters: number;
}

interface Lane<T> {
  running: Flight<T>;
  next: Flight<T> | undefined;
}

/** What a caller gets that left before the work was done. */
export const left: unique symbol = Symbol('left');

export class Flights<T> {
  readonly #lanes = new Map<string, Lane<T>>();

  /** Runs the work, or waits for the run that starts next for that key. Resolves to `left` when the signal fires. */
  join(key: string, work: Work<T>, signal: AbortSignal): Promise<T | typeof left> {
    const lane = this.#lanes.get(key);
    if (lane === undefined) {
      const running = begin(Promise.resolve(), work);
      this.#lanes.set(key, { running, next: undefined });
      this.#follow(key, running);
      return wait(running, signal);
    }
    if (lane.next === undefined || lane.next.abort.signal.aborted) {
      lane.next = begin(settled(lane.running.result), work);
    }
    return wait(lane.next, signal);
  }

  /** Ends all runs. */
  abortAll(): void {
    for (const lane of this.#lanes.values()) {
      lane.running.abort.abort();
      lane.next?.abort.abort();
    }
  }

  #follow(key: string, flight: Flight<T>): void {
    void settled(flight.result).then(() => {
      const next = this.#lanes.get(key)?.next;
      if (next === undefined) {
        this.#lanes.delete(key);
        return;
      }
      this.#lanes.set(key, { running: next, next: undefined });
      this.#follow(key, next);
    });
  }
}

function begin<T>(after: Promise<void>, work: Work<T>): Flight<T> {
  const abort = new AbortController();
  const result = after.then(() => work(abort.signal));
  // A run that everybody left may reject with nobody listening.
  result.catch(() => undefined);
  return { result, abort, waiters: 0 };
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => undefined,
    () => undefined,
  );
}

function wait<T>(flight: Flight<T>, signal: AbortSignal): Promise<T | typeof left> {
  flight.waiters += 1;
  return new Promise((done, fail) => {
    let over = false;
    const finish = (): void => {
      over = true;
      flight.waiters -= 1;
      signal.removeEventListener('abort', leave);
    };
    const leave = (): void => {
      if (over) return;
      finish();
      if (flight.waiters === 0) flight.abort.abort();
      done(left);
    };
    if (signal.aborted) {
      leave();
      return;
    }
    signal.addEventListener('abort', leave, { once: true });
    flight.result.then(
      (value) => {
        if (over) return;
        finish();
        done(value);
      },
      (error: unknown) => {
        if (over) return;
        finish();
        fail(error);
      },
    );
  });
}
