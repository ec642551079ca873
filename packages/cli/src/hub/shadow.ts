// What deliveries in shadow mode would do, from the journals on the hub: their own statuses tell nothing of weir.

import { isRecord, type KubeObject, readShadow, shadowAnnotation, showShadow } from '@weir/core';
import type { KubeClient } from '@weir/kube';
import type { Declared } from './declared.ts';

const inventories = { group: 'weir.dev', version: 'v1alpha1', plural: 'inventories' };

export function isShadow({ object }: Declared): boolean {
  return object.metadata.annotations?.[shadowAnnotation] === 'true';
}

/** The items, with what would be done as the message of those that only look. */
export async function withShadows(
  items: readonly Declared[],
  { client, signal }: { readonly client: KubeClient; readonly signal: AbortSignal },
): Promise<Declared[]> {
  if (!items.some(isShadow)) return [...items];
  const messages = messagesOf(await client.list(inventories, { signal }));
  return items.map((item) => {
    if (!isShadow(item)) return item;
    const id = `${item.dialect.name}:${item.kind.kind}:${item.namespace}/${item.name}`;
    const message = messages.get(id) ?? 'shadow: not planned yet';
    return { ...item, summary: { ...item.summary, message } };
  });
}

function messagesOf(journals: readonly KubeObject[]): ReadonlyMap<string, string> {
  const found = journals.flatMap(({ spec }): [string, string][] => {
    const shadow = isRecord(spec) ? readShadow(spec.shadow) : undefined;
    if (!isRecord(spec) || typeof spec.delivery !== 'string' || shadow === undefined) return [];
    return [[spec.delivery, showShadow(shadow)]];
  });
  return new Map(found);
}
