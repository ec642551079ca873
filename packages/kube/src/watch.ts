// One watch that does not end: a streaming list, then events, through expiry, silence and lost connections.
// It reports what the server said, and never judges it.

import { isRecord, type KubeObject, WeirError } from '@weir/core';
import { parseObject, selectors } from './answers.ts';
import { ApiError } from './api-error.ts';
import { pathOf, type ResourceRef } from './discovery.ts';
import { pause, type Transport } from './transport.ts';

export interface WatchOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal: AbortSignal;
  /** A watch without a word for this long is begun anew; by default two bookmarks of the server. */
  readonly silenceMs?: number;
}

/**
 * `restart`: everything known is void, a list follows as `put`s; `synced`: the list is complete, so what it did not
 * name is gone; `put` / `gone`: one object changed; `open`: the server accepted the watch; `trouble`: the connection
 * failed and is tried again.
 */
export type WatchEvent =
  | { readonly kind: 'open' }
  | { readonly kind: 'restart' }
  | { readonly kind: 'put'; readonly object: KubeObject }
  | { readonly kind: 'gone'; readonly object: KubeObject }
  | { readonly kind: 'synced' }
  | { readonly kind: 'trouble'; readonly error: unknown };

/** The server sends a bookmark about every minute; two missed ones mean a dead connection. */
const defaultSilenceMs = 130_000;
const maxBackoffMs = 10_000;
/** A server that closes a watch within this time is asked again slower and slower. */
const shortMs = 1_000;
/** Refused attempts to go on from a version, before a new list is asked for. */
const resumesBeforeList = 5;

interface Cursor {
  /** '' before the first list. */
  version: string;
  failures: number;
}

export async function* watchResource(
  transport: Transport,
  resource: ResourceRef,
  options: WatchOptions,
): AsyncGenerator<WatchEvent> {
  const cursor: Cursor = { version: '', failures: 0 };
  while (!options.signal.aborted) {
    const isResumed = cursor.version !== '';
    const beganAt = performance.now();
    const error = yield* attempt({ transport, resource, options, cursor });
    if (options.signal.aborted) return;
    const isEarly = cursor.version === '' || performance.now() - beganAt < shortMs;
    if (error === undefined && !isEarly) {
      cursor.failures = 0;
      continue;
    }
    const isExpired = error instanceof ApiError && error.status === 410;
    // A version that the server does not reach (a restored etcd) fails for ever; a list does not.
    if (isExpired || (error instanceof ApiError && cursor.failures >= resumesBeforeList)) cursor.version = '';
    if (isExpired && isResumed) continue;
    cursor.failures++;
    yield { kind: 'trouble', error: error ?? endedEarly(resource) };
    await pause(Math.min(200 * 2 ** cursor.failures, maxBackoffMs) * (0.5 + Math.random()), options.signal);
  }
}

/** Answers why the watch ended; undefined when the server closed it in order. */
async function* attempt(input: Parameters<typeof watchOnce>[0]): AsyncGenerator<WatchEvent, unknown> {
  try {
    yield* watchOnce(input);
    return undefined;
  } catch (error) {
    return error ?? new Error('unknown');
  }
}

function endedEarly(resource: ResourceRef): WeirError {
  return new WeirError({
    code: 'CLUSTER_UNREACHABLE',
    message: `watch of ${resource.plural}: was closed at once; expected it to stay open`,
  });
}

async function* watchOnce(input: {
  transport: Transport;
  resource: ResourceRef;
  options: WatchOptions;
  cursor: Cursor;
}): AsyncGenerator<WatchEvent> {
  const { transport, resource, options, cursor } = input;
  const listing = cursor.version === '';
  const lines = transport.lines({
    method: 'GET',
    path: pathOf(resource, options.namespace === undefined ? {} : { namespace: options.namespace }),
    query: {
      watch: 'true',
      allowWatchBookmarks: 'true',
      // Spread, so that thousands of watches do not end in the same second.
      timeoutSeconds: String(300 + Math.floor(Math.random() * 300)),
      ...selectors(options),
      ...(listing
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: cursor.version }),
    },
    signal: options.signal,
    silenceMs: options.silenceMs ?? defaultSilenceMs,
  });
  if (listing) yield { kind: 'restart' };
  for await (const line of lines) {
    if (line === '') {
      yield { kind: 'open' };
      continue;
    }
    const event = parseEvent(line);
    if (event.type === 'ERROR') throw errorOf(event.object);
    const object = parseObject(event.object, resource.plural);
    // Only with the list complete may a reconnect start from this version.
    if (event.type === 'BOOKMARK') {
      const complete = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
      if (complete || cursor.version !== '') cursor.version = object.metadata.resourceVersion ?? '';
      cursor.failures = 0;
      if (complete) yield { kind: 'synced' };
      continue;
    }
    // A list that fails again and again halfway is no success.
    if (cursor.version !== '') {
      cursor.version = object.metadata.resourceVersion ?? cursor.version;
      cursor.failures = 0;
    }
    yield { kind: event.type === 'DELETED' ? 'gone' : 'put', object };
  }
}

function parseEvent(line: string): { type: string; object: unknown } {
  const event: unknown = JSON.parse(line);
  if (!isRecord(event) || typeof event.type !== 'string')
    throw new WeirError({
      code: 'APPLY_FAILED',
      message: 'a watch event is malformed; expected type and object',
    });
  return { type: event.type, object: event.object };
}

/** An expired version arrives as an ERROR event inside a 200 answer. */
function errorOf(status: unknown): ApiError {
  const fields = isRecord(status) ? status : {};
  return new ApiError({
    status: typeof fields.code === 'number' ? fields.code : 500,
    reason: String(fields.reason ?? ''),
    code: 'CLUSTER_UNREACHABLE',
    message: `watch ended: ${String(fields.message ?? 'no reason given')}`,
  });
}
