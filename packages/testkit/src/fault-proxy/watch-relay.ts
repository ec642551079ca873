// Decides what a client sees of a watch: the server's events, line by line, with the faults that hit them.
// It never changes the order of the events of one object, and tells no event that the server did not.

import type { Readable } from 'node:stream';
import type { RequestInfo, WatchFault } from './fault.ts';
import type { FaultSwitch } from './fault-switch.ts';

/** The client's end of one exchange. */
export interface ClientEnd {
  head(status: number, headers: Readonly<Record<string, string | string[]>>): void;
  /** Resolves when there is room for more, or nobody there to read it. */
  write(bytes: string | Buffer): Promise<void>;
  end(bytes?: string | Buffer): void;
  /** Resets the whole connection. */
  reset(): void;
  /** Fires when the exchange is over, however. */
  readonly gone: AbortSignal;
}

export interface Relayed {
  readonly body: Readable;
  readonly client: ClientEnd;
  readonly faults: FaultSwitch;
  readonly request: RequestInfo;
}

/** A line is one object: etcd refuses objects above 1.5 MB. */
const maxLineBytes = 16 << 20;

const expired = JSON.stringify({
  type: 'ERROR',
  object: {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'too old resource version: 1 (2)',
    reason: 'Expired',
    code: 410,
  },
});

/** Resolves when the watch is over; rejects when the server's end broke. */
export async function relayWatch(of: Relayed): Promise<void> {
  const relay = new WatchRelay(of);
  const stop = of.faults.onSet(() => relay.strike());
  try {
    for await (const line of linesOf(of.body)) {
      if (relay.isOver) break;
      await relay.take(line);
    }
    relay.finish();
  } finally {
    stop();
    of.body.destroy();
  }
}

class WatchRelay {
  readonly #of: Relayed;
  /** An event that waits to change places with the next. */
  #held: string | undefined;
  #isSilent = false;
  isOver = false;

  constructor(of: Relayed) {
    this.#of = of;
  }

  async take(line: string): Promise<void> {
    const { faults, request } = this.#of;
    if (this.#isSilent) return;
    const event = readEvent(line);
    // A bookmark says that all before it has been sent, so nothing may be held back beyond it.
    if (event.type === 'BOOKMARK') await this.#release();
    const drawn = faults.forEvent(request);
    const ending = drawn.find(isEnding);
    if (ending !== undefined) {
      await this.#release();
      this.#injectEnding(ending, line);
      return;
    }
    for (const fault of drawn) {
      if (fault.kind !== 'watch-no-bookmarks' || event.type !== 'BOOKMARK') continue;
      if (fault.all !== true && event.endsList) continue;
      faults.note(fault, request);
      return;
    }
    await this.#pass(line, { event, drawn });
  }

  async #pass(line: string, of: { event: Event; drawn: readonly WatchFault[] }): Promise<void> {
    const { client, faults, request } = this.#of;
    const held = this.#held;
    if (held !== undefined) {
      this.#held = undefined;
      const isSame = readEvent(held).object === of.event.object;
      // In one piece: a connection that breaks between the two would lose an event, which no server does.
      await client.write(isSame ? `${held}\n${line}\n` : `${line}\n${held}\n`);
      return;
    }
    const swap = of.drawn.find(({ kind }) => kind === 'watch-swap');
    if (swap !== undefined && of.event.type !== 'BOOKMARK') {
      faults.note(swap, request);
      this.#held = line;
      return;
    }
    const repeat = of.drawn.find(({ kind }) => kind === 'watch-repeat');
    if (repeat !== undefined) faults.note(repeat, request);
    await client.write(repeat === undefined ? `${line}\n` : `${line}\n${line}\n`);
  }

  async #release(): Promise<void> {
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) await this.#of.client.write(`${held}\n`);
  }

  /** New rules: a watch that waits for events is hit too. */
  strike(): void {
    const { faults, request, client } = this.#of;
    if (this.isOver || this.#isSilent || client.gone.aborted) return;
    const ending = faults.forEvent(request).find(isEnding);
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) void client.write(`${held}\n`);
    if (ending !== undefined) this.#injectEnding(ending, '{"type":"MODIFIED","object":{"kind":"None","api');
  }

  finish(): void {
    const { client } = this.#of;
    if (this.isOver || this.#isSilent) return;
    this.isOver = true;
    client.end(this.#held === undefined ? undefined : `${this.#held}\n`);
  }

  #injectEnding(fault: WatchFault, line: string): void {
    const { client, faults, request } = this.#of;
    faults.note(fault, request);
    if (fault.kind === 'watch-silence') {
      this.#isSilent = true;
      const stay = faults.onLift(() => client.reset());
      client.gone.addEventListener('abort', stay, { once: true });
      return;
    }
    this.isOver = true;
    const half = line.slice(0, Math.ceil(line.length / 2));
    if (fault.kind === 'watch-expire') client.end(`${expired}\n`);
    else if (fault.kind === 'watch-cut' && fault.by === 'end') client.end(half);
    else {
      void client.write(half);
      // A moment later, or the half would be lost with the connection.
      setTimeout(() => client.reset(), 5).unref();
    }
  }
}

const isEnding = ({ kind }: WatchFault): boolean =>
  kind === 'watch-cut' || kind === 'watch-expire' || kind === 'watch-silence';

interface Event {
  readonly type: string;
  /** Namespace and name. */
  readonly object: string;
  readonly endsList: boolean;
}

function readEvent(line: string): Event {
  const { type = '', object = {} } = JSON.parse(line) as {
    type?: string;
    object?: { metadata?: { namespace?: string; name?: string; annotations?: Record<string, string> } };
  };
  const { namespace = '', name = '', annotations = {} } = object.metadata ?? {};
  return {
    type,
    object: `${namespace}/${name}`,
    endsList: annotations['k8s.io/initial-events-end'] === 'true',
  };
}

async function* linesOf(body: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    pending += decoder.decode(chunk as Buffer, { stream: true });
    const lines = pending.split('\n');
    pending = lines.pop() ?? '';
    for (const line of lines) if (line !== '') yield line;
    if (pending.length > maxLineBytes) throw new Error('an event of a watch is longer than 16 MB');
  }
}
