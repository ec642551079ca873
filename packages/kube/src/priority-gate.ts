// Which requests go now: so many at once to one server, and what tells of work waits while the work itself keeps that busy.
// It sends nothing and drops nothing; whoever waited long enough goes whatever else is under way, a few at a time.

/** `low`: a status, which somebody may be waiting for. `lowest`: an event, which nobody waits for. */
export type Priority = 'low' | 'lowest';

type Rank = 'work' | Priority;

/** More would only wait in the connections, where their deadlines run; measured best on a two-core server: 16 to 32. */
const workAtOnce = 32;
/** With this many other requests in flight the server has enough to do. */
const busyRequests = 6;
/** Together, so that a piled-up lot of them does not stand before the next piece of work. */
const givingWayAtOnce = 8;
/** Of those that waited long enough, so many go beside the work; all of them at once would stand before the next of it. */
const overdueAtOnce = 3;
/** What waited so long no longer waits for the work alone; work itself then goes whatever is under way. */
const maxWaitMs: Readonly<Record<Rank, number>> = { work: 20_000, low: 3_000, lowest: 10_000 };

interface Waiting {
  readonly go: () => void;
  isOverdue: boolean;
}

export interface PassOptions {
  /** None for the work itself. */
  readonly priority?: Priority;
  /** Whoever waits leaves by it, with its reason. */
  readonly signal?: AbortSignal;
}

export class PriorityGate {
  readonly #waiting: Readonly<Record<Rank, Set<Waiting>>> = {
    work: new Set(),
    low: new Set(),
    lowest: new Set(),
  };
  #working = 0;
  #givingWay = 0;

  async pass<T>({ priority, signal }: PassOptions, send: () => Promise<T>): Promise<T> {
    await this.#turn(priority ?? 'work', signal);
    try {
      return await send();
    } finally {
      if (priority === undefined) this.#working--;
      else this.#givingWay--;
      this.#admit();
    }
  }

  /** Counted from the moment it is let go, so that no two take the same place. */
  #turn(rank: Rank, signal: AbortSignal | undefined): Promise<void> {
    if (rank === 'work' && this.#working < workAtOnce && this.#waiting.work.size === 0) {
      this.#working++;
      return Promise.resolve();
    }
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', give);
        this.#waiting[rank].delete(waiting);
      };
      const give = (): void => {
        leave();
        reject(signal?.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      const go = (): void => {
        leave();
        if (rank === 'work') this.#working++;
        else this.#givingWay++;
        resolve();
      };
      const waiting: Waiting = { go, isOverdue: false };
      const timer = setTimeout(() => this.#overdue(waiting), maxWaitMs[rank]);
      this.#waiting[rank].add(waiting);
      signal?.addEventListener('abort', give, { once: true });
      if (signal?.aborted === true) give();
      else this.#admit();
    });
  }

  #overdue(waiting: Waiting): void {
    waiting.isOverdue = true;
    this.#admit();
  }

  #admit(): void {
    for (const { go, isOverdue } of this.#waiting.work) {
      if (this.#working >= workAtOnce && !isOverdue) break;
      go();
    }
    const isBusy = this.#working >= busyRequests;
    const atOnce = isBusy ? overdueAtOnce : givingWayAtOnce;
    for (const rank of ['low', 'lowest'] as const)
      for (const { go, isOverdue } of this.#waiting[rank]) {
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
