// A whole list of one kind, page by page, at one version of the cluster; begun anew where the server lets go of that
// version. It keeps nothing.

import { isRecord, type KubeObject } from '@weir/core';
import { malformed, parseObject, selectors } from './answers.ts';
import { ApiError } from './api-error.ts';
import { pathOf, type ResourceRef } from './discovery.ts';
import type { Transport } from './transport.ts';

export interface ListOptions {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
  /** Only what `metadata` holds: the objects come as `PartialObjectMetadata`. */
  readonly metadataOnly?: boolean;
  readonly signal?: AbortSignal;
}

/** `restart`: what came so far is void, since the server could not go on with it. */
export type Page =
  | { readonly kind: 'restart' }
  | { readonly kind: 'page'; readonly objects: readonly KubeObject[]; readonly version: string };

const pageSize = '500';
/** Servers keep a version for about five minutes; who is slower than that again and again gets one large page. */
const maxExpiries = 3;

export const metadataMediaTypes = {
  one: 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
  list: 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1',
} as const;

export async function* listPages(
  transport: Transport,
  resource: ResourceRef,
  options: ListOptions = {},
): AsyncGenerator<Page> {
  let token = '';
  for (let expiries = 0; ; ) {
    const limit: Record<string, string> = expiries < maxExpiries ? { limit: pageSize } : {};
    const query = { ...limit, ...(token === '' ? {} : { continue: token }) };
    try {
      const { objects, version, next } = await askPage({ transport, resource, options, query });
      yield { kind: 'page', objects, version };
      if (next === '') return;
      token = next;
    } catch (error) {
      if (token === '' || !(error instanceof ApiError) || error.status !== 410) throw error;
      token = '';
      expiries++;
      yield { kind: 'restart' };
    }
  }
}

async function askPage(of: {
  transport: Transport;
  resource: ResourceRef;
  options: ListOptions;
  query: Record<string, string>;
}): Promise<{ objects: KubeObject[]; version: string; next: string }> {
  const { transport, resource, options, query } = of;
  const page = await transport.send({
    method: 'GET',
    path: pathOf(resource, options.namespace === undefined ? {} : { namespace: options.namespace }),
    query: { ...query, ...selectors(options) },
    timeoutMs: 60_000,
    ...(options.metadataOnly === true ? { accept: metadataMediaTypes.list } : {}),
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  if (!isRecord(page) || !Array.isArray(page.items)) throw malformed(`list of ${resource.plural}`);
  // Items of a list carry no apiVersion and kind of their own where the server is strict about it.
  const apiVersion = String(page.apiVersion ?? '');
  const kind = String(page.kind ?? '').replace(/List$/, '');
  const metadata = isRecord(page.metadata) ? page.metadata : {};
  return {
    objects: page.items.map((item) =>
      parseObject({ apiVersion, kind, ...(isRecord(item) ? item : {}) }, resource.plural),
    ),
    version: String(metadata.resourceVersion ?? ''),
    next: String(metadata.continue ?? ''),
  };
}
