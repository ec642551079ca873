// Decides how many may work at once and how many may wait for it, in the order of arrival.
// It never holds a place for somebody who gave up.

export type Release = () => void;

export class Semaphore {
  readonly #maxWaiting: number;
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(options: { readonly slots: number; readonly maxWaiting: number }) {
    this.#free = options.slots;
    this.#maxWaiting = options.maxWaiting;
  }

  /** Undefined when the signal fired first, or when too many wait already. The release function works once. */
  async acquire(signal?: AbortSignal): Promise<Release | undefined> {
    if (signal?.aborted === true) return undefined;
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#releaser();
    }
    if (this.#waiting.length >= this.#maxWaiting) return undefined;
    return new Promise((done) => {
      const onAbort = (): void => {
        const index = this.#waiting.indexOf(enter);
        if (index >= 0) this.#waiting.splice(index, 1);
        done(undefined);
      };
      const enter = (): void => {
        signal?.removeEventListener('abort', onAbort);
        done(this.#releaser());
      };
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#waiting.push(enter);
    });
  }

  #releaser(): Release {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      const next = this.#waiting.shift();
      if (next === undefined) this.#free += 1;
      else next();
    };
  }
}
