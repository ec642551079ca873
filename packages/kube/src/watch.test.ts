import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from './api-error.ts';
import type { Transport, WatchRequest } from './transport.ts';
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

/** The versions that were asked for and when, and the events, while a server gives these answers; then always the last. */
async function watching(
  answers: readonly Answer[],
  forMs: number,
): Promise<{ asked: string[]; told: string[] }> {
  const stop = new AbortController();
  const asked: string[] = [];
  const told: string[] = [];
  const begin = Date.now();
  const transport = {
    async *lines(request: WatchRequest) {
      asked.push(`${request.query?.resourceVersion ?? 'list'}@${Math.floor((Date.now() - begin) / 1_000)}s`);
      const answer = answers[Math.min(asked.length, answers.length) - 1] ?? {};
      yield* answer.lines ?? [''];
      await new Promise<void>((resolve) => setTimeout(resolve, answer.lastsMs ?? 0));
      if (answer.error !== undefined) throw answer.error;
    },
  };
  const run = async (): Promise<void> => {
    const resource = { group: '', version: 'v1', plural: 'configmaps' };
    for await (const { kind } of watchResource(transport as unknown as Transport, resource, {
      signal: stop.signal,
    }))
      told.push(kind);
  };
  const running = run();
  await vi.advanceTimersByTimeAsync(forMs);
  stop.abort();
  await vi.advanceTimersByTimeAsync(3_600_000);
  await running;
  return { asked, told };
}

describe('a watch', () => {
  it('goes on at once where the server closed it in order', async () => {
    const { asked } = await watching([{ lines: listed, lastsMs: 300_000 }, { lastsMs: 900_000 }], 301_000);
    expect(asked).toEqual(['list@0s', '7@300s']);
  });

  it('lists at once when its version has expired', async () => {
    const { asked, told } = await watching(
      [{ lines: listed, lastsMs: 300_000 }, { lines: ['', gone] }, { lines: listed, lastsMs: 900_000 }],
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
      const { asked, told } = await watching(answers, 120_000);
      expect(asked.length).toBeLessThan(30);
      expect(asked.length).toBeGreaterThan(8);
      expect(told).toContain('trouble');
    });

  it('lists anew when a server goes on refusing its version', async () => {
    const { asked } = await watching(
      [
        { lines: listed, lastsMs: 2_000 },
        { lines: [''], error: refused(504) },
      ],
      120_000,
    );
    expect(asked.filter((each) => each.startsWith('7')).length).toBeLessThan(8);
    expect(asked.at(-1)).toContain('list');
  });
});
