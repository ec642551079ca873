// Projects the objects of a delivery on `status.inventory`, in the order in which they are applied.
// It never lists an object that is no longer in the source.

import type { ResourceVerdict } from '@weir/core';
import { byApplyOrder } from './apply-order.ts';
import type { InventoryEntry } from './kustomization-schema.ts';

/** `<namespace>_<name>_<group>_<kind>`; colons of RBAC names are written as two underscores. */
export function projectInventory(resources: readonly ResourceVerdict[]): readonly InventoryEntry[] {
  return resources
    .filter(({ requiresPruning }) => !requiresPruning)
    .sort((left, right) => byApplyOrder(left.ref, right.ref))
    .map(({ ref }) => ({
      id: [ref.namespace, ref.name.replaceAll(':', '__'), ref.group, ref.kind].join('_'),
      v: ref.version,
    }));
}
