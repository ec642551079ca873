// Decides what becomes of one request at the fault proxy: which of the drawn faults hit it, and in which order.
// It forwards a request once at most.

import type { Http2ServerRequest } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, type RequestInfo, readRequest, type WatchFault } from './fault.ts';
import type { FaultSwitch } from './fault-switch.ts';
import type { Upstream, UpstreamAnswer } from './upstream.ts';
import { type ClientEnd, relayWatch } from './watch-relay.ts';

interface Exchange {
  readonly request: Http2ServerRequest;
  /** The client's connection, where that is of HTTP/2. */
  readonly session: object | undefined;
  readonly client: ClientEnd;
  readonly faults: FaultSwitch;
  readonly upstream: Upstream;
}

type RequestFault = Exclude<Fault, WatchFault>;

/** What API servers take. */
const maxBodyBytes = 16 << 20;

/** Never rejects: what breaks on the server's side breaks on the client's. */
export async function answerFaulty(exchange: Exchange): Promise<void> {
  const { client } = exchange;
  try {
    await answer(exchange);
  } catch {
    if (!client.gone.aborted) client.reset();
  }
}

async function answer(exchange: Exchange): Promise<void> {
  const { request, client, faults } = exchange;
  const info = readRequest(request.method, request.url);
  const body = await readBody(request);
  const { generation } = faults;
  const drawn = faults.forRequest(info);
  for (const fault of drawn) {
    if (fault.kind !== 'latency') continue;
    faults.note(fault, info);
    await sleep(fault.ms + faults.upTo(fault.jitterMs ?? 0), undefined, { signal: client.gone });
  }
  const ending = drawn.find(({ kind }) => kind !== 'latency' && kind !== 'clock-skew');
  if (ending !== undefined) faults.note(ending, info);
  if (ending !== undefined && !isExecuted(ending)) return end({ exchange, fault: ending, generation });
  const answered = await forward(exchange, body);
  if (ending === undefined) return relay({ exchange, info, drawn, answered });
  if (ending.kind === 'reset' && ending.at === 'body') return relayHalf(client, answered);
  answered.body.resume();
  await ended(answered);
  end({ exchange, fault: ending, generation });
}

async function readBody(request: Http2ServerRequest): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > maxBodyBytes) throw new Error('the body is longer than 16 MB');
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Whether the server gets to see the request. */
function isExecuted(fault: RequestFault): boolean {
  if (fault.kind === 'answer') return fault.executed === true;
  return (fault.kind === 'reset' || fault.kind === 'half-open') && fault.at !== 'request';
}

function forward({ request, client, upstream, session }: Exchange, body: Buffer): Promise<UpstreamAnswer> {
  const { method, url: path, headers } = request;
  return upstream.forward({ method, path, headers, body, signal: client.gone, session });
}

/** The request has been executed once the answer is there; of a watch there is no end. */
async function ended({ body, status }: UpstreamAnswer): Promise<void> {
  if (status >= 300) return;
  const isOver = new Promise<void>((done) => body.once('close', done).once('end', done).once('error', done));
  await Promise.race([isOver, sleep(200)]);
  body.destroy();
}

function end(of: { exchange: Exchange; fault: RequestFault; generation: number }): void {
  const { fault, generation } = of;
  const { client, faults } = of.exchange;
  if (fault.kind === 'reset') client.reset();
  else if (fault.kind === 'half-open') {
    const stay = faults.onLift(() => client.reset(), generation);
    client.gone.addEventListener('abort', stay, { once: true });
  } else if (fault.kind === 'answer') {
    const { status, retryAfterSeconds } = fault;
    client.head(status, {
      'content-type': 'application/json',
      ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
    });
    client.end(statusBody(status));
  }
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
};

function statusBody(code: number): string {
  return JSON.stringify({
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: `injected by the fault proxy: ${code}`,
    reason: reasons[code] ?? '',
    code,
  });
}

async function relay(of: {
  exchange: Exchange;
  info: RequestInfo;
  drawn: readonly RequestFault[];
  answered: UpstreamAnswer;
}): Promise<void> {
  const { exchange, info, drawn, answered } = of;
  const { client, faults } = exchange;
  const skew = drawn.find((fault) => fault.kind === 'clock-skew');
  const headers = { ...answered.headers };
  if (skew?.kind === 'clock-skew') {
    faults.note(skew, info);
    const date = Date.parse(String(headers.date ?? '')) || Date.now();
    headers.date = new Date(date + skew.seconds * 1_000).toUTCString();
  }
  client.head(answered.status, headers);
  if (info.verb === 'watch' && answered.status === 200)
    return relayWatch({ body: answered.body, client, faults, request: info });
  for await (const chunk of answered.body) await client.write(chunk as Buffer);
  client.end();
}

async function relayHalf(client: ClientEnd, { status, headers, body }: UpstreamAnswer): Promise<void> {
  const chunks: Buffer[] = [];
  client.head(status, headers);
  for await (const chunk of body) {
    chunks.push(chunk as Buffer);
    // A watch has no end: its first words are its half.
    if (Buffer.concat(chunks).length > 64) break;
  }
  const whole = Buffer.concat(chunks);
  await client.write(whole.subarray(0, Math.floor(whole.length / 2)));
  await sleep(5);
  client.reset();
}
