// The only file that writes to a cluster: server-side apply, merge patch, deletion, events.
// It decides nothing: what to write was a line in a plan before.

import {
  isRecord,
  type KubeObject,
  type ManagedFieldsEntry,
  type ObjectRef,
  type Problem,
  refOf,
  showRef,
  WeirError,
} from '@weir/core';
import { parseObject } from '../answers.ts';
import { ApiError, isNotFound } from '../api-error.ts';
import type { KubeClient } from '../client.ts';
import { pathOf } from '../discovery.ts';
import { applyDropping } from './drop-unknown.ts';
import { explained } from './explain-namespace.ts';

export interface ApplyOptions {
  readonly fieldManager: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly subresource?: 'status';
  /** Leave out fields that the cluster's schema does not have, and tell each of them here; without it they are refused. */
  readonly onDropped?: (problem: Problem) => void;
  readonly signal?: AbortSignal;
}

export interface EventInput {
  readonly about: ObjectRef & { readonly uid?: string };
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly source: string;
  readonly annotations?: Readonly<Record<string, string>>;
  /** ISO 8601. */
  readonly at: string;
}

export interface MergeOptions {
  readonly subresource?: 'status';
  readonly fieldManager?: string;
  /** Give way to other writes for a moment. */
  readonly priority?: 'low';
  readonly signal?: AbortSignal;
}

export type Propagation = 'Foreground' | 'Background' | 'Orphan';

export interface RemoveOptions {
  readonly uid?: string;
  /** Only this very version: refused as a conflict where somebody has written it since. */
  readonly resourceVersion?: string;
  readonly propagation: Propagation;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface ReplaceOptions {
  readonly fieldManager: string;
  readonly uid: string;
  readonly dryRun?: boolean;
  readonly signal?: AbortSignal;
}

export interface MigrateOptions {
  readonly fieldManager: string;
  readonly managedFields: readonly ManagedFieldsEntry[];
  /** Of the version that the entries were read from; a newer one is a conflict. */
  readonly resourceVersion: string;
  readonly signal?: AbortSignal;
}

export interface Writer {
  /** Server-side apply; returns the object as the server stored it. */
  apply(object: KubeObject, options: ApplyOptions): Promise<KubeObject>;
  /** Undefined where an object of that name is there already. */
  create(
    object: KubeObject,
    options: { fieldManager: string; signal?: AbortSignal },
  ): Promise<KubeObject | undefined>;
  /** Puts the object in the place of the one with that uid, whole; what a server sets by itself is kept by it. */
  replace(object: KubeObject, options: ReplaceOptions): Promise<KubeObject>;
  mergePatch(
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options?: MergeOptions,
  ): Promise<KubeObject>;
  /** Says anew who owns which field of that very version of the object; no value changes. */
  migrateManagers(ref: ObjectRef, options: MigrateOptions): Promise<KubeObject>;
  /** `gone`: nothing with that uid is there any more; otherwise the object, which waits for its finalizers. */
  remove(ref: ObjectRef, options: RemoveOptions): Promise<KubeObject | 'gone'>;
  postEvent(event: EventInput, signal?: AbortSignal): Promise<void>;
}

/** Says whether a cluster may be written to now, and for how long. */
export interface WriteGuard {
  /** Milliseconds in which every write must have ended. Throws CLAIM_LOST where nothing may be written. */
  leftMs(): number;
}

/** With a guard every write is refused, or given up, as soon as the guard says so. */
export function createWriter(unguarded: KubeClient, guard?: WriteGuard): Writer {
  const client = guard === undefined ? unguarded : guardedBy(guard, unguarded);
  const send = client.transport.send;
  const explain = async (error: unknown): Promise<never> => {
    throw await explained(error, (namespace) => client.get(namespace));
  };
  return {
    apply: (object, options) => {
      const { onDropped } = options;
      const apply = (each: KubeObject): Promise<KubeObject> =>
        applyObject(client, each, options).catch(explain);
      return onDropped === undefined ? apply(object) : applyDropping(object, { apply, onDropped });
    },
    create: (object, options) => createObject(client, object, options),
    replace: (object, options) => replaceObject(client, object, options),
    mergePatch: async (ref, patch, options = {}) => {
      const answer = await send({
        method: 'PATCH',
        path: await objectPath(client, ref, options.subresource),
        query: { fieldManager: options.fieldManager ?? 'weir' },
        contentType: 'application/merge-patch+json',
        body: JSON.stringify(patch),
        object: ref,
        ...(options.priority === undefined ? {} : { priority: options.priority }),
        ...(options.signal === undefined ? {} : { signal: options.signal }),
      });
      return parseObject(answer, ref.kind);
    },
    migrateManagers: (ref, options) => migrateManagers(client, ref, options),
    remove: (ref, options) => removeObject(client, ref, options),
    postEvent: async (event, signal) => {
      await send({
        method: 'POST',
        path: `/api/v1/namespaces/${encodeURIComponent(event.about.namespace)}/events`,
        query: { fieldManager: 'weir' },
        contentType: 'application/json',
        body: JSON.stringify(eventObject(event)),
        priority: 'lowest',
        ...(signal === undefined ? {} : { signal }),
      });
    },
  };
}

function guardedBy(guard: WriteGuard, client: KubeClient): KubeClient {
  const { transport } = client;
  const leftMs = (): number => guard.leftMs();
  return {
    ...client,
    transport: { ...transport, send: (request) => transport.send({ ...request, leftMs }) },
  };
}

async function applyObject(
  client: KubeClient,
  object: KubeObject,
  options: ApplyOptions,
): Promise<KubeObject> {
  const ref = refOf(object);
  const answer = await client.transport.send({
    method: 'PATCH',
    path: await objectPath(client, ref, options.subresource),
    query: {
      fieldManager: options.fieldManager,
      force: String(options.force ?? true),
      ...(options.dryRun === true ? { dryRun: 'All' } : {}),
    },
    // JSON is YAML; the media type is the only one that servers before 1.35 accept for an apply.
    contentType: 'application/apply-patch+yaml',
    body: JSON.stringify(object),
    object: ref,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  return parseObject(answer, ref.kind);
}

/** Without a name the path would be that of all objects of the kind, and a deletion one of them all. */
function assertNamed(ref: ObjectRef): void {
  if (['', '.', '..'].includes(ref.name) || ['.', '..'].includes(ref.namespace))
    throw new WeirError({
      code: 'OBJECT_INVALID',
      message: `${showRef(ref)}: has no name that an API server takes; expected metadata.name`,
      object: ref,
    });
}

async function objectPath(client: KubeClient, ref: ObjectRef, subresource?: string): Promise<string> {
  assertNamed(ref);
  const resource = await client.resourceOf(ref);
  return pathOf(resource, {
    name: ref.name,
    ...(resource.namespaced ? { namespace: ref.namespace } : {}),
    ...(subresource === undefined ? {} : { subresource }),
  });
}

async function createObject(
  client: KubeClient,
  object: KubeObject,
  options: { fieldManager: string; signal?: AbortSignal },
): Promise<KubeObject | undefined> {
  const ref = refOf(object);
  const resource = await client.resourceOf(ref);
  try {
    const answer = await client.transport.send({
      method: 'POST',
      path: pathOf(resource, resource.namespaced ? { namespace: ref.namespace } : {}),
      query: { fieldManager: options.fieldManager },
      contentType: 'application/json',
      body: JSON.stringify(object),
      object: ref,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    return parseObject(answer, ref.kind);
  } catch (error) {
    if (error instanceof ApiError && error.reason === 'AlreadyExists') return undefined;
    throw error;
  }
}

/** Most kinds want the version that is replaced; between the look and the write somebody else may win: a conflict. */
async function replaceObject(
  client: KubeClient,
  object: KubeObject,
  { fieldManager, uid, dryRun, signal }: ReplaceOptions,
): Promise<KubeObject> {
  const ref = refOf(object);
  const live = await client.get(ref, signal);
  const resourceVersion = live?.metadata.uid === uid ? live.metadata.resourceVersion : undefined;
  const metadata = {
    ...object.metadata,
    uid,
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  const answer = await client.transport.send({
    method: 'PUT',
    path: await objectPath(client, ref),
    query: { fieldManager, ...(dryRun === true ? { dryRun: 'All' } : {}) },
    contentType: 'application/json',
    body: JSON.stringify({ ...object, metadata }),
    object: ref,
    ...(signal === undefined ? {} : { signal }),
  });
  return parseObject(answer, ref.kind);
}

async function migrateManagers(
  client: KubeClient,
  ref: ObjectRef,
  { fieldManager, managedFields, resourceVersion, signal }: MigrateOptions,
): Promise<KubeObject> {
  const answer = await client.transport.send({
    method: 'PATCH',
    path: await objectPath(client, ref),
    query: { fieldManager },
    contentType: 'application/json-patch+json',
    body: JSON.stringify([
      // Not `test`, whose failure a server cannot tell from a wrong patch: a version that is over is a conflict.
      { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'replace', path: '/metadata/managedFields', value: managedFields },
    ]),
    object: ref,
    ...(signal === undefined ? {} : { signal }),
  });
  return parseObject(answer, ref.kind);
}

async function removeObject(
  client: KubeClient,
  ref: ObjectRef,
  options: RemoveOptions,
): Promise<KubeObject | 'gone'> {
  const { uid, resourceVersion } = options;
  const preconditions = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  try {
    const answer = await client.transport.send({
      method: 'DELETE',
      path: await objectPath(client, ref),
      contentType: 'application/json',
      body: JSON.stringify({
        kind: 'DeleteOptions',
        apiVersion: 'v1',
        propagationPolicy: options.propagation,
        ...(Object.keys(preconditions).length === 0 ? {} : { preconditions }),
        ...(options.dryRun === true ? { dryRun: ['All'] } : {}),
      }),
      object: ref,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    // A Status says that the object is gone; so does, for some kinds, the object as it was.
    if (!isRecord(answer) || !isRecord(answer.metadata) || answer.kind === 'Status') return 'gone';
    const object = parseObject(answer, ref.kind);
    return object.metadata.deletionTimestamp === undefined && options.dryRun !== true ? 'gone' : object;
  } catch (error) {
    if (isNotFound(error)) return 'gone';
    throw error;
  }
}

function eventObject(event: EventInput): Record<string, unknown> {
  const { about } = event;
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: {
      generateName: `${about.name.slice(0, 200)}.`,
      namespace: about.namespace,
      ...(event.annotations === undefined ? {} : { annotations: event.annotations }),
    },
    involvedObject: {
      apiVersion: about.group === '' ? about.version : `${about.group}/${about.version}`,
      kind: about.kind,
      namespace: about.namespace,
      name: about.name,
      ...(about.uid === undefined ? {} : { uid: about.uid }),
    },
    type: event.type,
    reason: event.reason,
    // The API server refuses messages above 1,024 bytes only in events.k8s.io; kept short for readers.
    message: event.message.slice(0, 4096),
    source: { component: event.source },
    reportingComponent: event.source,
    reportingInstance: 'weir',
    firstTimestamp: event.at,
    lastTimestamp: event.at,
    count: 1,
  };
}
