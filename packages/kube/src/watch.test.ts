import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from './api-error.ts';
import type { Transport, WatchRequest, WireRequest } from './transport.ts';
import { watchResource } from './watch.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** What a server says to one attempt: lines, then the end, an error, or silence until the caller leaves. */
interface Answer {
  readonly lines?: readonly string[];
  readonly error?: unknown;
  readonly lastsMs?: number;
  /** Said again every second, until the caller leaves. */
  readonly renewed?: string;
}

const event = (type: string, version: string, isComplete = false): string =>
  JSON.stringify({
    type,
    object: {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: {
        name: 'a',
        resourceVersion: version,
        ...(isComplete ? { annotations: { 'k8s.io/initial-events-end': 'true' } } : {}),
      },
    },
  });
const listed = ['', event('ADDED', '5'), event('BOOKMARK', '7', true)];
const gone = JSON.stringify({ type: 'ERROR', object: { code: 410, reason: 'Expired' } });
const refused = (status: number): ApiError =>
  new ApiError({ status, reason: '', message: `refused ${status}`, code: 'CLUSTER_UNREACHABLE' });

interface Server {
  /** To the watches, one after the other; then always the last. */
  readonly watches: readonly Answer[];
  /** To the lists, and to the question whether it has reached a version. */
  readonly lists?: readonly (Record<string, unknown> | Error)[];
  readonly verbs?: readonly string[];
}

const page = (version: string, next = ''): Record<string, unknown> => ({
  apiVersion: 'v1',
  kind: 'ConfigMapList',
  metadata: { resourceVersion: version, continue: next },
  items: [{ metadata: { name: `of-${version}`, resourceVersion: version } }],
});

/** What was asked for and when, and the events, while a server gives these answers. */
async function watching(
  { watches, lists = [{}], verbs }: Server,
  forMs: number,
): Promise<{ asked: string[]; told: string[] }> {
  const stop = new AbortController();
  const asked: string[] = [];
  const told: string[] = [];
  const begin = Date.now();
  const note = (what: string): number => asked.push(`${what}@${Math.floor((Date.now() - begin) / 1_000)}s`);
  let opened = 0;
  let listed = 0;
  const transport = {
    async send({ query = {} }: WireRequest) {
      const { resourceVersion, limit = 'all', continue: next } = query;
      note(resourceVersion === undefined ? `page ${next ?? ''}${limit}` : `reached ${resourceVersion}`);
      const answer = lists[Math.min(++listed, lists.length) - 1];
      if (answer instanceof Error) throw answer;
      return answer;
    },
    async *lines(request: WatchRequest) {
      note(request.query?.resourceVersion ?? 'list');
      const answer = watches[Math.min(++opened, watches.length) - 1] ?? {};
      yield* answer.lines ?? [''];
      while (answer.renewed !== undefined && !request.signal.aborted) {
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        request.signal.throwIfAborted();
        yield answer.renewed;
      }
      await new Promise<void>((resolve, reject) => {
        request.signal.addEventListener('abort', () => reject(request.signal.reason), { once: true });
        setTimeout(resolve, answer.lastsMs ?? 0);
      });
      if (answer.error !== undefined) throw answer.error;
    },
  };
  const run = async (): Promise<void> => {
    const resource = { group: '', version: 'v1', plural: 'configmaps', ...(verbs && { verbs }) };
    for await (const { kind } of watchResource(transport as unknown as Transport, resource, {
      signal: stop.signal,
    }))
      told.push(kind);
  };
  const running = run();
  await vi.advanceTimersByTimeAsync(forMs);
  stop.abort(new Error('enough'));
  await vi.advanceTimersByTimeAsync(3_600_000);
  await running;
  return { asked, told };
}

describe('a watch', () => {
  it('goes on at once where the server closed it in order', async () => {
    const { asked } = await watching(
      { watches: [{ lines: listed, lastsMs: 300_000 }, { lastsMs: 900_000 }] },
      301_000,
    );
    expect(asked).toEqual(['list@0s', '7@300s']);
  });

  it('tells the end of a list once, though the event comes twice', async () => {
    const lines = [...listed, event('BOOKMARK', '7', true)];
    const { told } = await watching({ watches: [{ lines, lastsMs: 300_000 }] }, 10_000);
    expect(told).toEqual(['restart', 'open', 'put', 'synced']);
  });

  it('lists at once when its version has expired', async () => {
    const { asked, told } = await watching(
      {
        watches: [
          { lines: listed, lastsMs: 300_000 },
          { lines: ['', gone] },
          { lines: listed, lastsMs: 900_000 },
        ],
      },
      301_000,
    );
    expect(asked).toEqual(['list@0s', '7@300s', 'list@300s']);
    expect(told).not.toContain('trouble');
  });

  const bounded: Record<string, readonly Answer[]> = {
    'that a server closes at once': [{ lines: listed, lastsMs: 2_000 }, {}],
    'whose list a server closes at once': [{}],
    'whose list breaks off again and again': [{ lines: listed.slice(0, 2), error: new Error('reset') }],
    'whose list has expired before it began': [{ error: refused(410) }],
    'that a server refuses': [{ error: refused(500) }],
  };
  for (const [sentence, answers] of Object.entries(bounded))
    it(`${sentence} is tried slower and slower`, async () => {
      const { asked, told } = await watching({ watches: answers }, 120_000);
      expect(asked.length).toBeLessThan(60);
      expect(asked.length).toBeGreaterThan(8);
      expect(told).toContain('trouble');
    });

  it('lists anew when a server goes on refusing its version', async () => {
    const { asked } = await watching(
      {
        watches: [
          { lines: listed, lastsMs: 2_000 },
          { lines: [''], error: refused(504) },
        ],
      },
      120_000,
    );
    expect(asked.filter((each) => each.startsWith('7')).length).toBeLessThan(8);
    expect(asked.at(-1)).toContain('list');
  });

  it('lists anew at once where the server went back behind its version', async () => {
    const behind = new ApiError({
      status: 504,
      reason: 'Timeout',
      message: 'Too large resource version',
      code: 'APPLY_FAILED',
      causes: ['ResourceVersionTooLarge'],
    });
    const { asked } = await watching(
      {
        watches: [
          { lines: listed, lastsMs: 300_000, error: new Error('reset') },
          { lines: listed, lastsMs: 900_000 },
        ],
        lists: [behind],
      },
      310_000,
    );
    expect(asked.map((each) => each.split('@')[0])).toEqual(['list', 'reached 7', 'list']);
  });

  it('asks whether its version was reached only after a lost connection', async () => {
    const { asked } = await watching(
      {
        watches: [
          { lines: listed, lastsMs: 300_000, error: new Error('reset') },
          { lastsMs: 300_000 },
          { lastsMs: 900_000 },
        ],
      },
      650_000,
    );
    expect(asked.map((each) => each.split('@')[0])).toEqual(['list', 'reached 7', '7', '7']);
  });

  it('waits as long as the server asks, without a word of trouble', async () => {
    const busy = new ApiError({
      status: 429,
      reason: 'TooManyRequests',
      message: 'later',
      code: 'APPLY_FAILED',
      retryAfterMs: 7_000,
    });
    const { asked, told } = await watching(
      {
        watches: [
          { lines: [], error: busy },
          { lines: listed, lastsMs: 900_000 },
        ],
      },
      60_000,
    );
    expect(asked).toEqual(['list@0s', 'list@7s']);
    expect(told).not.toContain('trouble');
  });

  it('of a server that refuses streaming lists begins with pages, and goes on from their version', async () => {
    const { asked, told } = await watching(
      {
        watches: [{ lines: [], error: refused(422) }, { lastsMs: 900_000 }],
        lists: [page('40', 'more-'), page('40')],
      },
      60_000,
    );
    expect(asked).toEqual(['list@0s', 'page 500@0s', 'page more-500@0s', '40@0s']);
    expect(told).toEqual(['restart', 'restart', 'open', 'put', 'open', 'put', 'synced', 'open']);
  });

  it('of a server that does not know streaming lists begins with pages', async () => {
    const { asked, told } = await watching(
      { watches: [{ lines: ['', event('ADDED', '5')], lastsMs: 900_000 }], lists: [page('40')] },
      60_000,
    );
    expect(asked).toEqual(['list@0s', 'page 500@15s', '40@15s']);
    expect(told).not.toContain('trouble');
  });

  it('begins its pages anew when the server lets go of them, and then asks for all at once', async () => {
    const expired = refused(410);
    const lists = [page('40', 'x'), expired, page('41', 'x'), expired, page('42', 'x'), expired, page('43')];
    const { asked, told } = await watching(
      { watches: [{ lines: [], error: refused(400) }, { lastsMs: 900_000 }], lists },
      60_000,
    );
    expect(asked.filter((each) => each.startsWith('page'))).toEqual(
      ['page 500', 'page x500', 'page 500', 'page x500', 'page 500', 'page x500', 'page all'].map(
        (each) => `${each}@0s`,
      ),
    );
    expect(asked.at(-1)).toBe('43@0s');
    expect(told.filter((kind) => kind === 'synced')).toHaveLength(1);
  });

  it('of a kind that cannot be watched is a list about every minute', async () => {
    const { asked, told } = await watching(
      { watches: [], lists: [page('40')], verbs: ['get', 'list'] },
      600_000,
    );
    expect(asked.length).toBeGreaterThan(8);
    expect(asked.length).toBeLessThan(13);
    expect(asked.every((each) => each.startsWith('page 500'))).toBe(true);
    expect(told.slice(0, 8)).toEqual([
      'restart',
      'open',
      'put',
      'synced',
      'restart',
      'open',
      'put',
      'synced',
    ]);
  });
});

it('finds that a list has no end where one object changes all the time', async () => {
  const lease = JSON.parse(event('MODIFIED', '6')) as { object: { metadata: Record<string, unknown> } };
  lease.object.metadata.uid = 'lease';
  const { asked } = await watching(
    {
      watches: [
        { lines: [''], renewed: JSON.stringify(lease) },
        { lines: listed, lastsMs: 60_000 },
      ],
      lists: [page('9')],
    },
    25_000,
  );
  expect(asked[0]).toBe('list@0s');
  expect(asked.some((each) => each.startsWith('page'))).toBe(true);
});
