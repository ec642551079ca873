// Decides how a test stands between a client and an API server: a real proxy on loopback that ends TLS on both sides.
// Faults are data, set at any time. It writes nothing of its own to the server, and is no part of the product.

import { randomBytes, timingSafeEqual } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import {
  createSecureServer,
  type Http2SecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
} from 'node:http2';
import { createServer as createHttp1Server } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { makeServingCertificate } from './certificate.ts';
import { answerFaulty } from './exchange.ts';
import type { FaultRule } from './fault.ts';
import { FaultSwitch, type Injection } from './fault-switch.ts';
import { seededRandom } from './seeded-random.ts';
import { openUpstream, type Upstream, type UpstreamAccess } from './upstream.ts';
import type { ClientEnd } from './watch-relay.ts';

export interface FaultProxyOptions {
  /** Where requests go, and as whom. */
  readonly upstream: UpstreamAccess;
  /** Of the chances; a fixed one by default. */
  readonly seed?: number;
  /** Offers no HTTP/2, as many proxies do. */
  readonly http1Only?: boolean;
  readonly signal?: AbortSignal;
}

export interface FaultProxy {
  /** `https://127.0.0.1:<port>` */
  readonly server: string;
  readonly caPem: string;
  /** What clients show; without it they get 401. */
  readonly token: string;
  /** For any client, with the context `name`. */
  kubeconfig(name: string): string;
  /** Replaces all rules; none lifts the faults, and resets what still waits under them. */
  setFaults(rules: readonly FaultRule[]): void;
  /** How often each fault was injected: `{ "reset answer": 3 }`. */
  injected(): Record<string, number>;
  /** The latest injections, oldest first, at most 1,000. */
  injections(): readonly Injection[];
  /** Open connections of clients. */
  connections(): number;
  stop(): Promise<void>;
}

/** What API servers allow. */
const maxStreams = 100;
const maxConnections = 256;

export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const certificate = makeServingCertificate();
  const token = randomBytes(24).toString('hex');
  const faults = new FaultSwitch(seededRandom(options.seed ?? 1));
  const upstream = openUpstream(options.upstream);
  const server = openServer(certificate, options.http1Only === true);
  server.maxConnections = maxConnections;
  const sockets = trackSockets(server, upstream);
  server.on('request', (request, response) => {
    const client = clientEnd({ request, response, sockets });
    if (!isKnown(request, token)) return client.refuse();
    const session = request.httpVersionMajor === 2 ? request.stream.session : undefined;
    void answerFaulty({ request, session, client, faults, upstream });
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail).listen(0, '127.0.0.1', done);
  });
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    const closed = new Promise<void>((done) => server.close(() => done()));
    upstream.close();
    for (const socket of sockets.values()) socket.destroy();
    await closed;
  };
  options.signal?.addEventListener('abort', () => void stop(), { once: true });
  if (options.signal?.aborted === true) await stop();
  const url = `https://127.0.0.1:${port}`;
  return {
    server: url,
    caPem: certificate.certPem,
    token,
    kubeconfig: (name) => kubeconfigOf({ name, server: url, caPem: certificate.certPem, token }),
    setFaults: (rules) => faults.set(rules),
    injected: () => faults.counts(),
    injections: () => faults.log(),
    connections: () => sockets.size,
    stop,
  };
}

function openServer(
  { certPem: cert, keyPem: key }: { certPem: string; keyPem: string },
  http1Only: boolean,
): Http2SecureServer {
  const settings = { maxConcurrentStreams: maxStreams };
  // Of HTTP/1.1 both servers give requests of the same sort.
  return http1Only
    ? (createHttp1Server({ cert, key }) as unknown as Http2SecureServer)
    : createSecureServer({ cert, key, allowHTTP1: true, settings });
}

/** By the client's port: behind TLS and HTTP/2 it is the only way back to the socket that can be reset. */
type Sockets = ReadonlyMap<number, Socket>;

function trackSockets(server: Http2SecureServer, upstream: Upstream): Sockets {
  const sockets = new Map<number, Socket>();
  server.on('connection', (socket: Socket) => {
    const port = socket.remotePort;
    if (port === undefined) return;
    sockets.set(port, socket);
    socket.once('close', () => sockets.delete(port));
  });
  server.on('session', (session) => {
    session.once('close', () => upstream.leave(session));
    session.on('error', () => undefined);
  });
  // A client that breaks off is what this proxy is for.
  for (const event of ['tlsClientError', 'clientError', 'sessionError', 'error'])
    server.on(event, () => undefined);
  return sockets;
}

function clientEnd(of: {
  request: Http2ServerRequest;
  response: Http2ServerResponse;
  sockets: Sockets;
}): ClientEnd & { refuse(): void } {
  const { request, response, sockets } = of;
  const gone = new AbortController();
  const port = request.socket.remotePort ?? 0;
  response.once('close', () => gone.abort());
  response.on('error', () => gone.abort());
  request.on('error', () => gone.abort());
  const isWritable = (): boolean => !gone.signal.aborted && !response.writableEnded;
  return {
    gone: gone.signal,
    head: (status, headers) => {
      if (!isWritable() || response.headersSent) return;
      response.writeHead(status, headers);
      // Of a watch that waits for events nothing else would be sent.
      (response as unknown as ServerResponse).flushHeaders();
    },
    write: (bytes) =>
      new Promise((done) => {
        if (!isWritable() || response.write(bytes)) return done();
        response.once('drain', done);
        gone.signal.addEventListener('abort', () => done(), { once: true });
      }),
    end: (bytes) => {
      if (isWritable()) response.end(bytes ?? '');
    },
    reset: () => {
      sockets.get(port)?.resetAndDestroy();
    },
    refuse: () => {
      response.writeHead(401, { 'content-type': 'text/plain' });
      response.end('the fault proxy expects the token of its kubeconfig');
    },
  };
}

function isKnown(request: Http2ServerRequest, token: string): boolean {
  const shown = Buffer.from(request.headers.authorization ?? '');
  const expected = Buffer.from(`Bearer ${token}`);
  return shown.length === expected.length && timingSafeEqual(shown, expected);
}

function kubeconfigOf(of: { name: string; server: string; caPem: string; token: string }): string {
  const { name, server, caPem, token } = of;
  const user = `${name}-user`;
  return `apiVersion: v1
kind: Config
current-context: ${name}
clusters:
  - name: ${name}
    cluster:
      server: ${server}
      certificate-authority-data: ${Buffer.from(caPem).toString('base64')}
users:
  - name: ${user}
    user:
      token: ${token}
contexts:
  - name: ${name}
    context: { cluster: ${name}, user: ${user} }
`;
}
