// Whether a kind that a cluster does not serve may only be hidden: a server that has just started does not name all its
// kinds yet, and whoever has just started has not seen what it served before. It decides nothing about an object.

import type { ObjectRef } from '@weir/core';
import type { Discovery } from '@weir/kube';
import type { Session } from './fleet.ts';

/** A kind that is not served for this long is gone, and its objects with it. */
export const hiddenMs = 60_000;

/** By cluster and kind: it was served, or since when it is missed. */
const known = new WeakMap<Session['cache'], Map<string, 'served' | number>>();

export function isServedNow(
  ref: ObjectRef,
  { cache, discovery }: { readonly cache: Session['cache']; readonly discovery: Pick<Discovery, 'find'> },
): boolean {
  const isServed = discovery.find(ref) !== undefined;
  if (isServed) kindsOf(cache).set(keyOf(ref), 'served');
  return isServed;
}

export function isHiddenYet(
  ref: ObjectRef,
  of: { readonly cache: Session['cache']; readonly discovery: Pick<Discovery, 'find'>; readonly now: Date },
): boolean {
  if (isServedNow(ref, of)) return false;
  const kinds = kindsOf(of.cache);
  const since = kinds.get(keyOf(ref)) ?? of.now.getTime();
  if (since === 'served') return false;
  kinds.set(keyOf(ref), since);
  return of.now.getTime() - since < hiddenMs;
}

function kindsOf(cache: Session['cache']): Map<string, 'served' | number> {
  const kinds = known.get(cache) ?? new Map();
  known.set(cache, kinds);
  return kinds;
}

const keyOf = ({ group, kind }: ObjectRef): string => `${group}/${kind}`;
