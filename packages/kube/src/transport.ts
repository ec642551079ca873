// The wire to one API server: two pools of connections, deadlines, and retries of refused-for-now requests.
// It knows paths and bytes, never kinds, and never decides what to write.

import { createSecureContext, type SecureContext } from 'node:tls';
import { type ObjectRef, WeirError } from '@weir/core';
import { Agent, type Dispatcher, errors } from 'undici';
import type { ClusterAccess } from './access.ts';
import { apiErrorOf } from './api-error.ts';

export interface WireRequest {
  readonly method: string;
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
  /** For messages. */
  readonly object?: ObjectRef;
  /** `low`: what tells of work gives way to the work itself, for a while. */
  readonly priority?: 'low';
}

export interface Transport {
  readonly access: ClusterAccess;
  /** The body of a 2xx answer as JSON. Throws `ApiError` (>= 400) or a coded CLUSTER_UNREACHABLE. */
  send(request: WireRequest): Promise<unknown>;
  /** The lines of a watch, one JSON text each, after an empty one that says the server accepted it. */
  lines(request: WatchRequest): AsyncGenerator<string>;
  close(): Promise<void>;
}

export interface WatchRequest extends WireRequest {
  readonly signal: AbortSignal;
  /** Without a byte for this long the connection counts as dead, and is left. */
  readonly silenceMs: number;
}

/** A request beside writes is answered in seconds; a list of 10,000 objects may take longer. */
const defaultTimeoutMs = 30_000;
/** Requests in flight; measured best on a two-core API server (bench: floor). */
const requestConnections = 16;
/** Servers allow 100 streams a connection and requests beyond hang without an error. */
const watchesPerConnection = 80;
/** With this many requests in flight the server has enough to do. */
const busyRequests = 6;
/** Nothing waits longer than this for others. */
const maxYieldMs = 2_000;
const maxAttempts = 6;
/** A line of a watch is one object: etcd refuses objects above 1.5 MB, JSON may be somewhat larger. */
const maxLineBytes = 16 * 1024 * 1024;

/** Keys and certificates are parsed once, not for each connection. */
function connectionOf(
  access: ClusterAccess,
): { secureContext: SecureContext; timeout: number } & Pick<
  ClusterAccess['tls'],
  'servername' | 'rejectUnauthorized'
> {
  const { ca, cert, key, ...rest } = access.tls;
  try {
    return { ...rest, secureContext: createSecureContext({ ca, cert, key }), timeout: 10_000 };
  } catch {
    // The reason may quote the key.
    throw new WeirError({
      code: 'CLUSTER_CREDENTIALS_INVALID',
      message: `cluster ${access.name}: its certificate, key or CA cannot be read; expected PEM`,
    });
  }
}

export function createTransport(access: ClusterAccess): Transport {
  const connect = connectionOf(access);
  const requests = new Agent({
    connections: requestConnections,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    connect,
  });
  const gate = new PriorityGate();
  // Watches have connections of their own: undici holds a write back while a stream runs on its connection.
  let watches = openWatches(connect);
  // A dead HTTP/2 connection shows no error for a quarter of an hour, and every new watch would be put on it again.
  const leave = (agent: Agent): void => {
    if (agent !== watches) return;
    watches = openWatches(connect);
    void agent.destroy();
  };
  return {
    access,
    send: (request) => gate.pass(request, () => sendWithRetry({ access, agent: requests, request })),
    lines: (request) => readLines({ access, agent: watches, request, leave }),
    close: async () => {
      await Promise.all([requests.destroy(), watches.destroy()]);
    },
  };
}

function openWatches(connect: ReturnType<typeof connectionOf>): Agent {
  return new Agent({
    allowH2: true,
    connections: 4,
    pipelining: watchesPerConnection,
    bodyTimeout: 0,
    connect,
  });
}

/** Lets what can wait wait, while enough else is in flight to keep the server busy. */
class PriorityGate {
  readonly #waiting: (() => void)[] = [];
  #inFlight = 0;

  async pass<T>(request: WireRequest, send: () => Promise<T>): Promise<T> {
    if (request.priority === 'low') {
      await this.#turn();
      return send();
    }
    this.#inFlight++;
    try {
      return await send();
    } finally {
      this.#inFlight--;
      if (this.#inFlight < busyRequests) for (const go of this.#waiting.splice(0)) go();
    }
  }

  #turn(): Promise<void> {
    if (this.#inFlight < busyRequests) return Promise.resolve();
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, maxYieldMs);
      this.#waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

interface Sending {
  readonly access: ClusterAccess;
  readonly agent: Agent;
  readonly request: WireRequest;
}

/** 429 and 503 with Retry-After say "not now": the request was not executed, so any verb may be sent again. */
async function sendWithRetry(sending: Sending): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const response = await dispatch(sending);
    const body = await readBody(sending, response);
    if (response.statusCode < 400) return parseBody(sending, body);
    const retryAfter = Number(response.headers['retry-after']);
    const mayRetry = response.statusCode === 429 || (response.statusCode === 503 && retryAfter > 0);
    if (!mayRetry || attempt >= maxAttempts) {
      const { method, path, object } = sending.request;
      throw apiErrorOf({
        status: response.statusCode,
        body,
        // A refused identity is the cluster's matter, whatever was asked first.
        what:
          response.statusCode === 401
            ? `cluster ${sending.access.name} refuses the credentials`
            : `${method} ${path}`,
        ...(object === undefined ? {} : { object }),
      });
    }
    await pause(
      Math.min(Number.isFinite(retryAfter) ? retryAfter * 1000 : 250 * 2 ** attempt, 10_000),
      sending.request.signal,
    );
  }
}

/** The parser's message would quote the answer, which may be a Secret. */
function parseBody({ access, request }: Sending, body: string): unknown {
  if (body === '') return undefined;
  try {
    return JSON.parse(body);
  } catch {
    throw new WeirError({
      code: 'CLUSTER_UNREACHABLE',
      message: `cluster ${access.name}: ${request.method} ${request.path.slice(0, 120)} at ${access.server} was answered with something else than JSON; expected an API server`,
    });
  }
}

async function readBody(sending: Sending, response: Dispatcher.ResponseData): Promise<string> {
  try {
    return await response.body.text();
  } catch (error) {
    throw unreachable(sending, error);
  }
}

async function dispatch(
  { access, agent, request }: Sending,
  forWatch = false,
): Promise<Dispatcher.ResponseData> {
  const timeoutMs = request.timeoutMs ?? defaultTimeoutMs;
  const query = request.query === undefined ? '' : `?${new URLSearchParams(request.query).toString()}`;
  const url = new URL(access.server);
  // A watch lives on under its own signal alone; everything else has a deadline.
  const signals = forWatch ? [] : [AbortSignal.timeout(timeoutMs)];
  if (request.signal !== undefined) signals.push(request.signal);
  const [only] = signals;
  try {
    return await agent.request({
      origin: url.origin,
      path: `${url.pathname.replace(/\/$/, '')}${request.path}${query}`,
      method: request.method as Dispatcher.HttpMethod,
      headers: {
        ...(await access.headers()),
        accept: request.accept ?? 'application/json',
        'user-agent': 'weir',
        ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
      },
      headersTimeout: timeoutMs,
      ...(request.body === undefined ? {} : { body: request.body }),
      ...(signals.length === 1 && only !== undefined
        ? { signal: only }
        : { signal: AbortSignal.any(signals) }),
    });
  } catch (error) {
    throw unreachable({ access, agent, request }, error);
  }
}

function unreachable({ access, request }: Sending, error: unknown): Error {
  if (request.signal?.aborted === true)
    return request.signal.reason instanceof Error ? request.signal.reason : new Error('aborted');
  const cause = error instanceof Error ? error : new Error(String(error));
  const { code } = cause as { code?: unknown };
  // The code of a DOMException (a deadline) is a number that says nothing.
  const detail = typeof code === 'string' ? code : cause.name;
  return new WeirError(
    {
      code: 'CLUSTER_UNREACHABLE',
      message: `cluster ${access.name}: ${request.method} ${request.path.slice(0, 120)} at ${access.server} got no answer (${detail})`,
    },
    { cause },
  );
}

async function* readLines(
  of: Sending & { readonly request: WatchRequest; readonly leave: (agent: Agent) => void },
): AsyncGenerator<string> {
  const { access, agent, leave } = of;
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(silent(of)), of.request.silenceMs);
  const request = { ...of.request, signal: AbortSignal.any([of.request.signal, silence.signal]) };
  try {
    const response = await dispatch({ access, agent, request }, true);
    if (response.statusCode >= 400)
      throw apiErrorOf({
        status: response.statusCode,
        body: await response.body.text(),
        what: `watch ${request.path}`,
      });
    yield '';
    yield* linesOf(response.body, () => timer.refresh());
  } catch (error) {
    if (silence.signal.aborted || isHeadersTimeout(error)) leave(agent);
    throw error instanceof WeirError ? error : unreachable({ access, agent, request }, error);
  } finally {
    clearTimeout(timer);
  }
}

function silent({ access, request }: Sending): WeirError {
  return new WeirError({
    code: 'CLUSTER_UNREACHABLE',
    message: `cluster ${access.name}: the watch ${request.path.slice(0, 120)} at ${access.server} fell silent`,
  });
}

function isHeadersTimeout(error: unknown): boolean {
  const cause = error instanceof WeirError ? error.cause : error;
  return cause instanceof errors.HeadersTimeoutError;
}

async function* linesOf(body: AsyncIterable<Uint8Array>, onBytes: () => void): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pending = '';
  for await (const chunk of body) {
    onBytes();
    pending += decoder.decode(chunk, { stream: true });
    let start = 0;
    for (let end = pending.indexOf('\n'); end >= 0; end = pending.indexOf('\n', start)) {
      if (end > start) yield pending.slice(start, end);
      start = end + 1;
    }
    pending = pending.slice(start);
    if (pending.length > maxLineBytes) throw new Error('a watch event exceeds the line limit');
  }
}

/** Waits, or ends early without an error when the signal fires. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    if (signal?.aborted === true) done();
    else signal?.addEventListener('abort', done, { once: true });
  });
}
