// Tells the hub what was concluded: one status write for a verdict that changed something, and its events.
// The words are the dialect's; this never chooses one.

import {
  canonicalJson,
  type DeliveryVerdict,
  type EventDraft,
  isRecord,
  type KubeObject,
  type ObjectRef,
  type Projection,
  refOf,
  type SourceVerdict,
  shadowAnnotation,
} from '@weir/core';
import { isNotFound, type Writer } from '@weir/kube';
import type { Declarations, Declared } from './declarations.ts';
import { createEventPosts } from './event-posts.ts';
import { type Log, messageOf } from './log.ts';

export interface Reporter {
  delivery(id: string, verdict: DeliveryVerdict, signal: AbortSignal): Promise<void>;
  source(id: string, verdict: SourceVerdict, signal: AbortSignal): Promise<void>;
}

export function createReporter(options: {
  declarations: Declarations;
  /** Writes what is told of that custom resource, as long as it is for this replica to tell. */
  writerFor: (id: string) => Writer;
  now: () => Date;
  log: Log;
}): Reporter {
  const posts = createEventPosts();
  const report = async (
    id: string,
    project: (declared: Declared, now: string) => Projection,
    signal: AbortSignal,
  ): Promise<void> => {
    const declared = options.declarations.declared(id);
    if (declared === undefined || isShadow(declared)) return;
    const now = options
      .now()
      .toISOString()
      .replace(/\.\d+Z$/, 'Z');
    const projection = project(declared, now);
    const to = { ...options, writer: options.writerFor(id) };
    await write({ declared, projection, options: to, signal });
    for (const event of projection.events)
      await posts.add(id, () => post({ declared, event, now, options: to, signal }));
  };
  return {
    delivery: (id, verdict, signal) =>
      report(id, ({ dialect, object }, now) => dialect.projectDelivery({ object, verdict, now }), signal),
    source: (id, verdict, signal) =>
      report(id, ({ dialect, object }, now) => dialect.projectSource({ object, verdict, now }), signal),
  };
}

/** Whoever only looks leaves no trace, in no status and as no event. */
function isShadow({ reading, object }: Declared): boolean {
  if (reading.kind === 'delivery') return reading.delivery.policy.shadow === true;
  return reading.kind === 'invalid' && object.metadata.annotations?.[shadowAnnotation] === 'true';
}

interface Options {
  readonly declarations: Declarations;
  readonly writer: Writer;
  readonly log: Log;
}

async function write(of: {
  declared: Declared;
  projection: Projection;
  options: Options;
  signal: AbortSignal;
}): Promise<void> {
  const { declared, projection, options, signal } = of;
  const { object, kind } = declared;
  const live = (object.status ?? {}) as Readonly<Record<string, unknown>>;
  const isSame = canonicalJson(live) === canonicalJson(projection.status);
  if (isSame && projection.patch === undefined) return;
  // A merge patch keeps what it does not name, so what went must be named as null.
  const status = mergePatchOf(live, projection.status);
  try {
    if (kind.statusSubresource) {
      if (!isSame)
        options.declarations.note(
          declared.id,
          await options.writer.mergePatch(
            refOf(object),
            { status },
            { subresource: 'status', priority: 'low', signal },
          ),
        );
      if (projection.patch !== undefined)
        options.declarations.note(
          declared.id,
          await options.writer.mergePatch(
            refOf(object),
            withVersion(projection.patch, options.declarations.declared(declared.id)?.object ?? object) ?? {},
            { signal },
          ),
        );
      return;
    }
    const patch = { ...withVersion(projection.patch, object), ...(isSame ? {} : { status }) };
    options.declarations.note(
      declared.id,
      await options.writer.mergePatch(refOf(object), patch, { priority: 'low', signal }),
    );
  } catch (error) {
    if (isNotFound(error)) return;
    throw error;
  }
}

/** What takes an order off must meet the very object that the order was read from: a newer one is not to be lost. */
function withVersion(patch: Projection['patch'], object: KubeObject): Projection['patch'] {
  if (patch === undefined) return undefined;
  const { resourceVersion } = object.metadata;
  const metadata = isRecord(patch.metadata) ? patch.metadata : {};
  return { ...patch, metadata: { ...metadata, resourceVersion } };
}

/** The JSON merge patch (RFC 7386) that turns `from` into `to`. */
export function mergePatchOf(
  from: Readonly<Record<string, unknown>>,
  to: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const patch: Record<string, unknown> = {};
  for (const key of Object.keys(from)) if (to[key] === undefined) patch[key] = null;
  for (const [key, value] of Object.entries(to)) {
    const before = from[key];
    if (value === undefined || canonicalJson(before) === canonicalJson(value)) continue;
    patch[key] = isRecord(before) && isRecord(value) ? mergePatchOf(before, value) : value;
  }
  return patch;
}

/** An event that cannot be posted is no reason to stop: it is in the log. */
async function post(of: {
  declared: Declared;
  event: EventDraft;
  now: string;
  options: Options;
  signal: AbortSignal;
}): Promise<void> {
  const { declared, event, now, options, signal } = of;
  const about: ObjectRef & { uid?: string } = {
    ...refOf(declared.object),
    ...(declared.object.metadata.uid === undefined ? {} : { uid: declared.object.metadata.uid }),
  };
  try {
    await options.writer.postEvent(
      { ...event, about, source: declared.dialect.eventSource(declared.object.kind), at: now },
      signal,
    );
  } catch (error) {
    if (signal.aborted) return;
    options.log({
      level: 'warn',
      message: `event ${event.reason} of ${declared.id} was not posted: ${messageOf(error)}`,
    });
  }
}
