// Which requests give way: what tells of work waits while the work itself keeps the server busy. It sends nothing and
// drops nothing; whoever waited long enough goes whatever else is under way, a few at a time.

/** `low`: a status, which somebody may be waiting for. `lowest`: an event, which nobody waits for. */
export type Priority = 'low' | 'lowest';

/** With this many other requests in flight the server has enough to do. */
const busyRequests = 6;
/** Together, so that a piled-up lot of them does not stand before the next piece of work. */
const givingWayAtOnce = 8;
/** Of those that waited long enough, so many go beside the work; all of them at once would stand before the next of it. */
const overdueAtOnce = 3;
/** Nothing waits longer than this for the work alone. */
const maxYieldMs: Readonly<Record<Priority, number>> = { low: 3_000, lowest: 10_000 };

interface Waiting {
  readonly go: () => void;
  isOverdue: boolean;
}

export class PriorityGate {
  readonly #waiting: Readonly<Record<Priority, Set<Waiting>>> = { low: new Set(), lowest: new Set() };
  /** Of no priority: the work. */
  #working = 0;
  #givingWay = 0;

  async pass<T>(priority: Priority | undefined, send: () => Promise<T>): Promise<T> {
    if (priority !== undefined) await this.#turn(priority);
    else this.#working++;
    try {
      return await send();
    } finally {
      if (priority === undefined) this.#working--;
      else this.#givingWay--;
      this.#admit();
    }
  }

  /** Counted from the moment it is let go, so that no two take the same place. */
  #turn(priority: Priority): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        waiting.isOverdue = true;
        this.#admit();
      }, maxYieldMs[priority]);
      const go = (): void => {
        clearTimeout(timer);
        this.#waiting[priority].delete(waiting);
        this.#givingWay++;
        resolve();
      };
      const waiting: Waiting = { go, isOverdue: false };
      this.#waiting[priority].add(waiting);
      this.#admit();
    });
  }

  #admit(): void {
    const isBusy = this.#working >= busyRequests;
    const atOnce = isBusy ? overdueAtOnce : givingWayAtOnce;
    for (const priority of ['low', 'lowest'] as const)
      for (const { go, isOverdue } of this.#waiting[priority]) {
        if (this.#givingWay >= atOnce) return;
        // They stand in the order of their coming: behind one that is not overdue none is.
        if (isBusy && !isOverdue) break;
        go();
      }
  }
}

/** The gates by what they lead to: two transports of one access share a server, so they share a gate. */
const gates = new WeakMap<object, PriorityGate>();

export function gateOf(access: object): PriorityGate {
  const known = gates.get(access);
  if (known !== undefined) return known;
  const gate = new PriorityGate();
  gates.set(access, gate);
  return gate;
}
