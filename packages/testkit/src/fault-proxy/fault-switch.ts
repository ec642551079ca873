// Decides which faults hit a request or an event: the rules of the moment, their chances, and what was injected so far.
// It touches no connection.

import {
  type Fault,
  type FaultRule,
  fits,
  isWatchFault,
  type RequestInfo,
  showFault,
  showRequest,
  type WatchFault,
} from './fault.ts';
import type { SeededRandom } from './seeded-random.ts';

export interface Injection {
  /** Milliseconds since the proxy started. */
  readonly atMs: number;
  readonly fault: string;
  readonly request: string;
}

const maxRemembered = 1_000;

export class FaultSwitch {
  readonly #random: SeededRandom;
  readonly #counts = new Map<string, number>();
  readonly #log: Injection[] = [];
  readonly #lifted = new Set<() => void>();
  readonly #struck = new Set<() => void>();
  readonly #startedAt = performance.now();
  /** Counts how often the rules were set. */
  generation = 0;
  #rules: { readonly rule: FaultRule; left: number }[] = [];

  constructor(random: SeededRandom) {
    this.#random = random;
  }

  /** From now on these; what waits under the rules before is reset, as a host that came back resets what it does not know. */
  set(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule, left: rule.times ?? Number.POSITIVE_INFINITY }));
    this.generation++;
    for (const lift of [...this.#lifted]) lift();
    for (const strike of [...this.#struck]) strike();
  }

  /** Calls when the rules of that generation are no more in force, perhaps at once; answers how to take that back. */
  onLift(lift: () => void, generation: number = this.generation): () => void {
    if (generation !== this.generation) lift();
    return subscribe(this.#lifted, lift);
  }

  /** Calls each time that rules were set: open watches draw then. */
  onSet(strike: () => void): () => void {
    return subscribe(this.#struck, strike);
  }

  forRequest(request: RequestInfo): Exclude<Fault, WatchFault>[] {
    return this.#draw(request, (fault) => !isWatchFault(fault)) as Exclude<Fault, WatchFault>[];
  }

  forEvent(request: RequestInfo): WatchFault[] {
    return this.#draw(request, isWatchFault) as WatchFault[];
  }

  /** Evenly drawn up to `high`. */
  upTo(high: number): number {
    return this.#random.next() * high;
  }

  note(fault: Fault, request: RequestInfo): void {
    const shown = showFault(fault);
    this.#counts.set(shown, (this.#counts.get(shown) ?? 0) + 1);
    const atMs = Math.round(performance.now() - this.#startedAt);
    this.#log.push({ atMs, fault: shown, request: showRequest(request) });
    if (this.#log.length > maxRemembered) this.#log.shift();
  }

  counts(): Record<string, number> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)));
  }

  log(): readonly Injection[] {
    return [...this.#log];
  }

  #draw(request: RequestInfo, isWanted: (fault: Fault) => boolean): Fault[] {
    const drawn: Fault[] = [];
    for (const each of this.#rules) {
      const { fault, match, probability = 1 } = each.rule;
      if (each.left <= 0 || !isWanted(fault) || !fits(match, request)) continue;
      if (!this.#random.chance(probability)) continue;
      each.left--;
      drawn.push(fault);
    }
    return drawn;
  }
}

function subscribe(to: Set<() => void>, call: () => void): () => void {
  to.add(call);
  return () => {
    to.delete(call);
  };
}
