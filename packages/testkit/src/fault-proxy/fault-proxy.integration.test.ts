// Each fault as a plain client sees it, against a real API server, by HTTP/1.1 and by HTTP/2.

import { readFile } from 'node:fs/promises';
import { type ClientHttp2Session, connect } from 'node:http2';
import { Agent, request } from 'node:https';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../cluster.ts';
import { readLocalKubeconfig } from '../local-kubeconfig.ts';
import type { Fault, FaultRule } from './fault.ts';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';

let cluster: TestCluster;
let proxy: FaultProxy;
let direct: Caller;
let http1: Caller;
let http2: Caller;
const stop = new AbortController();

beforeAll(async () => {
  cluster = await startCluster();
  const upstream = readLocalKubeconfig(await readFile(cluster.kubeconfigPath, 'utf8'));
  proxy = await startFaultProxy({ upstream, signal: stop.signal });
  direct = callHttp1({ server: upstream.server, tls: upstream.tls, headers: {} });
  const place = {
    server: proxy.server,
    tls: { ca: proxy.caPem },
    headers: { authorization: `Bearer ${proxy.token}` },
  };
  http1 = callHttp1(place);
  http2 = callHttp2(place);
});

afterEach(() => {
  proxy.setFaults([]);
});

afterAll(async () => {
  for (const caller of [direct, http1, http2]) caller?.close();
  stop.abort();
  await cluster?.stop();
});

interface Call {
  readonly method?: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

interface Answer {
  readonly code: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
  /** How the body ended. */
  readonly ending: 'end' | 'break';
}

/** Rejects when no answer comes; a body that breaks is told. */
type Send = (path: string, call?: Call) => Promise<Answer>;

type Caller = Send & { close(): void };

interface Place {
  readonly server: string;
  readonly tls: Record<string, string | Buffer>;
  readonly headers: Readonly<Record<string, string>>;
}

function callHttp1({ server, tls, headers }: Place): Caller {
  const agent = new Agent({ keepAlive: true, ...tls });
  const call: Send = (path, { method = 'GET', body, timeoutMs = 20_000 } = {}) =>
    new Promise<Answer>((done, fail) => {
      const signal = AbortSignal.timeout(timeoutMs);
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const sent = request(
        new URL(path, server),
        { method, agent, signal, headers: { ...headers, ...type } },
        (answer) => {
          sent.removeListener('error', fail).on('error', () => undefined);
          let text = '';
          const tell = (ending: Answer['ending']): void =>
            done({ code: answer.statusCode ?? 0, headers: answer.headers, text, ending });
          answer.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          answer.once('end', () => tell('end')).once('error', () => tell('break'));
        },
      );
      // After the answer has begun, it is told there.
      sent.on('error', fail);
      sent.end(body === undefined ? undefined : JSON.stringify(body));
    });
  return Object.assign(call, { close: () => agent.destroy() });
}

function callHttp2({ server, tls, headers }: Place): Caller {
  let session: ClientHttp2Session | undefined;
  const open = (): ClientHttp2Session => {
    if (session !== undefined && !session.destroyed && !session.closed) return session;
    session = connect(server, tls);
    session.on('error', () => undefined);
    return session;
  };
  const call: Send = (path, { method = 'GET', body, timeoutMs = 20_000 } = {}) =>
    new Promise<Answer>((done, fail) => {
      const type = body === undefined ? {} : { 'content-type': 'application/json' };
      const stream = open().request(
        { ...headers, ...type, ':method': method, ':path': path },
        { signal: AbortSignal.timeout(timeoutMs), endStream: body === undefined },
      );
      let text = '';
      let head: Omit<Answer, 'text' | 'ending'> | undefined;
      let ending: Answer['ending'] = 'break';
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      stream.once('response', (answered) => {
        head = { code: answered[':status'] ?? 0, headers: answered };
      });
      stream.once('end', () => {
        ending = 'end';
      });
      stream.on('error', (error) => {
        ending = 'break';
        if (head === undefined) fail(error);
      });
      stream.once('close', () => {
        if (head === undefined) fail(new Error('closed without an answer'));
        else done({ ...head, text, ending: stream.rstCode === 0 ? ending : 'break' });
      });
      if (body !== undefined) stream.end(JSON.stringify(body));
    });
  return Object.assign(call, { close: () => void session?.destroy() });
}

const configMaps = '/api/v1/namespaces/default/configmaps';

async function createConfigMap(name: string): Promise<void> {
  const { code } = await direct(configMaps, { method: 'POST', body: { metadata: { name } } });
  expect(code).toBe(201);
}

async function has(name: string): Promise<boolean> {
  return (await direct(`${configMaps}/${name}`)).code === 200;
}

const once = (fault: Fault, match: FaultRule['match'] = {}): FaultRule[] => [
  { fault, match: { resources: ['configmaps'], ...match }, times: 1 },
];

const outcome = (answer: Promise<Answer>): Promise<string> =>
  answer.then(
    ({ code, ending }) => `${code} ${ending}`,
    () => 'no answer',
  );

describe.each([
  ['http1', () => http1],
  ['http2', () => http2],
] as const)('by %s', (version, caller) => {
  let made = 0;
  const fresh = (): string => `${version}-${made++}`;
  const create = (name: string, call: Call = {}): Promise<Answer> =>
    caller()(configMaps, { method: 'POST', body: { metadata: { name } }, ...call });

  test('without faults everything passes', async () => {
    const name = fresh();
    expect((await create(name)).code).toBe(201);
    const { code, text } = await caller()(`${configMaps}/${name}`);
    expect([code, JSON.parse(text).metadata.name]).toEqual([200, name]);
    expect((await caller()(`${configMaps}/none`)).code).toBe(404);
  });

  const outcomes: Record<string, { fault: Fault; client: string; isWritten: boolean }> = {
    'a reset before the request is forwarded': {
      fault: { kind: 'reset', at: 'request' },
      client: 'no answer',
      isWritten: false,
    },
    'a reset before the answer': {
      fault: { kind: 'reset', at: 'answer' },
      client: 'no answer',
      isWritten: true,
    },
    'a reset in the middle of the answer': {
      fault: { kind: 'reset', at: 'body' },
      client: '201 break',
      isWritten: true,
    },
    'a server that never answers': {
      fault: { kind: 'half-open', at: 'request' },
      client: 'no answer',
      isWritten: false,
    },
    'a server that works and never answers': {
      fault: { kind: 'half-open', at: 'answer' },
      client: 'no answer',
      isWritten: true,
    },
    'a refusal': { fault: { kind: 'answer', status: 503 }, client: '503 end', isWritten: false },
    'a failure after the work was done': {
      fault: { kind: 'answer', status: 500, executed: true },
      client: '500 end',
      isWritten: true,
    },
  };
  test.each(Object.entries(outcomes))('%s', async (_, { fault, client, isWritten }) => {
    const name = fresh();
    proxy.setFaults(once(fault));
    expect(await outcome(create(name, { timeoutMs: 700 }))).toBe(client);
    expect(await has(name)).toBe(isWritten);
    expect((await create(fresh())).code).toBe(201);
  });

  test.each([409, 410, 429, 500, 503] as const)('a Status with %i', async (status) => {
    proxy.setFaults(once({ kind: 'answer', status, retryAfterSeconds: 2 }));
    const { code, text, headers } = await create(fresh());
    expect([code, JSON.parse(text).code, headers['retry-after']]).toEqual([status, status, '2']);
  });

  test('latency', async () => {
    proxy.setFaults(once({ kind: 'latency', ms: 300, jitterMs: 100 }));
    const began = performance.now();
    expect((await create(fresh())).code).toBe(201);
    expect(performance.now() - began).toBeGreaterThan(295);
  });

  test('a clock that is ahead', async () => {
    proxy.setFaults(once({ kind: 'clock-skew', seconds: 3_600 }));
    const { headers } = await caller()(configMaps);
    expect(Date.parse(String(headers.date)) - Date.now()).toBeGreaterThan(3_500_000);
  });

  /** What a watch from now on shows while these are created, each `TYPE name`; `half` is what is no JSON. */
  async function watch(rules: readonly FaultRule[], names: readonly string[]): Promise<string[]> {
    const { metadata } = JSON.parse((await direct(configMaps)).text);
    const query = `watch=true&timeoutSeconds=1&resourceVersion=${metadata.resourceVersion}`;
    const watched = caller()(`${configMaps}?${query}`, { timeoutMs: 4_000 }).catch(() => undefined);
    await new Promise((done) => setTimeout(done, 150));
    proxy.setFaults(rules);
    for (const name of names) await createConfigMap(name);
    const answer = await watched;
    if (answer === undefined) return ['no answer'];
    const lines = answer.text.split('\n').filter((line) => line !== '');
    return [...lines.map(shown), answer.ending];
  }

  function shown(line: string): string {
    try {
      const { type, object } = JSON.parse(line);
      return `${type} ${object.code ?? object.metadata.name}`;
    } catch {
      return 'half';
    }
  }

  const afterwards = (fault: Fault, names: readonly string[]): FaultRule[] => [
    { fault, match: { verbs: ['watch'] }, times: names.length },
  ];

  test('a watch without faults', async () => {
    const [a, b] = [fresh(), fresh()];
    expect(await watch([], [a, b])).toEqual([`ADDED ${a}`, `ADDED ${b}`, 'end']);
  });

  test('events that come twice', async () => {
    const a = fresh();
    expect(await watch([{ fault: { kind: 'watch-repeat' } }], [a])).toEqual([
      `ADDED ${a}`,
      `ADDED ${a}`,
      'end',
    ]);
  });

  test('events of two objects that change places', async () => {
    const [a, b] = [fresh(), fresh()];
    expect(await watch([{ fault: { kind: 'watch-swap' } }], [a, b])).toEqual([
      `ADDED ${b}`,
      `ADDED ${a}`,
      'end',
    ]);
  });

  test.each([
    ['half an event and the end', { kind: 'watch-cut', by: 'end' }, ['half', 'end']],
    ['half an event and a reset', { kind: 'watch-cut', by: 'reset' }, ['half', 'break']],
    ['an expired version', { kind: 'watch-expire' }, ['ERROR 410', 'end']],
  ] as const)('%s, though nothing happens', async (_, fault, told) => {
    expect(await watch(afterwards(fault, ['idle']), [])).toEqual(told);
  });

  test('a watch that falls silent is reset when the faults are lifted', async () => {
    const watched = watch([{ fault: { kind: 'watch-silence' }, match: { verbs: ['watch'] } }], [fresh()]);
    await new Promise((done) => setTimeout(done, 1_000));
    proxy.setFaults([]);
    expect(await watched).toEqual(['break']);
  });

  test('bookmarks are swallowed, but the one that ends the list', async () => {
    const query = 'watch=true&allowWatchBookmarks=true&sendInitialEvents=true';
    const more = 'resourceVersionMatch=NotOlderThan&timeoutSeconds=1';
    const listed = async (rule: Fault): Promise<number> => {
      proxy.setFaults([{ fault: rule }]);
      return (await caller()(`${configMaps}?${query}&${more}`)).text.split('"type":"BOOKMARK"').length - 1;
    };
    expect(await listed({ kind: 'watch-no-bookmarks' })).toBe(1);
    expect(await listed({ kind: 'watch-no-bookmarks', all: true })).toBe(0);
  });

  test('a match leaves other requests alone', async () => {
    proxy.setFaults([{ fault: { kind: 'reset', at: 'request' }, match: { verbs: ['patch'] } }]);
    expect((await create(fresh())).code).toBe(201);
  });
});

test('who has no token is refused', async () => {
  const stranger = callHttp1({ server: proxy.server, tls: { ca: proxy.caPem }, headers: {} });
  expect((await stranger('/version')).code).toBe(401);
  stranger.close();
});

test('injections are counted', async () => {
  const before = proxy.injected()['answer 429'] ?? 0;
  proxy.setFaults(once({ kind: 'answer', status: 429 }));
  await http1(configMaps);
  await http1(configMaps);
  expect(proxy.injected()['answer 429']).toBe(before + 1);
  expect(proxy.injections().at(-1)).toMatchObject({
    fault: 'answer 429',
    request: 'list configmaps default',
  });
});

test('a proxy that stops leaves no connection', async () => {
  const upstream = readLocalKubeconfig(await readFile(cluster.kubeconfigPath, 'utf8'));
  const stopping = new AbortController();
  const own = await startFaultProxy({ upstream, signal: stopping.signal });
  const headers = { authorization: `Bearer ${own.token}` };
  const callers = [callHttp1, callHttp2].map((of) =>
    of({ server: own.server, tls: { ca: own.caPem }, headers }),
  );
  own.setFaults([{ fault: { kind: 'half-open', at: 'request' }, match: { resources: ['configmaps'] } }]);
  const waiting = callers.map((call) => outcome(call(configMaps)));
  await Promise.all(callers.map((call) => call('/version')));
  expect(own.connections()).toBeGreaterThan(1);
  stopping.abort();
  expect(await Promise.all(waiting)).toEqual(['no answer', 'no answer']);
  await own.stop();
  expect(own.connections()).toBe(0);
  for (const caller of callers) caller.close();
});
