import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { RenderRequest } from './messages.ts';
import {
  createRenderPool,
  type RenderOutcome,
  type RenderPool,
  type RenderPoolOptions,
} from './render-pool.ts';
import { misbehavingBinary, renderBinary } from './testing/native-binary.ts';
import { type TestSnapshot, writeSnapshot } from './testing/write-snapshot.ts';

const chart = (name: string) => `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n`;
const configMap = (name: string, data = '') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${data}`;

let binary: string;
let snapshot: TestSnapshot;
const pools: RenderPool[] = [];

function pool(options: Partial<RenderPoolOptions> = {}): RenderPool {
  const created = createRenderPool({ binary, ...options });
  pools.push(created);
  return created;
}

const request = (path: string, more: Partial<RenderRequest> = {}): RenderRequest => ({
  snapshot: { id: snapshot.id, manifest: snapshot.manifest, blobs: snapshot.blobs },
  path,
  type: 'auto',
  helm: { releaseName: 'rel', namespace: 'default' },
  ...more,
});

/** One line per outcome: the names, or the code. */
function shown(outcome: RenderOutcome): string {
  return outcome.ok
    ? outcome.objects.map(({ object }) => object.metadata.name).join(' ')
    : outcome.error.code;
}

beforeAll(async () => {
  binary = await renderBinary();
  snapshot = writeSnapshot({
    'plain/a.yaml': configMap('a'),
    'forever/Chart.yaml': chart('forever'),
    'forever/templates/a.yaml':
      '{{ range until 100000 }}{{ range until 100000 }}{{ sha256sum "x" | trunc 0 }}{{ end }}{{ end }}',
    'hog/Chart.yaml': chart('hog'),
    'hog/templates/a.yaml': '{{ range until 1000000000 }}{{ end }}',
    'include/Chart.yaml': chart('include'),
    'include/templates/a.yaml': '{{ define "a" }}{{ include "a" . }}{{ end }}{{ include "a" . }}',
    'template/Chart.yaml': chart('template'),
    'template/templates/a.yaml': '{{ define "a" }}{{ template "a" . }}{{ end }}{{ template "a" . }}',
  });
});

afterEach(async () => {
  await Promise.all(pools.splice(0).map((each) => each.close()));
});

afterAll(() => snapshot.remove());

describe('render pool', () => {
  it('tells the versions of its evaluators', async () => {
    const versions = await pool().evaluators();
    expect(versions).toMatchObject({ helm: 'v4.2.4', kustomize: 'v0.21.2', fluxKustomize: 'v1.39.0' });
  });

  it('answers more requests than it has processes, in turn', async () => {
    const small = pool({ size: 2 });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => small.render(request('plain'))));
    expect(new Set(outcomes.map(shown))).toEqual(new Set(['a']));
  });

  it('kills a template that never ends while other requests go on', async () => {
    const two = pool({ size: 2, requestTimeoutMs: 1_500 });
    const endless = two.render(request('forever'));
    const others: string[] = [];
    for (let round = 0; round < 10; round++) {
      others.push(shown(await two.render(request('plain'))));
    }
    expect(others).toEqual(Array.from({ length: 10 }, () => 'a'));
    expect(await endless).toMatchObject({ ok: false, error: { code: 'RENDER_TIMEOUT' } });
    expect(shown(await two.render(request('plain')))).toBe('a');
  });

  it('replaces a killed process also when it is the only one, and serves who waited', async () => {
    const one = pool({ size: 1 });
    const endless = one.render(request('forever'), { timeoutMs: 500 });
    const waiting = one.render(request('plain'));
    expect([shown(await endless), shown(await waiting)]).toEqual(['RENDER_TIMEOUT', 'a']);
  });

  it('kills a process at its memory limit', async () => {
    const one = pool({ size: 1 });
    const [hog, after] = await Promise.all([one.render(request('hog')), one.render(request('plain'))]);
    expect([shown(hog), shown(after)]).toEqual(['RENDER_MEMORY', 'a']);
  });

  it('ends recursion of include and of template', async () => {
    const one = pool({ size: 1 });
    expect(await one.render(request('include'))).toMatchObject({
      error: { code: 'TEMPLATE_FAILED', file: 'include/templates/a.yaml', line: 1 },
    });
    const recursive = await one.render(request('template'), { timeoutMs: 20_000 });
    expect(['TEMPLATE_FAILED', 'RENDER_MEMORY', 'RENDER_CRASHED']).toContain(shown(recursive));
    expect(shown(await one.render(request('plain')))).toBe('a');
  });

  it('gives up a running and a waiting request when asked to', async () => {
    const one = pool({ size: 1 });
    const running = new AbortController();
    const waiting = new AbortController();
    const first = one.render(request('forever'), { signal: running.signal });
    const second = one.render(request('plain'), { signal: waiting.signal });
    const third = one.render(request('plain'));
    waiting.abort();
    expect(shown(await second)).toBe('RENDER_ABORTED');
    await sleep(200);
    running.abort();
    expect([shown(await first), shown(await third)]).toEqual(['RENDER_ABORTED', 'a']);
    expect(shown(await one.render(request('plain'), { signal: AbortSignal.abort() }))).toBe('RENDER_ABORTED');
  });

  it('refuses what exceeds its queue', async () => {
    const one = pool({ size: 1, maxWaiting: 1 });
    const outcomes = await Promise.all([1, 2, 3].map(() => one.render(request('plain'))));
    expect(outcomes.map(shown)).toEqual(['a', 'a', 'RENDER_QUEUE_FULL']);
  });

  it('closes with requests under way', async () => {
    const one = pool({ size: 1 });
    const outcomes = Promise.all([one.render(request('forever')), one.render(request('plain'))]);
    await sleep(300);
    await one.close();
    expect((await outcomes).map(shown)).toEqual(['RENDER_CLOSED', 'RENDER_CLOSED']);
    expect(shown(await one.render(request('plain')))).toBe('RENDER_CLOSED');
  });

  it('lets idle processes go and starts others', async () => {
    const one = pool({ size: 1, idleMs: 50 });
    expect(shown(await one.render(request('plain')))).toBe('a');
    await sleep(200);
    expect(shown(await one.render(request('plain')))).toBe('a');
  });

  const misbehaving: Record<string, [string, string]> = {
    'a process that dies': [
      'send(hello); process.stdin.on("data", () => process.exit(3));',
      'RENDER_CRASHED',
    ],
    'garbage instead of an answer': [
      'send(hello); process.stdin.on("data", () => process.stdout.write("panic: oh no"));',
      'RENDER_CRASHED',
    ],
    'a frame that is no answer': ['send(hello); process.stdin.on("data", () => send({}));', 'RENDER_CRASHED'],
    'an answer to another request': [
      'send(hello); process.stdin.on("data", () => send({ id: 99, ok: true, result: {} }));',
      'RENDER_CRASHED',
    ],
    'garbage instead of a handshake': ['process.stdout.write("hello\\n");', 'RENDER_START_FAILED'],
    'another protocol': [
      'send({ ...hello, protocol: hello.protocol + 1 }); setInterval(() => {}, 1000);',
      'RENDER_PROTOCOL_MISMATCH',
    ],
    'no answer': ['send(hello); setInterval(() => {}, 1000);', 'RENDER_TIMEOUT'],
  };
  for (const [name, [body, code]] of Object.entries(misbehaving)) {
    it(`survives ${name}`, async () => {
      const { path, remove } = misbehavingBinary(body);
      const fake = pool({ binary: path, size: 1, requestTimeoutMs: 1_000 });
      const codes = [shown(await fake.render(request('plain'))), shown(await fake.render(request('plain')))];
      remove();
      expect(codes).toEqual([code, code]);
    });
  }

  it('says when the binary is not there', async () => {
    const none = pool({ binary: '/nonexistent/render' });
    expect(shown(await none.render(request('plain')))).toBe('RENDER_START_FAILED');
    await expect(none.evaluators()).rejects.toThrow('cannot be started');
  });
});
