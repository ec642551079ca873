// The wire to one API server: two pools of connections, deadlines, and retries of refused-for-now requests.
// It knows paths and bytes, never kinds, and never decides what to write.

import type { Readable } from 'node:stream';
import { createSecureContext, type SecureContext } from 'node:tls';
import { type ObjectRef, type ServiceAccountRef, userOfServiceAccount, WeirError } from '@weir/core';
import { Agent, type Dispatcher, errors } from 'undici';
import type { ClusterAccess } from './access.ts';
import { apiErrorOf } from './api-error.ts';
import { gateOf, type Priority } from './priority-gate.ts';
import { createWatchConnections, type WatchConnections } from './watch-connections.ts';

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
  /** The account as which the server is to carry it out; its names have been checked. */
  readonly impersonate?: ServiceAccountRef;
  /** What tells of work gives way to the work itself, for a while. */
  readonly priority?: Priority;
  /**
   * How much time is left for this request, in milliseconds; throws where it may not be sent any more. Asked at the very
   * moment in which its bytes leave, since a process may sleep between any two instructions before that.
   */
  readonly leftMs?: () => number;
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
const maxAttempts = 6;
/** Whatever a server asks for, it is asked again after this. */
const maxRetryAfterMs = 10_000;
const leaseGroup = 'coordination.k8s.io';
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

export function createTransport(access: ClusterAccess, options: { userAgent?: string } = {}): Transport {
  const connect = connectionOf(access);
  const requests = new Agent({
    connections: requestConnections,
    pipelining: 1,
    keepAliveTimeout: 60_000,
    connect,
  });
  const gate = gateOf(access);
  const { userAgent = 'weir' } = options;
  // Watches have connections of their own: undici holds a write back while a stream runs on its connection.
  const watches = createWatchConnections(connect);
  return {
    access,
    send: (request) => {
      const send = (): Promise<unknown> => sendWithRetry({ access, agent: requests, request, userAgent });
      // Whoever waits in line for a lease loses it.
      return request.object?.group === leaseGroup ? send() : gate.pass(request, send);
    },
    lines: (request) => readLines({ access, watches, request, userAgent }),
    close: async () => {
      await Promise.all([requests.destroy(), watches.destroy()]);
    },
  };
}

interface Sending {
  readonly access: ClusterAccess;
  readonly agent: Agent;
  readonly request: WireRequest;
  readonly userAgent: string;
}

/** 429 and 503 with Retry-After say "not now": the request was not executed, so any verb may be sent again. */
async function sendWithRetry(sending: Sending): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const response = await dispatch(sending);
    const body = await readBody(sending, response);
    if (response.statusCode < 400) return parseBody(sending, body);
    const retryAfterMs = retryAfterOf(response);
    const mayRetry =
      response.statusCode === 429 || (response.statusCode === 503 && retryAfterMs !== undefined);
    if (!mayRetry || attempt >= maxAttempts) {
      const { method, path, object, impersonate } = sending.request;
      throw apiErrorOf({
        status: response.statusCode,
        body,
        // A refused identity is the cluster's matter, whatever was asked first.
        what:
          response.statusCode === 401
            ? `cluster ${sending.access.name} refuses the credentials`
            : `${method} ${path}`,
        ...(object === undefined ? {} : { object }),
        ...(impersonate === undefined ? {} : { account: impersonate }),
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    }
    await pause(retryAfterMs ?? Math.min(250 * 2 ** attempt, maxRetryAfterMs), sending.request.signal);
  }
}

/** What a server asks for; undefined where it names no time in seconds. */
function retryAfterOf({ headers }: Dispatcher.ResponseData): number | undefined {
  const seconds = Number(headers['retry-after']);
  return seconds > 0 ? Math.min(seconds * 1000, maxRetryAfterMs) : undefined;
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

async function dispatch(sending: Sending, forWatch = false): Promise<Dispatcher.ResponseData> {
  const { access, agent, request, userAgent } = sending;
  const timeoutMs = timeoutOf(request);
  const query = queryOf(request, timeoutMs);
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
        ...identityOf(await access.headers(), request),
        accept: request.accept ?? 'application/json',
        'user-agent': userAgent,
        ...(request.contentType === undefined ? {} : { 'content-type': request.contentType }),
        ...lengthOf(request),
      },
      headersTimeout: timeoutMs,
      ...bodyOf(request),
      ...(signals.length === 1 && only !== undefined
        ? { signal: only }
        : { signal: AbortSignal.any(signals) }),
    });
  } catch (error) {
    throw unreachable(sending, error);
  }
}

/**
 * The groups of a service account are the server's to add (`serviceaccount.MakeGroupNames`): to name them takes the right
 * to impersonate groups. What a kubeconfig says of impersonation gives way, since there is one identity to act as.
 */
function identityOf(
  own: Readonly<Record<string, string>>,
  { impersonate }: WireRequest,
): Readonly<Record<string, string>> {
  if (impersonate === undefined) return own;
  const credentials = Object.entries(own).filter(([name]) => !name.startsWith('impersonate-'));
  return { ...Object.fromEntries(credentials), 'impersonate-user': userOfServiceAccount(impersonate) };
}

function timeoutOf({ timeoutMs = defaultTimeoutMs, leftMs }: WireRequest): number {
  return leftMs === undefined ? timeoutMs : Math.min(timeoutMs, Math.floor(leftMs()));
}

/** The server is told when to give up, too: one that has not noticed that nobody waits any more would go on. */
function queryOf({ query, leftMs }: WireRequest, timeoutMs: number): string {
  if (query === undefined && leftMs === undefined) return '';
  const all = { ...query, ...(leftMs === undefined ? {} : { timeout: `${timeoutMs}ms` }) };
  return `?${new URLSearchParams(all).toString()}`;
}

/** A body that is asked for when a connection is free for it, right before the first byte leaves. */
function bodyOf({ body, leftMs }: WireRequest): { body?: string | Readable } {
  if (body === undefined) return {};
  if (leftMs === undefined) return { body };
  const bytes = Buffer.from(body);
  const checked = async function* (): AsyncGenerator<Uint8Array> {
    leftMs();
    yield bytes;
  };
  // undici takes any iterable, which its types do not say; a stream would cost much more.
  return { body: checked() as unknown as Readable };
}

function lengthOf({ body, leftMs }: WireRequest): Readonly<Record<string, string>> {
  return body === undefined || leftMs === undefined
    ? {}
    : { 'content-length': String(Buffer.byteLength(body)) };
}

function unreachable({ access, request }: Pick<Sending, 'access' | 'request'>, error: unknown): Error {
  if (request.signal?.aborted === true)
    return request.signal.reason instanceof Error ? request.signal.reason : new Error('aborted');
  // What refused to let the request go says why itself.
  if (error instanceof WeirError) return error;
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
  of: Omit<Sending, 'agent'> & { readonly request: WatchRequest; readonly watches: WatchConnections },
): AsyncGenerator<string> {
  const { watches } = of;
  let agent = watches.current();
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(silent(of)), of.request.silenceMs);
  const request = { ...of.request, signal: AbortSignal.any([of.request.signal, silence.signal]) };
  try {
    const open = (): Promise<Dispatcher.ResponseData> => {
      agent = watches.current();
      return dispatch({ ...of, agent, request }, true);
    };
    const response = await open().catch((error: unknown) => {
      if (!watches.isOtherwise(agent, causeOf(error))) throw error;
      return open();
    });
    if (response.statusCode >= 400) {
      const retryAfterMs = retryAfterOf(response);
      throw apiErrorOf({
        status: response.statusCode,
        body: await response.body.text(),
        what: `watch ${request.path}`,
        ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      });
    }
    yield '';
    yield* linesOf(response.body, () => timer.refresh());
  } catch (error) {
    if (silence.signal.aborted || isHeadersTimeout(error)) watches.leave(agent);
    throw unreachable({ ...of, request }, error);
  } finally {
    clearTimeout(timer);
  }
}

function silent({ access, request }: Pick<Sending, 'access' | 'request'>): WeirError {
  return new WeirError({
    code: 'CLUSTER_UNREACHABLE',
    message: `cluster ${access.name}: the watch ${request.path.slice(0, 120)} at ${access.server} fell silent`,
  });
}

function isHeadersTimeout(error: unknown): boolean {
  return causeOf(error) instanceof errors.HeadersTimeoutError;
}

const causeOf = (error: unknown): unknown => (error instanceof WeirError ? error.cause : error);

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
