import { ok, type SourceDeclaration } from '@weir/core';
import type { Snapshot, SourceStore } from '@weir/source';
import { expect, it } from 'vitest';
import { createSources } from './sources.ts';

const declaration: SourceDeclaration = {
  id: 'flux:GitRepository:web/shop',
  url: 'https://git/shop',
  ref: { kind: 'head' },
  intervalMs: 60_000,
  timeoutMs: 1_000,
  suspended: false,
};
const { id } = declaration;
const { signal } = new AbortController();

it('a source that is deleted while it is fetched leaves no state and no snapshot behind', async () => {
  const told: string[] = [];
  let declared: SourceDeclaration | undefined = declaration;
  let commit = 'c1';
  let whileFetching = (): void => {};
  const store = {
    fetch: async () => {
      whileFetching();
      return ok({});
    },
    resolve: async () => ok({ commit }),
    snapshot: async (_url: string, of: string) =>
      ok({ id: of, release: () => told.push(`released ${of}`) } as unknown as Snapshot),
  };
  const sources = createSources({
    store: store as unknown as SourceStore,
    declaration: () => declared,
    secret: async () => undefined,
    repositoryCredentials: () => undefined,
    dialectOf: () => undefined,
    onChange: ({ after }) => told.push(`now ${after.resolved?.commit}`),
    onAttempt: async () => undefined,
    now: () => new Date(0),
  });
  await sources.run(id, signal);
  commit = 'c2';
  whileFetching = () => {
    declared = undefined;
    sources.forget(id);
  };
  expect(await sources.run(id, signal)).toBe(0);
  expect(await sources.run(id, signal)).toBeUndefined();
  expect(sources.state(id)).toBeUndefined();
  expect(told).toEqual(['now c1', 'released c1', 'released c2']);
});
