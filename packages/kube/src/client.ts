// Reading from one cluster: objects, lists, watches, discovery. It holds no write.

import { isRecord, type KubeObject, type ObjectRef, showRef, WeirError } from '@weir/core';
import type { ClusterAccess } from './access.ts';
import { malformed, parseObject, selectors } from './answers.ts';
import { isNotFound } from './api-error.ts';
import { type Discovery, discover, pathOf, type Resource, type ResourceRef } from './discovery.ts';
import { createTransport, type Transport } from './transport.ts';
import { type WatchEvent, type WatchOptions, watchResource } from './watch.ts';

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  readonly signal?: AbortSignal;
}

export interface KubeClient {
  readonly name: string;
  readonly server: string;
  readonly transport: Transport;
  /** Cached; `fresh` asks the server again. */
  resources(options?: { fresh?: boolean; signal?: AbortSignal }): Promise<Discovery>;
  /** The resource of a kind; asks the server again (at most every 2 s) when it is not known. Throws KIND_UNKNOWN. */
  resourceOf(ref: Pick<ObjectRef, 'group' | 'version' | 'kind'>, signal?: AbortSignal): Promise<Resource>;
  get(ref: ObjectRef, signal?: AbortSignal): Promise<KubeObject | undefined>;
  list(resource: ResourceRef, options?: ListOptions): Promise<KubeObject[]>;
  /** Never ends by itself and never throws but on abort: lists first, then follows; see `WatchEvent`. */
  watch(resource: ResourceRef, options: WatchOptions): AsyncGenerator<WatchEvent>;
  version(signal?: AbortSignal): Promise<{ gitVersion: string }>;
  close(): Promise<void>;
}

const rediscoverAfterMs = 2_000;
const pageSize = '500';

export function connect(access: ClusterAccess, options: { name?: string } = {}): KubeClient {
  const transport = createTransport(access);
  const discovery = createDiscoveryCache(transport);
  const resourceOf = async (
    ref: Pick<ObjectRef, 'group' | 'version' | 'kind'>,
    signal?: AbortSignal,
  ): Promise<Resource> => {
    const found = (await discovery.current(signal)).find(ref) ?? (await discovery.renewed(signal)).find(ref);
    if (found !== undefined) return found;
    throw new WeirError({
      code: 'KIND_UNKNOWN',
      message: `cluster ${access.name} serves no ${ref.kind} in ${ref.group === '' ? ref.version : `${ref.group}/${ref.version}`}; expected its CustomResourceDefinition to be installed`,
    });
  };
  return {
    name: options.name ?? access.name,
    server: access.server,
    transport,
    resources: (wanted) =>
      wanted?.fresh === true ? discovery.renewed(wanted.signal) : discovery.current(wanted?.signal),
    resourceOf,
    get: async (ref, signal) =>
      getObject({ transport, resource: await resourceOf(ref, signal), ref, signal }),
    list: (resource, wanted) => listObjects(transport, resource, wanted),
    watch: (resource, wanted) => watchResource(transport, resource, wanted),
    version: async (signal) => {
      const answer = await transport.send({
        method: 'GET',
        path: '/version',
        ...(signal === undefined ? {} : { signal }),
      });
      return { gitVersion: isRecord(answer) ? String(answer.gitVersion ?? '') : '' };
    },
    close: () => transport.close(),
  };
}

function createDiscoveryCache(transport: Transport): {
  current(signal?: AbortSignal): Promise<Discovery>;
  renewed(signal?: AbortSignal): Promise<Discovery>;
} {
  let known: { at: number; discovery: Promise<Discovery> } | undefined;
  // Shared between callers, so one caller's abort must not end it; the transport's deadline bounds it.
  const ask = (): Promise<Discovery> => {
    const asked = { at: Date.now(), discovery: discover(transport) };
    asked.discovery.catch(() => {
      if (known === asked) known = undefined;
    });
    known = asked;
    return asked.discovery;
  };
  return {
    current: () => known?.discovery ?? ask(),
    renewed: () =>
      known !== undefined && Date.now() - known.at < rediscoverAfterMs ? known.discovery : ask(),
  };
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
  let token = '';
  do {
    const page = await transport.send({
      method: 'GET',
      path: pathOf(resource, options.namespace === undefined ? {} : { namespace: options.namespace }),
      query: { limit: pageSize, ...selectors(options), ...(token === '' ? {} : { continue: token }) },
      timeoutMs: 60_000,
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    if (!isRecord(page) || !Array.isArray(page.items)) throw malformed(`list of ${resource.plural}`);
    // Items of a list carry no apiVersion and kind of their own where the server is strict about it.
    const apiVersion = String(page.apiVersion ?? '');
    const kind = String(page.kind ?? '').replace(/List$/, '');
    for (const item of page.items)
      items.push(parseObject({ apiVersion, kind, ...(isRecord(item) ? item : {}) }, resource.plural));
    token = isRecord(page.metadata) ? String(page.metadata.continue ?? '') : '';
  } while (token !== '');
  return items;
}
