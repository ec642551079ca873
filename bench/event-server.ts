// A stand-in for an API server's watches: HTTP/2 on loopback, a list for each kind, then the events of event-stream.ts at
// their rate, in a process of its own. It knows no other request than discovery and watches.

import { createSecureServer, type Http2ServerRequest, type Http2ServerResponse } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { makeServingCertificate } from '../packages/testkit/src/fault-proxy/certificate.ts';
import {
  type EventKind,
  eventAt,
  eventKinds,
  eventsPerSecond,
  lineOf,
  objectAfter,
  objectsPerKind,
} from './event-stream.ts';

const tickMs = 20;

/** Prints `{ server, caPem }`, begins once every kind is watched, and sends as many events as it is told. */
export async function serveEvents(total: number): Promise<void> {
  const certificate = makeServingCertificate();
  const watches = new Map<EventKind, Http2ServerResponse>();
  const server = createSecureServer({ cert: certificate.certPem, key: certificate.keyPem });
  server.on('request', (request, response) => {
    const kind = answer(request, response);
    if (kind !== undefined) watches.set(kind, response);
    if (kind !== undefined && watches.size === eventKinds.length) sendEvents(watches, total);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  process.stdout.write(
    `${JSON.stringify({ server: `https://127.0.0.1:${port}`, caPem: certificate.certPem })}\n`,
  );
}

/** The kind, where a watch was begun. */
function answer(request: Http2ServerRequest, response: Http2ServerResponse): EventKind | undefined {
  const url = new URL(request.url, 'https://127.0.0.1');
  response.setHeader('content-type', 'application/json');
  const kind = eventKinds.find(({ plural }) => url.pathname.endsWith(`/${plural}`));
  if (kind !== undefined && url.searchParams.get('watch') === 'true') {
    for (let index = 0; index < objectsPerKind; index++)
      response.write(lineOf('ADDED', objectAfter(kind, index, 0)));
    const metadata = { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } };
    response.write(
      lineOf('BOOKMARK', { apiVersion: 'v1', kind: kind.kind, metadata } as unknown as Parameters<
        typeof lineOf
      >[1]),
    );
    return kind;
  }
  response.statusCode = 404;
  response.end('{}');
  return undefined;
}

/** By the clock, so that a tick that comes late is made up for. */
function sendEvents(watches: ReadonlyMap<EventKind, Http2ServerResponse>, total: number): void {
  const began = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1_000) * eventsPerSecond));
    for (; sent < due; sent++) {
      const { kind, object } = eventAt(sent);
      watches.get(kind)?.write(lineOf('MODIFIED', object));
    }
    if (sent >= total) clearInterval(timer);
  }, tickMs);
}
