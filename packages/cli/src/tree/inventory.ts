// What a delivery owns, as weir's journal on the hub says it. Reads only.

import { isRecord, type ObjectRef, readEntry } from '@weir/core';
import type { Declared } from '../hub/declared.ts';
import type { Hub } from '../hub/open.ts';

const inventories = { group: 'weir.dev', version: 'v1alpha1', plural: 'inventories' };

/** In no particular order. */
export async function inventoryOf(hub: Hub, delivery: Declared, signal: AbortSignal): Promise<ObjectRef[]> {
  const reading = delivery.dialect.read(delivery.object);
  const id = reading.kind === 'delivery' ? reading.delivery.id : reading.kind === 'invalid' ? reading.id : '';
  const shards = await hub.client.list(inventories, { namespace: delivery.namespace, signal });
  return shards.flatMap(({ spec }) => {
    if (!isRecord(spec) || spec.delivery !== id || !Array.isArray(spec.entries)) return [];
    return spec.entries.flatMap((stored: unknown) => {
      const read = isRecord(stored) ? readEntry(stored) : undefined;
      return read === undefined ? [] : [read.entry.ref];
    });
  });
}
