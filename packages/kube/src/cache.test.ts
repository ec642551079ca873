import type { Conclusion, KubeObject } from '@weir/core';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ApiError } from './api-error.ts';
import { type ClusterCache, createClusterCache } from './cache.ts';
import type { KubeClient } from './client.ts';
import type { Resource } from './discovery.ts';
import type { WatchEvent } from './watch.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

const configMaps: Resource = {
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  namespaced: true,
  verbs: ['get', 'list', 'watch'],
};
const secrets: Resource = { ...configMaps, kind: 'Secret', plural: 'secrets' };
const reviews: Resource = { ...configMaps, kind: 'TokenReview', plural: 'tokenreviews', verbs: ['create'] };

/** `a` at resource version 5 as the object `u1`. */
function objectOf(name: string, version: number, uid = `u-${name}`): KubeObject {
  const metadata = { name, namespace: 'web', uid, resourceVersion: String(version), labels: { owner: 'us' } };
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata };
}

const show = (of: Conclusion | undefined): string =>
  of === undefined ? '-' : `${of.ref.name}@${of.resourceVersion}/${of.uid}`;

/** A cache over watches whose events the test writes, and the story of what the listener heard. */
class Rig {
  readonly story: string[] = [];
  readonly started: string[] = [];
  renewals = 0;
  readonly cache: ClusterCache;
  readonly #feeds = new Map<string, (event: WatchEvent) => void>();

  constructor() {
    const client = {
      name: 'test',
      resources: async () => {
        this.renewals++;
      },
      watch: (resource: Resource, options: { signal: AbortSignal; fieldSelector?: string }) =>
        this.#watch(resource, options),
    };
    this.cache = createClusterCache(client as unknown as KubeClient, {
      marks: { labels: ['owner'], annotations: [], managers: [] },
      listener: {
        onChange: ({ before, after }) => this.story.push(`${show(before)} -> ${show(after)}`),
        onTrouble: (error) => this.story.push(error === undefined ? 'back' : error.problem.code),
      },
    });
  }

  async *#watch(
    resource: Resource,
    options: { signal: AbortSignal; fieldSelector?: string },
  ): AsyncGenerator<WatchEvent> {
    this.started.push(`${resource.plural} ${options.fieldSelector ?? ''}`.trim());
    const events: WatchEvent[] = [];
    let wake = (): void => {};
    this.#feeds.set(resource.plural, (event) => {
      events.push(event);
      wake();
    });
    options.signal.addEventListener('abort', () => wake(), { once: true });
    while (!options.signal.aborted) {
      const event = events.shift();
      if (event !== undefined) yield event;
      else
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
    }
  }

  async feed(...events: WatchEvent[]): Promise<void> {
    await this.feedOf('configmaps', ...events);
  }

  async feedOf(plural: string, ...events: WatchEvent[]): Promise<void> {
    for (const event of events) this.#feeds.get(plural)?.(event);
    await vi.advanceTimersByTimeAsync(0);
  }

  /** Follows config maps, with this first list. */
  async begin(...objects: KubeObject[]): Promise<void> {
    const followed = this.cache.follow([configMaps], new AbortController().signal);
    await this.feed({ kind: 'restart' }, { kind: 'open' });
    await this.feed(...objects.map((object): WatchEvent => ({ kind: 'put', object })), { kind: 'synced' });
    await followed;
    this.story.length = 0;
  }

  told(): string[] {
    return this.story.splice(0);
  }

  live(name: string): string {
    const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'web', name };
    return show(this.cache.live(ref));
  }
}

const put = (object: KubeObject): WatchEvent => ({ kind: 'put', object });
const gone = (object: KubeObject): WatchEvent => ({ kind: 'gone', object });
const refused = (status: number): WatchEvent => ({
  kind: 'trouble',
  error: new ApiError({ status, reason: '', message: `refused ${status}`, code: 'APPLY_FAILED' }),
});
const broken: WatchEvent = { kind: 'trouble', error: new Error('connection reset') };

describe('what is live', () => {
  const a = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'web', name: 'a' };
  const table: Record<string, [act: (rig: Rig) => Promise<unknown> | unknown, live: string, told: string[]]> =
    {
      'follows a change': [(rig) => rig.feed(put(objectOf('a', 6))), 'a@6/u-a', ['a@5/u-a -> a@6/u-a']],
      'follows a deletion': [(rig) => rig.feed(gone(objectOf('a', 6))), '-', ['a@5/u-a -> -']],
      'takes no older state': [(rig) => rig.feed(put(objectOf('a', 4))), 'a@5/u-a', []],
      'is told once of the same state': [(rig) => rig.feed(put(objectOf('a', 5))), 'a@5/u-a', []],
      'knows the answer to a write before its event': [
        async (rig) => {
          rig.cache.note(objectOf('a', 8));
          await rig.feed(put(objectOf('a', 6)), put(objectOf('a', 7)), put(objectOf('a', 8)));
        },
        'a@8/u-a',
        ['a@5/u-a -> a@8/u-a'],
      ],
      'knows what a write made anew, whatever late events say of its predecessor': [
        async (rig) => {
          rig.cache.note(objectOf('a', 9, 'u-new'));
          await rig.feed(put(objectOf('a', 7)), gone(objectOf('a', 8)), put(objectOf('a', 9, 'u-new')));
        },
        'a@9/u-new',
        ['a@5/u-a -> a@9/u-new'],
      ],
      'does not bring back what a deletion took, by a late event': [
        async (rig) => {
          rig.cache.noteGone(a, 'u-a');
          await rig.feed(put(objectOf('a', 7)), gone(objectOf('a', 8)));
        },
        '-',
        ['a@5/u-a -> -'],
      ],
      'does not lose a new object to the end of its predecessor': [
        async (rig) => {
          await rig.feed(put(objectOf('a', 9, 'u-new')), gone(objectOf('a', 8)));
        },
        'a@9/u-new',
        ['a@5/u-a -> a@9/u-new'],
      ],
      'is what a new object of that name is': [
        (rig) => rig.feed(gone(objectOf('a', 6)), put(objectOf('a', 7, 'u-new'))),
        'a@7/u-new',
        ['a@5/u-a -> -', '- -> a@7/u-new'],
      ],
      'is not touched by the deletion of another object of that name': [
        (rig) => rig.cache.noteGone(a, 'u-other'),
        'a@5/u-a',
        [],
      ],
      'stays through a list that names it': [
        (rig) => rig.feed({ kind: 'restart' }, put(objectOf('a', 5)), { kind: 'synced' }),
        'a@5/u-a',
        [],
      ],
      'goes with a list that does not name it': [
        (rig) => rig.feed({ kind: 'restart' }, { kind: 'synced' }),
        '-',
        ['a@5/u-a -> -'],
      ],
      'is what a list says, though the server counts from lower versions since it was restored': [
        (rig) => rig.feed({ kind: 'restart' }, put(objectOf('a', 2)), { kind: 'synced' }),
        'a@2/u-a',
        ['a@5/u-a -> a@2/u-a'],
      ],
      'is what a write made during a list, though the list is older': [
        async (rig) => {
          await rig.feed({ kind: 'restart' });
          rig.cache.note(objectOf('a', 9));
          await rig.feed(put(objectOf('a', 7)), { kind: 'synced' });
        },
        'a@9/u-a',
        ['a@5/u-a -> a@9/u-a'],
      ],
      'stays while a list is not complete': [(rig) => rig.feed({ kind: 'restart' }, broken), 'a@5/u-a', []],
      'stays after a list that began before a write and does not name what it made': [
        async (rig) => {
          await rig.feed({ kind: 'restart' });
          rig.cache.note(objectOf('a', 9));
          await rig.feed({ kind: 'synced' });
        },
        'a@9/u-a',
        ['a@5/u-a -> a@9/u-a'],
      ],
    };
  for (const [sentence, [act, live, told]] of Object.entries(table))
    it(sentence, async () => {
      const rig = new Rig();
      await rig.begin(objectOf('a', 5));
      await act(rig);
      expect(rig.live('a')).toBe(live);
      expect(rig.told()).toEqual(told);
      rig.cache.close();
    });

  it('is nothing for a kind that nobody follows, also after a write', () => {
    const rig = new Rig();
    expect(show(rig.cache.note(objectOf('a', 1)))).toBe('a@1/u-a');
    expect(rig.live('a')).toBe('-');
    expect(rig.cache.size()).toBe(0);
  });
});

describe('following', () => {
  it('starts one watch a kind, without the releases of Helm, and none for kinds that cannot be watched', async () => {
    const rig = new Rig();
    const { signal } = new AbortController();
    const followed = Promise.all([
      rig.cache.follow([configMaps, secrets, reviews], signal),
      rig.cache.follow([configMaps], signal),
    ]);
    await rig.feed({ kind: 'synced' });
    await rig.feedOf('secrets', { kind: 'synced' });
    await followed;
    expect(rig.started).toEqual(['configmaps', 'secrets type!=helm.sh/release.v1']);
    rig.cache.close();
  });

  it('leaves no timer behind', async () => {
    const rig = new Rig();
    await rig.begin();
    await rig.cache.follow([configMaps], new AbortController().signal);
    expect(vi.getTimerCount()).toBe(0);
    rig.cache.close();
  });

  const failing = async (act: (rig: Rig, abort: AbortController) => Promise<void>): Promise<string> => {
    const rig = new Rig();
    const abort = new AbortController();
    const followed = rig.cache.follow([configMaps], abort.signal).then(
      () => 'followed',
      (error: Error) => error.message,
    );
    await act(rig, abort);
    await vi.advanceTimersByTimeAsync(200);
    const said = await followed;
    rig.cache.close();
    return said;
  };

  it('says why the first list does not come', async () =>
    expect(await failing((rig) => rig.feed(refused(403)))).toBe('refused 403'));
  it('says that lists do not come in time', async () =>
    expect(
      await failing(async () => {
        await vi.advanceTimersByTimeAsync(61_000);
      }),
    ).toContain('lists did not arrive in time'));
  it('ends when the caller does', async () =>
    expect(
      await failing(async (_rig, abort) => {
        abort.abort(new Error('enough'));
      }),
    ).toContain('lists did not arrive in time'));

  it('starts anew with a kind that was not served', async () => {
    const rig = new Rig();
    await rig.begin(objectOf('a', 5));
    await rig.feed(refused(404));
    expect(rig.told()).toEqual(['a@5/u-a -> -']);
    await rig.begin(objectOf('b', 9));
    expect([rig.live('a'), rig.live('b'), rig.started.length]).toEqual(['-', 'b@9/u-b', 2]);
    rig.cache.close();
  });

  it('sees the same objects again when a kind is served again, and asks what is served in between', async () => {
    const rig = new Rig();
    await rig.begin(objectOf('a', 5));
    await rig.feed(refused(404));
    expect([rig.live('a'), rig.renewals]).toEqual(['-', 1]);
    await rig.begin(objectOf('a', 5));
    expect(rig.live('a')).toBe('a@5/u-a');
    rig.cache.close();
  });

  it('ends when the cache is closed', async () =>
    expect(await failing(async (rig) => rig.cache.close())).toContain('lists did not arrive in time'));

  it('goes on after an object that cannot be read', async () => {
    const rig = new Rig();
    await rig.begin();
    const broken = { ...objectOf('a', 5), metadata: null } as unknown as KubeObject;
    await rig.feed(put(broken), put(objectOf('b', 6)));
    expect(rig.live('b')).toBe('b@6/u-b');
    rig.cache.close();
  });
});

describe('trouble', () => {
  const afterSeconds = (seconds: number): Promise<unknown> => vi.advanceTimersByTimeAsync(seconds * 1_000);

  it('is not told for a connection that comes back soon', async () => {
    const rig = new Rig();
    await rig.begin();
    await rig.feed(broken);
    await afterSeconds(2);
    await rig.feed(broken, { kind: 'open' });
    await afterSeconds(60);
    expect(rig.told()).toEqual([]);
    rig.cache.close();
  });

  it('is told once for a cluster that stays away, and once when it is back', async () => {
    const rig = new Rig();
    await rig.begin();
    for (let count = 0; count < 5; count++) {
      await rig.feed(broken);
      await afterSeconds(2);
    }
    expect(rig.told()).toEqual(['CLUSTER_UNREACHABLE']);
    expect(rig.cache.trouble()?.problem.message).toContain('connection reset');
    await rig.feed({ kind: 'open' });
    expect(rig.told()).toEqual(['back']);
    expect(rig.cache.trouble()).toBeUndefined();
    rig.cache.close();
  });

  it('is told for a cluster that never answered, though each attempt begins a list anew', async () => {
    const rig = new Rig();
    const followed = rig.cache.follow([configMaps], new AbortController().signal).catch(() => 'failed');
    for (let count = 0; count < 5; count++) {
      await rig.feed({ kind: 'restart' }, broken);
      await afterSeconds(2);
    }
    expect(await followed).toBe('failed');
    expect(rig.told()).toEqual(['CLUSTER_UNREACHABLE']);
    rig.cache.close();
  });

  it('is none when the server refuses one kind', async () => {
    const rig = new Rig();
    await rig.begin();
    for (let count = 0; count < 5; count++) {
      await rig.feed(refused(403));
      await afterSeconds(2);
    }
    expect(rig.told()).toEqual([]);
    rig.cache.close();
  });

  it('is none while another kind can be watched', async () => {
    const rig = new Rig();
    await rig.begin();
    const followed = rig.cache.follow([secrets], new AbortController().signal);
    await rig.feedOf('secrets', { kind: 'synced' });
    await followed;
    for (let count = 0; count < 5; count++) {
      await rig.feedOf('secrets', refused(500));
      await afterSeconds(2);
    }
    expect([rig.told(), rig.cache.trouble()]).toEqual([[], undefined]);
    await rig.feed(broken);
    await rig.feedOf('secrets', refused(500));
    await afterSeconds(4);
    await rig.feedOf('secrets', refused(500));
    await rig.feed({ kind: 'open' });
    expect(rig.told()).toEqual(['APPLY_FAILED', 'back']);
    rig.cache.close();
  });

  it('is one when the server refuses the credentials', async () => {
    const rig = new Rig();
    await rig.begin();
    for (let count = 0; count < 5; count++) {
      await rig.feed(refused(401));
      await afterSeconds(2);
    }
    expect(rig.told()).toEqual(['APPLY_FAILED']);
    rig.cache.close();
  });

  it('is one when the server fails', async () => {
    const rig = new Rig();
    await rig.begin();
    for (let count = 0; count < 5; count++) {
      await rig.feed(refused(503));
      await afterSeconds(2);
    }
    expect(rig.told()).toEqual(['APPLY_FAILED']);
    rig.cache.close();
  });
});
