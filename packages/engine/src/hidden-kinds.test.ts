import type { ObjectRef } from '@weir/core';
import { expect, it } from 'vitest';
import type { Session } from './fleet.ts';
import { isHiddenYet, isServedNow } from './hidden-kinds.ts';

const ref: ObjectRef = { group: 'x.org', version: 'v1', kind: 'Widget', namespace: 'web', name: 'a' };
const served = { find: () => ({}) as never };
const unserved = { find: () => undefined };
const newCache = (): Session['cache'] => ({}) as Session['cache'];

it('a kind that was never seen may be hidden for a minute', () => {
  const cache = newCache();
  const at = (ms: number): boolean => isHiddenYet(ref, { cache, discovery: unserved, now: new Date(ms) });
  expect([at(0), at(59_999), at(60_000)]).toEqual([true, true, false]);
});

it('a kind that was served is gone when it is not', () => {
  const cache = newCache();
  expect(isServedNow(ref, { cache, discovery: served })).toBe(true);
  expect(isHiddenYet(ref, { cache, discovery: unserved, now: new Date(0) })).toBe(false);
});

it('what one cluster served says nothing of another', () => {
  isServedNow(ref, { cache: newCache(), discovery: served });
  expect(isHiddenYet(ref, { cache: newCache(), discovery: unserved, now: new Date(0) })).toBe(true);
});
