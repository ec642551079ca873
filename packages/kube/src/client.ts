// Reading from one cluster: objects, lists, watches, discovery. It holds no write.

import { isRecord, type KubeObject, type ObjectRef, showRef, WeirError } from '@weir/core';
import type { ClusterAccess } from './access.ts';
import { parseObject } from './answers.ts';
import { isNotFound } from './api-error.ts';
import { type Discovery, discover, pathOf, type Resource, type ResourceRef } from './discovery.ts';
import { type ListOptions, listPages } from './list.ts';
import { createTransport, type Transport } from './transport.ts';
import { type WatchEvent, type WatchOptions, watchResource } from './watch.ts';

export interface KubeClient {
  readonly name: string;
  readonly server: string;
  readonly transport: Transport;
  /** Cached; `fresh` asks the server again, unless that was done within 2 s; `now` in any case. */
  resources(options?: { fresh?: boolean | 'now' }): Promise<Discovery>;
  /** The resource of a kind; asks the server again (at most every 2 s) when it is not known. Throws KIND_UNKNOWN. */
  resourceOf(ref: Pick<ObjectRef, 'group' | 'version' | 'kind'>): Promise<Resource>;
  get(ref: ObjectRef, signal?: AbortSignal): Promise<KubeObject | undefined>;
  list(resource: ResourceRef, options?: ListOptions): Promise<KubeObject[]>;
  /** Never ends by itself and never throws but on abort: lists first, then follows; see `WatchEvent`. */
  watch(resource: ResourceRef, options: WatchOptions): AsyncGenerator<WatchEvent>;
  version(): Promise<{ gitVersion: string }>;
  close(): Promise<void>;
}

const rediscoverAfterMs = 2_000;
/** A control plane is upgraded now and then; charts may ask for its version at every render. */
const versionFreshMs = 300_000;

/** `name`: what messages call it; `userAgent`: who asks, in the server's audit log. */
export function connect(
  access: ClusterAccess,
  options: { name?: string; userAgent?: string } = {},
): KubeClient {
  const transport = createTransport(access, options);
  const discovery = createCached(() => discover(transport), {
    staleMs: undefined,
    restMs: rediscoverAfterMs,
  });
  const version = createCached(() => askVersion(transport), { staleMs: versionFreshMs, restMs: 0 });
  const resourceOf = async (ref: Pick<ObjectRef, 'group' | 'version' | 'kind'>): Promise<Resource> => {
    const found = (await discovery.current()).find(ref) ?? (await discovery.renewed()).find(ref);
    if (found !== undefined) return found;
    throw new WeirError({
      code: 'KIND_UNKNOWN',
      message: `cluster ${access.name} serves no ${ref.kind} in ${ref.group === '' ? ref.version : `${ref.group}/${ref.version}`}; expected its CustomResourceDefinition to be installed`,
    });
  };
  return {
    name: options.name ?? access.name,
    server: access.server,
    ...readsOver(transport, resourceOf),
    resources: ({ fresh = false } = {}) => {
      if (fresh === false) return discovery.current();
      return fresh === 'now' ? discovery.renewed(0) : discovery.renewed();
    },
    resourceOf,
    version: () => version.current(),
    close: () => transport.close(),
  };
}

/** The same cluster, known as it is; objects are asked for over another transport. */
export function withTransport(client: KubeClient, transport: Transport): KubeClient {
  return { ...client, ...readsOver(transport, client.resourceOf) };
}

function readsOver(
  transport: Transport,
  resourceOf: KubeClient['resourceOf'],
): Pick<KubeClient, 'transport' | 'get' | 'list' | 'watch'> {
  return {
    transport,
    get: async (ref, signal) => getObject({ transport, resource: await resourceOf(ref), ref, signal }),
    list: (resource, wanted) => listObjects(transport, resource, wanted),
    watch: (resource, wanted) => watchResource(transport, resource, wanted),
  };
}

interface Cached<T> {
  current(): Promise<T>;
  /** Asks anew, unless that was done a moment ago. */
  renewed(restMs?: number): Promise<T>;
}

/** One answer for all who ask. Shared, so one caller's abort must not end it; the transport's deadline bounds it. */
function createCached<T>(
  load: () => Promise<T>,
  ages: { staleMs: number | undefined; restMs: number },
): Cached<T> {
  let known: { readonly at: number; readonly answer: Promise<T> } | undefined;
  const ask = (): Promise<T> => {
    const asked = { at: Date.now(), answer: load() };
    asked.answer.catch(() => {
      if (known === asked) known = undefined;
    });
    known = asked;
    return asked.answer;
  };
  const isOlder = (ms: number): boolean => known === undefined || Date.now() - known.at >= ms;
  return {
    current: () =>
      known === undefined || isOlder(ages.staleMs ?? Number.POSITIVE_INFINITY) ? ask() : known.answer,
    renewed: (restMs = ages.restMs) => (known === undefined || isOlder(restMs) ? ask() : known.answer),
  };
}

async function askVersion(transport: Transport): Promise<{ gitVersion: string }> {
  const answer = await transport.send({ method: 'GET', path: '/version' });
  return { gitVersion: isRecord(answer) ? String(answer.gitVersion ?? '') : '' };
}

async function getObject(input: {
  transport: Transport;
  resource: Resource;
  ref: ObjectRef;
  signal: AbortSignal | undefined;
}): Promise<KubeObject | undefined> {
  const { transport, resource, ref, signal } = input;
  try {
    const address = { name: ref.name, ...(resource.namespaced ? { namespace: ref.namespace } : {}) };
    const answer = await transport.send({
      method: 'GET',
      path: pathOf(resource, address),
      object: ref,
      ...(signal === undefined ? {} : { signal }),
    });
    return parseObject(answer, showRef(ref));
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
}

async function listObjects(
  transport: Transport,
  resource: ResourceRef,
  options: ListOptions = {},
): Promise<KubeObject[]> {
  const items: KubeObject[] = [];
  for await (const page of listPages(transport, resource, options)) {
    if (page.kind === 'restart') items.length = 0;
    // Not spread: a list of many objects would overflow the stack.
    else for (const object of page.objects) items.push(object);
  }
  return items;
}
