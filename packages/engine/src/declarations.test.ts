import type { Delivery, Dialect, KubeObject, Reading } from '@weir/core';
import type { KubeClient, WatchEvent } from '@weir/kube';
import { expect, it } from 'vitest';
import { type Declarations, watchDeclarations } from './declarations.ts';

const kind = {
  group: 'example.org',
  version: 'v1',
  kind: 'Thing',
  plural: 'things',
  role: 'delivery',
  statusSubresource: true,
} as const;

/** Reads `spec` as the delivery; one that is called `broken` cannot be read at all. */
const dialect = {
  name: 'test',
  secrets: {},
  kinds: [kind],
  read: (object: KubeObject): Reading => {
    if (object.metadata.name === 'broken') throw new Error('no such thing');
    return { kind: 'delivery', delivery: object.spec as Delivery };
  },
} as unknown as Dialect;

const objectOf = (name: string, version: number, wants = 'x'): KubeObject => ({
  apiVersion: 'example.org/v1',
  kind: 'Thing',
  metadata: { name, namespace: 'web', uid: `u-${name}`, resourceVersion: String(version), generation: 1 },
  spec: { wants },
});
const put = (object: KubeObject): WatchEvent => ({ kind: 'put', object });

async function declare(
  first: readonly WatchEvent[],
): Promise<{ declarations: Declarations; feed: (...events: WatchEvent[]) => Promise<void>; told: string[] }> {
  const told: string[] = [];
  const events: WatchEvent[] = [...first];
  let wake = (): void => {};
  const client = {
    async *watch() {
      for (;;) {
        const event = events.shift();
        if (event !== undefined) yield event;
        else
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
      }
    },
  };
  const declarations = await watchDeclarations({
    client: client as unknown as KubeClient,
    dialects: [dialect],
    log: ({ level }) => told.push(level),
    signal: new AbortController().signal,
    onChange: ({ id, after }) => told.push(`${id} ${after?.object.metadata.resourceVersion ?? 'went'}`),
    onSecrets: () => undefined,
  });
  return {
    declarations,
    told,
    feed: async (...more) => {
      events.push(...more);
      wake();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}

const id = 'test:Thing:web/a';
const versionOf = (declarations: Declarations): string | undefined =>
  declarations.declared(id)?.object.metadata.resourceVersion;

it('the answer to a write is not undone by late events of what was there earlier', async () => {
  const { declarations, feed, told } = await declare([put(objectOf('a', 5)), { kind: 'synced' }]);
  declarations.note(id, objectOf('a', 9));
  await feed(put(objectOf('a', 7, 'y')));
  expect([versionOf(declarations), told]).toEqual(['9', [`${id} 5`]]);
  declarations.note(id, objectOf('a', 8, 'y'));
  expect(versionOf(declarations)).toBe('9');
  await feed(put(objectOf('a', 10, 'y')));
  expect([versionOf(declarations), told]).toEqual(['10', [`${id} 5`, `${id} 10`]]);
});

it('a list counts though a restored server counts from lower versions', async () => {
  const { declarations, feed } = await declare([put(objectOf('a', 5)), { kind: 'synced' }]);
  await feed({ kind: 'restart' }, put(objectOf('a', 3, 'z')), { kind: 'synced' });
  expect(versionOf(declarations)).toBe('3');
});

it('a custom resource that cannot be read at all stops no other', async () => {
  const { declarations, told } = await declare([
    put(objectOf('broken', 4)),
    put(objectOf('a', 5)),
    { kind: 'synced' },
  ]);
  expect([versionOf(declarations), told]).toEqual(['5', ['error', `${id} 5`]]);
});
