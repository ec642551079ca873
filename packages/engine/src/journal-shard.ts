// One shard of a journal as it is kept on the hub: its name, and what is read back from it. It never sends anything.

import {
  apiVersionOf,
  type DeliveryId,
  type InventoryEntry,
  isRecord,
  type KubeObject,
  type ObjectId,
  type ObjectRef,
  type Owner,
  type OwnerReference,
  type Problem,
  projectionVersion,
  type ResolvedRef,
  readEntry,
  readShadow,
  type ShadowPlan,
  type SyncOperation,
  showDelivery,
} from '@weir/core';
import { digestText } from '@weir/kube';

interface Stored {
  shards: number;
  applied?: ResolvedRef;
  candidate?: string;
  operation?: SyncOperation;
  shadow?: ShadowPlan;
}

export interface Shard extends Stored {
  readonly shard: number;
  readonly delivery: DeliveryId;
  readonly cluster: string;
  readonly namespace: string;
  readonly entries: readonly { id: ObjectId; entry: InventoryEntry }[];
  /** Of the object on the hub. */
  readonly version: string;
  readonly epoch: number | undefined;
  readonly ownerUid: string | undefined;
}

/** A name for an object on the hub: readable, unique, at most 63 characters with its shard. */
function shortName(delivery: DeliveryId): string {
  const [, kind = '', path = ''] = delivery.split(':');
  const name = path.slice(path.indexOf('/') + 1);
  return `${kind.toLowerCase().slice(0, 14)}-${name.slice(0, 30).replace(/[^a-z0-9]+$/, '')}-${digestText(delivery).slice(0, 8)}`;
}

const shardName = (delivery: DeliveryId, shard: number): string => `${shortName(delivery)}-${shard}`;

export const shardRef = (delivery: DeliveryId, namespace: string, shard: number): ObjectRef => ({
  group: 'weir.dev',
  version: 'v1alpha1',
  kind: 'Inventory',
  namespace,
  name: shardName(delivery, shard),
});

/** Whether the object has the place of this shard: a copy elsewhere says nothing about what a delivery owns. */
function isInPlace({ metadata }: KubeObject, delivery: DeliveryId, shard: number): boolean {
  const [, , path = ''] = delivery.split(':');
  return (
    metadata.namespace === path.slice(0, path.indexOf('/')) && metadata.name === shardName(delivery, shard)
  );
}

export function ownerReference(owner: Owner): OwnerReference {
  return { apiVersion: apiVersionOf(owner), kind: owner.kind, name: owner.name, uid: owner.uid };
}

/** Of a delivery whose journal this version does not understand. */
export function unreadableShard({
  spec,
}: KubeObject): { delivery: DeliveryId; problem: Problem } | undefined {
  if (!isRecord(spec) || typeof spec.delivery !== 'string' || spec.format === 1) return undefined;
  const { delivery, format } = spec;
  const message = `${showDelivery(delivery)}: its Inventory is of format ${JSON.stringify(format)?.slice(0, 20)}; expected format 1. It is left as it is, and so is what the delivery owns`;
  return { delivery, problem: { code: 'INVENTORY_FORMAT', message } };
}

/** Undefined for an object that is no inventory of a format this version knows. */
export function readShard(object: KubeObject): Shard | undefined {
  const spec = object.spec;
  if (
    !isRecord(spec) ||
    typeof spec.delivery !== 'string' ||
    typeof spec.cluster !== 'string' ||
    typeof spec.shard !== 'number' ||
    spec.format !== 1 ||
    !isInPlace(object, spec.delivery, spec.shard)
  )
    return undefined;
  const entries = (Array.isArray(spec.entries) ? spec.entries : []).flatMap((stored: unknown) => {
    const read = isRecord(stored) ? readEntry(stored) : undefined;
    return read === undefined ? [] : [{ id: read.id, entry: rebased(read.entry, spec.projection) }];
  });
  const applied = spec.applied;
  const shadow = readShadow(spec.shadow);
  return {
    delivery: spec.delivery,
    shard: spec.shard,
    cluster: spec.cluster,
    namespace: object.metadata.namespace ?? '',
    entries,
    shards: typeof spec.shards === 'number' ? spec.shards : 1,
    version: object.metadata.resourceVersion ?? '',
    epoch: typeof spec.epoch === 'number' ? spec.epoch : undefined,
    ownerUid: object.metadata.ownerReferences?.[0]?.uid,
    ...(isRecord(applied) && typeof applied.commit === 'string'
      ? { applied: applied as unknown as ResolvedRef }
      : {}),
    ...(typeof spec.candidate === 'string' ? { candidate: spec.candidate } : {}),
    ...(shadow === undefined ? {} : { shadow }),
    ...(isOperation(spec.operation) ? { operation: spec.operation } : {}),
  };
}

/** What this version wrote, or nothing: a damaged one is begun anew. */
function isOperation(value: unknown): value is SyncOperation {
  return (
    isRecord(value) &&
    typeof value.candidate === 'string' &&
    typeof value.startedAt === 'string' &&
    isRecord(value.revision) &&
    isRecord(value.hooks)
  );
}

/** Digests of another projection say nothing: the entry is compared anew. */
function rebased(entry: InventoryEntry, version: unknown): InventoryEntry {
  if (version === projectionVersion) return entry;
  const { owned: _owned, ...rest } = entry;
  return rest;
}
