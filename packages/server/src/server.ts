// Decides which HTTP endpoints weir has, and the bounds on size, time and number of what comes in.
// It never does the work of a request beyond handing it on.

import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance } from 'fastify';
import { answerOf, HttpError } from './http-error.ts';
import type { Log } from './log.ts';
import { createWebhookHandler, type WebhookHandler, type WebhookOptions } from './webhook.ts';

export interface ServerOptions extends Omit<WebhookOptions, 'log'> {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: a free port. */
  readonly port?: number;
  /** Whether the engine has read the hub and works. */
  readonly isReady: () => boolean;
  readonly log?: Log;
  /** Webhooks at a time; more are answered with 503. Default 64. */
  readonly maxConcurrentWebhooks?: number;
}

export interface WeirServer {
  /** `http://<host>:<port>` */
  readonly url: string;
  readonly port: number;
  /** Takes no new requests, gives the running ones two seconds to end, and resolves. */
  stop(): Promise<void>;
}

const MAX_BODY_BYTES = 5 * 1024 * 1024;
const MAX_CONNECTIONS = 1_000;
const DEFAULT_MAX_WEBHOOKS = 64;
const HEADER_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 30_000;
const STOP_GRACE_MS = 2_000;

export async function startServer(options: ServerOptions): Promise<WeirServer> {
  const log = options.log ?? (() => undefined);
  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    forceCloseConnections: 'idle',
    http: { headersTimeout: HEADER_TIMEOUT_MS, connectionsCheckingInterval: 5_000 },
  });
  app.server.maxConnections = MAX_CONNECTIONS;
  acceptRawBodies(app);
  answerErrors(app, log);
  addHealth(app, options.isReady);
  const handler = createWebhookHandler({ ...options, log });
  addWebhooks(app, handler, options.maxConcurrentWebhooks ?? DEFAULT_MAX_WEBHOOKS);
  const host = options.host ?? '127.0.0.1';
  await app.listen({ host, port: options.port ?? 0 });
  const { port } = app.server.address() as AddressInfo;
  const shown = host.includes(':') ? `[${host}]` : host;
  return { url: `http://${shown}:${port}`, port, stop: () => stopApp(app) };
}

/**
 * Closing waits for connections that never sent a request, and ends Node's own check of their timeouts; whatever is left
 * after a while is cut off.
 */
async function stopApp(app: FastifyInstance): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), STOP_GRACE_MS);
  await app.close();
  clearTimeout(timer);
}

/** A signature is over the bytes as they came, whatever their type says they are. */
function acceptRawBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

function answerErrors(app: FastifyInstance, log: Log): void {
  app.setErrorHandler((error, request, reply) => {
    const { status, body } = answerOf(error);
    if (status >= 500 && !(error instanceof HttpError)) {
      log('error', 'request failed', { url: request.url, error: String(error) });
    }
    return reply.code(status).send(body);
  });
  app.setNotFoundHandler((_request, reply) => {
    const { status, body } = answerOf(new HttpError(404, 'NOT_FOUND', 'There is no such endpoint'));
    return reply.code(status).send(body);
  });
}

function addHealth(app: FastifyInstance, isReady: () => boolean): void {
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) => {
    const ready = isReady();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
}

function addWebhooks(app: FastifyInstance, handler: WebhookHandler, maxConcurrent: number): void {
  let running = 0;
  for (const url of ['/api/webhook', '/webhook']) {
    app.post(url, {
      // Before the body is read, which is what costs memory.
      onRequest: async (_request, reply) => {
        if (running >= maxConcurrent) {
          reply.header('retry-after', '1');
          throw new HttpError(503, 'BUSY', 'Too many webhooks at a time; deliver it again');
        }
        running += 1;
        reply.raw.once('close', () => {
          running -= 1;
        });
      },
      handler: async (request, reply) => {
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const answer = await handler({ headers: request.headers, body });
        return reply.code(answer.status).send(answer.body);
      },
    });
  }
}
