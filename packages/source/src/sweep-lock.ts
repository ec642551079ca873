// Decides that the sweep of unused blobs and the making of snapshots exclude each other; snapshots do not exclude
// snapshots. It never starves the sweep: who comes after it waits for it.

import type { Release } from './semaphore.ts';

export class SweepLock {
  #shared = 0;
  #alone: Promise<void> = Promise.resolve();
  #onEmpty: (() => void) | undefined;

  async enterShared(): Promise<Release> {
    let seen: Promise<void>;
    do {
      seen = this.#alone;
      await seen;
    } while (seen !== this.#alone);
    this.#shared += 1;
    return () => {
      this.#shared -= 1;
      if (this.#shared === 0) this.#onEmpty?.();
    };
  }

  async enterAlone(): Promise<Release> {
    const before = this.#alone;
    let release: Release = () => undefined;
    this.#alone = new Promise((done) => {
      release = done;
    });
    await before;
    if (this.#shared > 0) {
      await new Promise<void>((done) => {
        this.#onEmpty = done;
      });
      this.#onEmpty = undefined;
    }
    return release;
  }
}
