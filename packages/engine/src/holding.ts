// One claim that this replica holds, and the work that is done under it: it counts that work, ends it by its signals when
// the claim is lost, and waits for its end before the claim is given away. It never reads or writes a claim.

/**
 * `opening`: what others wrote is being read; `open`: work may begin; `draining`: what is under way may end;
 * `paused`: the Lease has run out, and nothing may be written until it runs again.
 */
export type HoldingStage = 'opening' | 'open' | 'draining' | 'paused';

export interface Holding {
  readonly epoch: number;
  readonly stage: HoldingStage;
  open(): void;
  pause(reason: Error): void;
  /** Begins nothing new and waits for the end of what is under way; false, and open again, when that takes too long. */
  drain(timeoutMs: number): Promise<boolean>;
  /** `lost` where the work was ended from outside. */
  work<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T | 'lost'>;
}

export function createHolding(epoch: number): Holding {
  return new CountedHolding(epoch);
}

class CountedHolding implements Holding {
  readonly epoch: number;
  stage: HoldingStage = 'opening';
  /** One for each piece of work. `AbortSignal.any` would gather garbage at a signal that lives as long as a claim. */
  readonly #work = new Set<AbortController>();
  #onIdle: (() => void) | undefined;

  constructor(epoch: number) {
    this.epoch = epoch;
  }

  open(): void {
    this.stage = 'open';
  }

  pause(reason: Error): void {
    this.stage = 'paused';
    for (const each of this.#work) each.abort(reason);
  }

  async drain(timeoutMs: number): Promise<boolean> {
    if (this.stage !== 'open') return true;
    this.stage = 'draining';
    const isIdle = await new Promise<boolean>((resolve) => {
      const timer = setTimeout(() => resolve(false), timeoutMs);
      this.#onIdle = () => {
        clearTimeout(timer);
        resolve(true);
      };
      if (this.#work.size === 0) this.#onIdle();
    });
    this.#onIdle = undefined;
    if (!isIdle && this.#isDraining()) this.open();
    return isIdle;
  }

  #isDraining(): boolean {
    return this.stage === 'draining';
  }

  async work<T>(signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T | 'lost'> {
    const own = new AbortController();
    const forward = (): void => own.abort(signal.reason);
    if (signal.aborted) forward();
    signal.addEventListener('abort', forward, { once: true });
    this.#work.add(own);
    try {
      const answer = await run(own.signal);
      return own.signal.aborted && !signal.aborted ? 'lost' : answer;
    } catch (error) {
      if (own.signal.aborted && !signal.aborted) return 'lost';
      throw error;
    } finally {
      signal.removeEventListener('abort', forward);
      this.#work.delete(own);
      if (this.#work.size === 0) this.#onIdle?.();
    }
  }
}
