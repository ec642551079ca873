// The journal of what each delivery owns, kept as Inventory objects on the hub: membership ahead of creation, digests
// lazily after. It never decides what belongs in it.

import {
  type DeliveryId,
  type Inventory,
  type InventoryEntry,
  isRecord,
  type KubeObject,
  type ObjectId,
  type Owner,
  projectionVersion,
  type ResolvedRef,
  readEntry,
  type SyncOperation,
  showDelivery,
  storeEntry,
  WeirError,
} from '@weir/core';
import { digestText, type KubeClient, type Writer } from '@weir/kube';

export interface Inventories {
  load(signal: AbortSignal): Promise<void>;
  get(delivery: DeliveryId): InventoryRecord | undefined;
  open(delivery: DeliveryId, owner: Owner, cluster: string): InventoryRecord;
  /** The delivery, other than `except`, that has the object in that cluster. */
  holder(input: { cluster: string; id: ObjectId; except: DeliveryId }): DeliveryId | undefined;
  deliveries(): readonly DeliveryId[];
  /** Takes a delivery out of memory; its objects on the hub go with their owner. */
  forget(delivery: DeliveryId): void;
  /** Writes what is pending, everywhere. */
  flush(signal: AbortSignal): Promise<void>;
}

/** The inventory of one delivery, with what is not yet written. */
export interface InventoryRecord extends Inventory {
  /** Digest of the desired state that the last successful run reached; tells a new candidate from drift. */
  readonly candidate?: string;
  readonly entries: Map<ObjectId, InventoryEntry>;
  /** Adds members and writes them before it returns: only then may they be created. */
  join(members: readonly { id: ObjectId; entry: InventoryEntry }[], signal: AbortSignal): Promise<void>;
  /** In memory at once, on the hub soon. */
  set(id: ObjectId, entry: InventoryEntry): void;
  leave(id: ObjectId): void;
  succeed(applied: ResolvedRef, candidate: string): void;
  /** The sync under way; undefined when it is over. Written before it returns where it must survive. */
  readonly operation?: SyncOperation;
  keep(operation: SyncOperation | undefined, signal: AbortSignal): Promise<void>;
  flush(signal: AbortSignal): Promise<void>;
  /** Deletes the objects on the hub. */
  destroy(signal: AbortSignal): Promise<void>;
}

/** About 250 bytes an entry, so that a shard stays well below the 1.5 MB of one etcd value. */
const entriesPerShard = 1_000;
/** What a crash loses of this long is found again by applies that change nothing. */
const lazyWriteMs = 5_000;

interface Stored {
  shards: number;
  applied?: ResolvedRef;
  candidate?: string;
  operation?: SyncOperation;
}

export function createInventories(options: {
  client: KubeClient;
  writer: Writer;
  onClaimsFreed: (cluster: string, ids: readonly ObjectId[]) => void;
  onError: (error: unknown) => void;
}): Inventories {
  const records = new Map<DeliveryId, OneInventory>();
  /** `cluster\0object id` -> delivery. */
  const claims = new Map<string, DeliveryId>();
  const shared: Shared = {
    ...options,
    claims,
    contested: new Set(),
    otherThan: (delivery, cluster, id) => {
      const isOther = (record: OneInventory): boolean =>
        record.delivery !== delivery && record.cluster === cluster && record.entries.has(id);
      return [...records.values()].find(isOther)?.delivery;
    },
  };
  return {
    load: async (signal) => {
      const found = await options.client.list(
        { group: 'weir.dev', version: 'v1alpha1', plural: 'inventories' },
        { signal },
      );
      // In the order in which they were written: shards are told apart by number, not by name.
      const shards = found.flatMap((object) => readShard(object) ?? []).sort((a, b) => a.shard - b.shard);
      for (const read of shards) {
        const record = records.get(read.delivery) ?? new OneInventory(shared, read);
        records.set(read.delivery, record);
        record.adopt(read);
      }
    },
    get: (delivery) => records.get(delivery),
    open: (delivery, owner, cluster) => {
      const known = records.get(delivery);
      if (known !== undefined && known.cluster === cluster && !known.isReleased) {
        known.owner = owner;
        return known;
      }
      const record = new OneInventory(shared, { delivery, cluster, namespace: owner.namespace });
      record.owner = owner;
      if (known !== undefined) record.replace(known);
      records.set(delivery, record);
      return record;
    },
    holder: ({ cluster, id, except }) => {
      const holder = claims.get(`${cluster}\0${id}`);
      return holder === except ? undefined : holder;
    },
    deliveries: () => [...records.keys()],
    forget: (delivery) => {
      records.get(delivery)?.release();
      records.delete(delivery);
    },
    flush: async (signal) => {
      await Promise.all([...records.values()].map((record) => record.flush(signal)));
    },
  };
}

interface Shared {
  readonly writer: Writer;
  readonly claims: Map<string, DeliveryId>;
  /** Claims that more than one delivery has had listed. */
  readonly contested: Set<string>;
  /** Another delivery that has the object listed. */
  readonly otherThan: (delivery: DeliveryId, cluster: string, id: ObjectId) => DeliveryId | undefined;
  readonly onClaimsFreed: (cluster: string, ids: readonly ObjectId[]) => void;
  readonly onError: (error: unknown) => void;
}

interface Shard extends Stored {
  readonly shard: number;
  readonly delivery: DeliveryId;
  readonly cluster: string;
  readonly namespace: string;
  readonly entries: readonly { id: ObjectId; entry: InventoryEntry }[];
}

class OneInventory implements InventoryRecord {
  readonly delivery: DeliveryId;
  readonly cluster: string;
  readonly entries = new Map<ObjectId, InventoryEntry>();
  applied?: ResolvedRef;
  candidate?: string;
  operation?: SyncOperation;
  owner: Owner | undefined;
  readonly #shared: Shared;
  readonly #namespace: string;
  #shards = 0;
  #dirty = false;
  /** Digests of the shards as they were written last. */
  readonly #written: string[] = [];
  /** Members are in memory that were never written, so that nothing of theirs may be created yet. */
  #isOwing = false;
  #isReleased = false;
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(shared: Shared, of: { delivery: DeliveryId; cluster: string; namespace: string }) {
    this.#shared = shared;
    this.delivery = of.delivery;
    this.cluster = of.cluster;
    this.#namespace = of.namespace;
  }

  get isReleased(): boolean {
    return this.#isReleased;
  }

  adopt(shard: Shard): void {
    this.#shards = Math.max(this.#shards, shard.shards, shard.shard + 1);
    // Left over from a cluster that the delivery was in before; the next write removes it.
    if (shard.cluster !== this.cluster) return;
    for (const { id, entry } of shard.entries) this.#put(id, entry);
    if (shard.applied !== undefined) this.applied = shard.applied;
    if (shard.candidate !== undefined) this.candidate = shard.candidate;
    if (shard.operation !== undefined) this.operation = shard.operation;
  }

  /** Takes the place of `before`, whose objects on the hub have the same names. */
  replace(before: OneInventory): void {
    before.release();
    this.#shards = before.#shards;
    this.#writing = before.#writing;
  }

  async join(
    members: readonly { id: ObjectId; entry: InventoryEntry }[],
    signal: AbortSignal,
  ): Promise<void> {
    if (members.length === 0 && !this.#isOwing) return;
    if (this.#isReleased)
      throw new WeirError({
        code: 'APPLY_FAILED',
        message: `${showDelivery(this.delivery)}: is gone or has moved; nothing is created for it any more`,
      });
    for (const { id, entry } of members) this.#put(id, entry);
    this.#isOwing = true;
    this.#dirty = true;
    await this.flush(signal);
    this.#isOwing = false;
  }

  set(id: ObjectId, entry: InventoryEntry): void {
    this.#put(id, entry);
    this.#touch();
  }

  leave(id: ObjectId): void {
    if (!this.entries.delete(id)) return;
    this.#unclaim([id]);
    this.#touch();
  }

  succeed(applied: ResolvedRef, candidate: string): void {
    const isSame = this.candidate === candidate;
    this.applied = applied;
    this.candidate = candidate;
    // A commit that changed nothing here is found again after a restart; it is worth no write.
    if (!isSame) this.#touch();
  }

  async keep(operation: SyncOperation | undefined, signal: AbortSignal): Promise<void> {
    if (JSON.stringify(this.operation) === JSON.stringify(operation)) return;
    if (operation === undefined) {
      // Whoever finds a sync that is over finds nothing left to do in it.
      delete this.operation;
      this.#touch();
      return;
    }
    this.operation = operation;
    this.#dirty = true;
    await this.flush(signal);
  }

  /** From here on nothing is claimed and nothing is written, whatever a run that is under way still says. */
  release(): void {
    clearTimeout(this.#timer);
    this.#isReleased = true;
    this.#unclaim([...this.entries.keys()]);
  }

  /** One write at a time, in order; a failure keeps everything pending. */
  async flush(signal: AbortSignal): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const write = this.#writing.catch(() => undefined).then(() => this.#write(signal));
    this.#writing = write;
    await write;
  }

  async destroy(signal: AbortSignal): Promise<void> {
    this.release();
    await this.#writing.catch(() => undefined);
    for (let shard = 0; shard < this.#shards; shard++)
      await this.#shared.writer.remove(this.#ref(shard), { propagation: 'Background', signal });
    this.#shards = 0;
  }

  #put(id: ObjectId, entry: InventoryEntry): void {
    if (this.#isReleased) return;
    this.entries.set(id, entry);
    const { claims, contested } = this.#shared;
    const key = `${this.cluster}\0${id}`;
    if ((claims.get(key) ?? this.delivery) !== this.delivery) contested.add(key);
    claims.set(key, this.delivery);
  }

  #unclaim(ids: readonly ObjectId[]): void {
    const { claims, contested, otherThan } = this.#shared;
    for (const id of ids) {
      const key = `${this.cluster}\0${id}`;
      if (claims.get(key) !== this.delivery) continue;
      claims.delete(key);
      if (!contested.has(key)) continue;
      const heir = otherThan(this.delivery, this.cluster, id);
      if (heir === undefined) contested.delete(key);
      else claims.set(key, heir);
    }
    this.#shared.onClaimsFreed(this.cluster, ids);
  }

  #touch(): void {
    if (this.#isReleased) return;
    this.#dirty = true;
    this.#timer ??= setTimeout(() => {
      this.flush(AbortSignal.timeout(30_000)).catch((error: unknown) => {
        this.#shared.onError(error);
        this.#touch();
      });
    }, lazyWriteMs);
  }

  /** A shard that is new is created, which costs the server half of an apply; one that says the same is left alone. */
  async #writeShard(
    of: { shard: number; shards: number; entries: readonly unknown[] },
    signal: AbortSignal,
  ): Promise<void> {
    const { writer } = this.#shared;
    const object = this.#object(of);
    const digest = digestText(JSON.stringify(object));
    if (this.#written[of.shard] === digest) return;
    const options = { fieldManager: 'weir', signal };
    const isNew = of.shard >= this.#shards;
    const isCreated = isNew && (await writer.create(object, options)) !== undefined;
    if (!isCreated) await writer.apply(object, options);
    this.#written[of.shard] = digest;
  }

  async #write(signal: AbortSignal): Promise<void> {
    if (!this.#dirty || this.#isReleased) return;
    this.#dirty = false;
    try {
      const stored = [...this.entries].map(([id, entry]) => storeEntry(id, entry));
      const shards = Math.max(1, Math.ceil(stored.length / entriesPerShard));
      for (let shard = 0; shard < shards; shard++) {
        const entries = stored.slice(shard * entriesPerShard, (shard + 1) * entriesPerShard);
        await this.#writeShard({ shard, shards, entries }, signal);
      }
      for (let extra = shards; extra < this.#shards; extra++)
        await this.#shared.writer.remove(this.#ref(extra), { propagation: 'Background', signal });
      this.#shards = shards;
      this.#written.length = shards;
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }

  #ref(shard: number): Parameters<Writer['remove']>[0] {
    const name = `${shortName(this.delivery)}-${shard}`;
    return { group: 'weir.dev', version: 'v1alpha1', kind: 'Inventory', namespace: this.#namespace, name };
  }

  #object(of: { shard: number; shards: number; entries: readonly unknown[] }): KubeObject {
    const { owner } = this;
    return {
      apiVersion: 'weir.dev/v1alpha1',
      kind: 'Inventory',
      metadata: {
        name: this.#ref(of.shard).name,
        namespace: this.#namespace,
        // So that a delivery deleted without a finalizer leaves no journal behind.
        ...(owner === undefined
          ? {}
          : {
              ownerReferences: [
                {
                  apiVersion: `${owner.group}/${owner.version}`,
                  kind: owner.kind,
                  name: owner.name,
                  uid: owner.uid,
                },
              ],
            }),
      },
      spec: {
        format: 1,
        projection: projectionVersion,
        delivery: this.delivery,
        cluster: this.cluster,
        shard: of.shard,
        shards: of.shards,
        ...(this.applied === undefined ? {} : { applied: this.applied }),
        ...(this.candidate === undefined ? {} : { candidate: this.candidate }),
        ...(this.operation === undefined || of.shard > 0 ? {} : { operation: this.operation }),
        entries: of.entries,
      },
    };
  }
}

/** A name for an object on the hub: readable, unique, at most 63 characters with its shard. */
function shortName(delivery: DeliveryId): string {
  const [, kind = '', path = ''] = delivery.split(':');
  const name = path.slice(path.indexOf('/') + 1);
  return `${kind.toLowerCase().slice(0, 14)}-${name.slice(0, 30).replace(/[^a-z0-9]+$/, '')}-${digestText(delivery).slice(0, 8)}`;
}

/** Whether the object has the place of this shard: a copy elsewhere says nothing about what a delivery owns. */
function isInPlace({ metadata }: KubeObject, delivery: DeliveryId, shard: number): boolean {
  const [, , path = ''] = delivery.split(':');
  return (
    metadata.namespace === path.slice(0, path.indexOf('/')) &&
    metadata.name === `${shortName(delivery)}-${shard}`
  );
}

/** Undefined for an object that is no inventory of a format this version knows. */
function readShard(object: KubeObject): Shard | undefined {
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
  return {
    delivery: spec.delivery,
    shard: spec.shard,
    cluster: spec.cluster,
    namespace: object.metadata.namespace ?? '',
    entries,
    shards: typeof spec.shards === 'number' ? spec.shards : 1,
    ...(isRecord(applied) && typeof applied.commit === 'string'
      ? { applied: applied as unknown as ResolvedRef }
      : {}),
    ...(typeof spec.candidate === 'string' ? { candidate: spec.candidate } : {}),
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
