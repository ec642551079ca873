// One watch that does not end: a list, then events, through expiry, silence, lost connections and servers that went back
// in time. It reports what the server said, and never judges it.

import { isRecord, type KubeObject, WeirError } from '@weir/core';
import { parseObject, selectors } from './answers.ts';
import { ApiError } from './api-error.ts';
import { pathOf, type ResourceRef } from './discovery.ts';
import { type ListOptions, listPages, metadataMediaTypes } from './list.ts';
import { pause, type Transport } from './transport.ts';

export interface WatchOptions extends ListOptions {
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
/** A missing right is granted by people: who was refused asks rarely. */
const maxForbiddenBackoffMs = 30_000;
/** A server that closes a watch within this time is asked again slower and slower. */
const shortMs = 1_000;
/** Refused attempts to go on from a version, before a new list is asked for. */
const resumesBeforeList = 5;
/** A streaming list that pauses for this long comes from a server that does not know streaming lists. */
const quietListMs = 15_000;
/** Requests to wait that are obeyed without a word; a server that goes on asking is in trouble. */
const quietRefusals = 5;
/** How often a kind that cannot be watched is listed. */
const pollMs = 60_000;

interface Cursor {
  /** '' before the first list. */
  version: string;
  failures: number;
  /** The server refuses streaming lists, or does not know them. */
  isPaged: boolean;
  /** The connection was lost: what answers next may be a server that was restored from a backup. */
  isDoubtful: boolean;
}

interface Watching {
  readonly transport: Transport;
  readonly resource: ResourceRef;
  readonly options: WatchOptions;
  readonly cursor: Cursor;
}

export async function* watchResource(
  transport: Transport,
  resource: ResourceRef,
  options: WatchOptions,
): AsyncGenerator<WatchEvent> {
  const cursor: Cursor = { version: '', failures: 0, isPaged: false, isDoubtful: false };
  const watching = { transport, resource, options, cursor };
  const isPolled = resource.verbs?.includes('watch') === false;
  while (!options.signal.aborted) {
    const isResumed = cursor.version !== '';
    const beganAt = performance.now();
    const error = yield* attempt(isPolled ? pollOnce(watching) : watchOnce(watching));
    if (options.signal.aborted) return;
    const isShort = performance.now() - beganAt < shortMs;
    const isEarly = cursor.version === '' || isShort;
    if (error === undefined && (!isEarly || isPolled)) {
      cursor.failures = 0;
      continue;
    }
    if (judgeEnd({ cursor, error, mayList: isResumed || !isShort }) === 'at once') continue;
    cursor.failures++;
    const waitMs = error instanceof ApiError && error.status === 429 ? error.retryAfterMs : undefined;
    if (waitMs === undefined || cursor.failures > quietRefusals)
      yield { kind: 'trouble', error: error ?? endedEarly(resource) };
    const isForbidden = error instanceof ApiError && error.status === 403;
    const most = isForbidden ? maxForbiddenBackoffMs : maxBackoffMs;
    const backoffMs = Math.min(200 * 2 ** cursor.failures, most) * (0.5 + Math.random());
    await pause(Math.max(backoffMs, waitMs ?? 0), options.signal);
  }
}

/** Whether the next attempt follows at once, and where it begins. `mayList`: a new list would not come in a tight row. */
function judgeEnd(of: { cursor: Cursor; error: unknown; mayList: boolean }): 'at once' | 'later' {
  const { cursor, error, mayList } = of;
  cursor.isDoubtful = true;
  if (error instanceof UnknownStream) return 'at once';
  if (!(error instanceof ApiError)) return 'later';
  const isAhead = error.causes.includes('ResourceVersionTooLarge');
  const isExpired = error.status === 410 || isAhead;
  const isList = cursor.version === '';
  if (isExpired || cursor.failures >= resumesBeforeList) cursor.version = '';
  if (isExpired && mayList && !isList) return 'at once';
  const isRefused = isList && !cursor.isPaged && (error.status === 400 || error.status === 422);
  if (isRefused) cursor.isPaged = true;
  return isRefused ? 'at once' : 'later';
}

/** Answers why the watch ended; undefined when the server closed it in order. */
async function* attempt(events: AsyncGenerator<WatchEvent>): AsyncGenerator<WatchEvent, unknown> {
  try {
    yield* events;
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

/** The server took the request for a streaming list as one for any watch, which never says that the list is complete. */
class UnknownStream extends Error {}

async function* watchOnce(watching: Watching): AsyncGenerator<WatchEvent> {
  const { cursor } = watching;
  if (cursor.version === '' && cursor.isPaged) yield* listOnce(watching);
  else if (cursor.version !== '' && cursor.isDoubtful) await assertReached(watching);
  cursor.isDoubtful = false;
  if (cursor.version === '') yield* streamList(watching);
  else yield* readEvents(watching, openWatch(watching, watching.options.signal));
}

/**
 * A server that is behind our version accepts a watch from it and then says nothing, not even bookmarks, until it gets
 * there; only a list is refused. Throws that refusal.
 */
async function assertReached({ transport, resource, options, cursor }: Watching): Promise<void> {
  await transport.send({
    method: 'GET',
    path: pathOf(resource, options.namespace === undefined ? {} : { namespace: options.namespace }),
    query: {
      limit: '1',
      resourceVersion: cursor.version,
      resourceVersionMatch: 'NotOlderThan',
      ...selectors(options),
    },
    accept: metadataMediaTypes.list,
    signal: options.signal,
  });
}

async function* listOnce({ transport, resource, options, cursor }: Watching): AsyncGenerator<WatchEvent> {
  yield { kind: 'restart' };
  let version = '';
  for await (const page of listPages(transport, resource, options)) {
    if (page.kind === 'restart') yield page;
    else {
      yield { kind: 'open' };
      for (const object of page.objects) yield { kind: 'put', object };
      version = page.version;
    }
  }
  cursor.version = version;
  cursor.failures = 0;
  yield { kind: 'synced' };
}

/** A kind that cannot be watched is listed again and again, each time by itself. */
async function* pollOnce(watching: Watching): AsyncGenerator<WatchEvent> {
  yield* listOnce(watching);
  await pause(pollMs * (0.9 + Math.random() * 0.2), watching.options.signal);
}

async function* streamList(watching: Watching): AsyncGenerator<WatchEvent> {
  const { cursor, options } = watching;
  const quiet = new AbortController();
  const timer = setTimeout(() => quiet.abort(new UnknownStream('no end of the list')), quietListMs);
  yield { kind: 'restart' };
  try {
    const lines = openWatch(watching, AbortSignal.any([options.signal, quiet.signal]));
    const listed = new Set<string>();
    for await (const event of readEvents(watching, lines)) {
      if (event.kind === 'synced') {
        clearTimeout(timer);
        listed.clear();
      } else if (cursor.version === '' && isListing(event, listed)) timer.refresh();
      yield event;
    }
  } catch (error) {
    if (!quiet.signal.aborted || options.signal.aborted) throw error;
    cursor.isPaged = true;
    throw quiet.signal.reason;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * A list names each object once. What comes a second time is news already, and does not say that the list goes on: Leases
 * are renewed so often that their list would never be found to have no end.
 */
function isListing(event: WatchEvent, listed: Set<string>): boolean {
  if (event.kind !== 'put') return event.kind === 'open';
  const { uid } = event.object.metadata;
  if (uid === undefined || listed.has(uid)) return false;
  listed.add(uid);
  return true;
}

function openWatch(
  { transport, resource, options, cursor }: Watching,
  signal: AbortSignal,
): AsyncGenerator<string> {
  return transport.lines({
    method: 'GET',
    path: pathOf(resource, options.namespace === undefined ? {} : { namespace: options.namespace }),
    query: {
      watch: 'true',
      allowWatchBookmarks: 'true',
      // Spread, so that thousands of watches do not end in the same second.
      timeoutSeconds: String(300 + Math.floor(Math.random() * 300)),
      ...selectors(options),
      ...(cursor.version === ''
        ? { sendInitialEvents: 'true', resourceVersionMatch: 'NotOlderThan' }
        : { resourceVersion: cursor.version }),
    },
    ...(options.metadataOnly === true ? { accept: metadataMediaTypes.one } : {}),
    signal,
    silenceMs: options.silenceMs ?? defaultSilenceMs,
  });
}

async function* readEvents(
  { resource, cursor }: Watching,
  lines: AsyncGenerator<string>,
): AsyncGenerator<WatchEvent> {
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
      const isEnd = object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true';
      // Told once a list: whoever hears it drops all that the list did not name, so a repeated one would drop what came since.
      const completes = isEnd && cursor.version === '';
      if (isEnd || cursor.version !== '') cursor.version = object.metadata.resourceVersion ?? '';
      cursor.failures = 0;
      if (completes) yield { kind: 'synced' };
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
