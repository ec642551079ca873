// Following the hub's custom resources by watch, and waiting until they are as wanted. It never polls.

import type { KubeObject } from '@weir/core';
import { type Declared, declaredOf, keyOf, type Scope, type ServedKind, servedKinds } from './declared.ts';

export type Known = ReadonlyMap<string, Declared>;

export interface Change {
  readonly item: Declared;
  readonly gone: boolean;
}

export interface Listener {
  /** Once, when every list is complete. */
  readonly onSynced?: (known: Known) => void;
  /** From then on. */
  readonly onChange?: (change: Change, known: Known) => void;
  readonly onTrouble?: (error: unknown) => void;
}

/** Ends when the scope's signal is aborted. */
export async function followDeclared(scope: Scope, listener: Listener): Promise<void> {
  const kinds = await servedKinds(scope);
  const known = new Map<string, Declared>();
  let unsynced = kinds.length;
  const onKindSynced = (): void => {
    unsynced--;
    if (unsynced === 0) listener.onSynced?.(known);
  };
  await Promise.all(
    kinds.map((served) =>
      followKind({ scope, served, known, listener, onKindSynced, isLive: () => unsynced <= 0 }),
    ),
  );
}

async function followKind(input: {
  scope: Scope;
  served: ServedKind;
  known: Map<string, Declared>;
  listener: Listener;
  onKindSynced: () => void;
  isLive: () => boolean;
}): Promise<void> {
  const { scope, served, known, listener } = input;
  let listed: Set<string> | undefined;
  let synced = false;
  const drop = (key: string): void => {
    const item = known.get(key);
    if (item === undefined) return;
    known.delete(key);
    if (input.isLive()) listener.onChange?.({ item, gone: true }, known);
  };
  const put = (object: KubeObject): void => {
    const item = declaredOf(served, object);
    const key = keyOf(item);
    listed?.add(key);
    if (known.get(key)?.object.metadata.resourceVersion === object.metadata.resourceVersion) return;
    known.set(key, item);
    if (input.isLive()) listener.onChange?.({ item, gone: false }, known);
  };
  const events = scope.client.watch(served.kind, {
    signal: scope.signal,
    ...(scope.namespace === undefined ? {} : { namespace: scope.namespace }),
  });
  for await (const event of events) {
    if (event.kind === 'restart') listed = new Set();
    else if (event.kind === 'put') put(event.object);
    else if (event.kind === 'gone') drop(keyOf(declaredOf(served, event.object)));
    else if (event.kind === 'trouble') listener.onTrouble?.(event.error);
    else if (event.kind === 'synced') {
      const complete = listed ?? new Set();
      listed = undefined;
      for (const [key, item] of [...known]) if (item.kind === served.kind && !complete.has(key)) drop(key);
      if (!synced) input.onKindSynced();
      synced = true;
    }
  }
}

export type WaitEnd = 'done' | 'timeout';

/** Resolves as soon as `isDone` holds, or the time is over; the user's interrupt rejects. */
export async function waitUntil(
  scope: Scope,
  options: {
    readonly timeoutMs: number;
    readonly isDone: (known: Known) => boolean;
    readonly onChange?: (change: Change, known: Known) => void;
    readonly onTrouble?: (error: unknown) => void;
  },
): Promise<WaitEnd> {
  scope.signal.throwIfAborted();
  const over = new AbortController();
  const signal = AbortSignal.any([scope.signal, over.signal]);
  let end: WaitEnd = 'timeout';
  let failure: unknown;
  const check = (known: Known): void => {
    try {
      if (!options.isDone(known)) return;
      end = 'done';
    } catch (error) {
      failure = error;
    }
    over.abort();
  };
  const timer = setTimeout(() => over.abort(), options.timeoutMs);
  try {
    await followDeclared(
      { ...scope, signal },
      {
        onSynced: check,
        onChange: (change, known) => {
          options.onChange?.(change, known);
          check(known);
        },
        ...(options.onTrouble === undefined ? {} : { onTrouble: options.onTrouble }),
      },
    );
  } finally {
    clearTimeout(timer);
  }
  scope.signal.throwIfAborted();
  if (failure !== undefined) throw failure;
  return end;
}
