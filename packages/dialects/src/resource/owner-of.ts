// Says which custom resource an object is: its reference, uid, generation, and the id of what it declares.
// It never looks at a spec, and survives an object whose metadata is nonsense.

import { type Delivery, type DeliveryId, groupOf, type KubeObject, type Owner, versionOf } from '@weir/core';
import { numberAt, textAt } from './read-field.ts';

export function ownerOf(object: KubeObject): Owner {
  const apiVersion = textAt(object, 'apiVersion') ?? '';
  return {
    group: groupOf(apiVersion),
    version: versionOf(apiVersion),
    kind: textAt(object, 'kind') ?? '',
    namespace: textAt(object, 'metadata', 'namespace') ?? '',
    name: textAt(object, 'metadata', 'name') ?? '',
    uid: textAt(object, 'metadata', 'uid') ?? '',
    generation: numberAt(object, 'metadata', 'generation') ?? 0,
  };
}

/** `dialect:Kind:namespace/name` */
export function declaredId(dialect: string, owner: Pick<Owner, 'kind' | 'namespace' | 'name'>): DeliveryId {
  return `${dialect}:${owner.kind}:${owner.namespace}/${owner.name}`;
}

/** Approval of deletions beyond the budget: one annotation for every dialect. */
export function approvedDeletionsOf(object: KubeObject): string | undefined {
  return textAt(object, 'metadata', 'annotations', 'weir.dev/approve-deletions');
}

export function deletionOf(object: KubeObject): Pick<Delivery, 'deleting' | 'deletedAt'> {
  const deletedAt = textAt(object, 'metadata', 'deletionTimestamp');
  return deletedAt === undefined ? { deleting: false } : { deleting: true, deletedAt };
}
