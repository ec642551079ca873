// Decides how the fault proxy speaks to the API server behind it: in the HTTP version that its own client chose.
// It forwards what it is given, and injects nothing.

import { type ClientHttp2Session, connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { Agent, request as requestHttps } from 'node:https';
import type { Readable } from 'node:stream';

export interface UpstreamAccess {
  /** `https://host:port` */
  readonly server: string;
  readonly tls: { readonly ca?: Buffer; readonly cert?: Buffer; readonly key?: Buffer };
  /** Beside the client's own headers; such as a token. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Forwarded {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly signal: AbortSignal;
  /** The client's connection, where that is of HTTP/2: it gets one to the server for itself. */
  readonly session: object | undefined;
}

export interface UpstreamAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Readable;
}

export interface Upstream {
  forward(request: Forwarded): Promise<UpstreamAnswer>;
  /** The client's connection is gone: so is the one to the server. */
  leave(session: object): void;
  close(): void;
}

const maxConnections = 64;
/** Of one connection alone; `accept-encoding` is left out so that the events of a watch can be read. */
const notForwarded: ReadonlySet<string> = new Set([
  'accept-encoding',
  'authorization',
  'connection',
  'content-length',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]);

export function openUpstream(access: UpstreamAccess): Upstream {
  const agent = new Agent({ keepAlive: true, maxSockets: maxConnections, ...access.tls });
  const sessions = new Map<object, ClientHttp2Session>();
  const sessionFor = (client: object): ClientHttp2Session => {
    const known = sessions.get(client);
    if (known !== undefined && !known.closed && !known.destroyed) return known;
    const session = connectHttp2(access.server, access.tls);
    // Each stream tells of it itself.
    session.on('error', () => undefined);
    sessions.set(client, session);
    return session;
  };
  return {
    forward: (request) =>
      request.session === undefined
        ? forwardHttp1({ access, agent, request })
        : forwardHttp2({ access, session: sessionFor(request.session), request }),
    leave: (client) => {
      sessions.get(client)?.destroy();
      sessions.delete(client);
    },
    close: () => {
      agent.destroy();
      for (const session of sessions.values()) session.destroy();
      sessions.clear();
    },
  };
}

function forwardHttp1(of: {
  access: UpstreamAccess;
  agent: Agent;
  request: Forwarded;
}): Promise<UpstreamAnswer> {
  const { access, agent, request } = of;
  const { method, path, body, signal } = request;
  return new Promise((resolve, reject) => {
    const headers = {
      ...endToEnd(request.headers),
      ...access.headers,
      ...(body.length > 0 ? { 'content-length': String(body.length) } : {}),
    };
    const sent = requestHttps(new URL(path, access.server), { method, headers, agent, signal }, (answer) => {
      // It may break while nobody reads it.
      answer.on('error', () => undefined);
      resolve({ status: answer.statusCode ?? 502, headers: endToEnd(answer.headers), body: answer });
    });
    sent.once('error', reject);
    sent.end(body);
  });
}

function forwardHttp2(of: {
  access: UpstreamAccess;
  session: ClientHttp2Session;
  request: Forwarded;
}): Promise<UpstreamAnswer> {
  const { access, session, request } = of;
  const { method, path, body, signal } = request;
  return new Promise((resolve, reject) => {
    const headers = { ...endToEnd(request.headers), ...access.headers };
    const stream = session.request(
      { ...headers, ':method': method, ':path': path },
      { signal, endStream: body.length === 0 },
    );
    stream.once('response', (answered) => {
      resolve({ status: answered[':status'] ?? 502, headers: endToEnd(answered), body: stream });
    });
    // Stays: an abort after the answer is an error of the stream too.
    stream.on('error', reject);
    stream.once('close', () => reject(new Error('the API server closed the stream without an answer')));
    if (body.length > 0) stream.end(body);
  });
}

function endToEnd(headers: IncomingHttpHeaders): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && !name.startsWith(':') && !notForwarded.has(name)) kept[name] = value;
  return kept;
}
