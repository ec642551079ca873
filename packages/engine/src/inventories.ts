// The journal of what each delivery owns, kept as Inventory objects on the hub: membership ahead of creation, digests
// lazily after. It never decides what belongs in it.

import {
  type DeliveryId,
  type Inventory,
  type InventoryEntry,
  isSameShadow,
  type KubeObject,
  type ObjectId,
  type ObjectRef,
  type Owner,
  type Problem,
  projectionVersion,
  type ResolvedRef,
  type ShadowPlan,
  type SyncOperation,
  showDelivery,
  storeEntry,
  WeirError,
} from '@weir/core';
import { digestText, type KubeClient, type Writer } from '@weir/kube';
import { ownerReference, readShard, type Shard, shardRef, unreadableShard } from './journal-shard.ts';
import { writeShard } from './journal-write.ts';

export interface Inventories {
  /** Reads what is on the hub, of the clusters that are asked for; what is in memory already stays as it is there. */
  load(signal: AbortSignal, isAskedFor?: (cluster: string) => boolean): Promise<void>;
  get(delivery: DeliveryId): InventoryRecord | undefined;
  open(delivery: DeliveryId, owner: Owner, cluster: string): InventoryRecord;
  /** The delivery, other than `except`, that has the object in that cluster. */
  holder(input: { cluster: string; id: ObjectId; except: DeliveryId }): DeliveryId | undefined;
  /** Why the journal of the delivery can be neither read nor written. */
  unreadable(delivery: DeliveryId): Problem | undefined;
  deliveries(): readonly DeliveryId[];
  /** The cluster that the journal of the delivery is about: as known here, or as the hub has it. */
  clusterOf(delivery: DeliveryId, owner: Owner, signal: AbortSignal): Promise<string | undefined>;
  /** Takes a delivery out of memory; its objects on the hub go with their owner. */
  forget(delivery: DeliveryId): void;
  /** Takes all deliveries of a cluster out of memory: somebody else goes on with them. */
  forgetCluster(cluster: string): void;
  /** Writes what is pending, of one cluster or everywhere. */
  flush(signal: AbortSignal, cluster?: string): Promise<void>;
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
  /** What would be done; in memory at once, on the hub soon. Undefined: what is planned is done. */
  readonly shadow?: ShadowPlan;
  show(shadow: ShadowPlan | undefined): void;
  flush(signal: AbortSignal): Promise<void>;
  /** Deletes the objects on the hub. */
  destroy(signal: AbortSignal): Promise<void>;
}

export interface JournalClaims {
  /** Writes what is kept about deliveries in that cluster. */
  readonly writerFor: (cluster: string) => Writer;
  /** Of the claim on that cluster: a journal that was written under a later one is not ours any more. */
  readonly epochOf: (cluster: string) => number | undefined;
}

/** About 250 bytes an entry, so that a shard stays well below the 1.5 MB of one etcd value. */
const entriesPerShard = 1_000;
/** What a crash loses of this long is found again by applies that change nothing. */
const lazyWriteMs = 5_000;
/** After a large install all journals are due; they are written over this time, not in one moment. */
const lazySpreadMs = 5_000;
/** Others may be in line before it. */
const lazyDeadlineMs = 90_000;

export interface InventoriesOptions {
  readonly client: KubeClient;
  readonly writer: Writer;
  /** Where several replicas share the work. */
  readonly claims?: JournalClaims;
  readonly onClaimsFreed: (cluster: string, ids: readonly ObjectId[]) => void;
  readonly onError: (error: unknown) => void;
}

export function createInventories(options: InventoriesOptions): Inventories {
  return new HubInventories(options);
}

class HubInventories implements Inventories {
  readonly #records = new Map<DeliveryId, OneInventory>();
  readonly #unreadable = new Map<DeliveryId, Problem>();
  readonly #shared: Shared;

  constructor(options: InventoriesOptions) {
    this.#shared = {
      ...options,
      writerFor: (cluster) => options.claims?.writerFor(cluster) ?? options.writer,
      epochOf: (cluster) => options.claims?.epochOf(cluster),
      claims: new Map(),
      contested: new Set(),
      otherThan: (delivery, cluster, id) => {
        const isOther = (record: OneInventory): boolean =>
          record.delivery !== delivery && record.cluster === cluster && record.entries.has(id);
        return [...this.#records.values()].find(isOther)?.delivery;
      },
    };
  }

  async load(signal: AbortSignal, isAskedFor: (cluster: string) => boolean = () => true): Promise<void> {
    const kind = { group: 'weir.dev', version: 'v1alpha1', plural: 'inventories' };
    const found = await this.#shared.client.list(kind, { signal });
    this.#unreadable.clear();
    for (const each of found.flatMap((object) => unreadableShard(object) ?? []))
      this.#unreadable.set(each.delivery, each.problem);
    const known = new Set([...this.#records.keys(), ...this.#unreadable.keys()]);
    const shards = found
      .flatMap((object) => readShard(object) ?? [])
      .filter(({ cluster, delivery }) => isAskedFor(cluster) && !known.has(delivery))
      // In the order in which they were written: shards are told apart by number, not by name.
      .sort((a, b) => a.shard - b.shard);
    for (const read of shards) {
      const record = this.#records.get(read.delivery) ?? new OneInventory(this.#shared, read);
      this.#records.set(read.delivery, record);
      record.adopt(read);
    }
  }

  unreadable(delivery: DeliveryId): Problem | undefined {
    return this.#unreadable.get(delivery);
  }

  get(delivery: DeliveryId): InventoryRecord | undefined {
    return this.#records.get(delivery);
  }

  open(delivery: DeliveryId, owner: Owner, cluster: string): InventoryRecord {
    const unreadable = this.#unreadable.get(delivery);
    if (unreadable !== undefined) throw new WeirError(unreadable);
    const known = this.#records.get(delivery);
    if (known !== undefined && known.cluster === cluster && !known.isReleased) {
      known.owner = owner;
      return known;
    }
    const record = new OneInventory(this.#shared, { delivery, cluster, namespace: owner.namespace });
    record.owner = owner;
    if (known !== undefined) record.replace(known);
    this.#records.set(delivery, record);
    return record;
  }

  holder({ cluster, id, except }: Parameters<Inventories['holder']>[0]): DeliveryId | undefined {
    const holder = this.#shared.claims.get(`${cluster}\0${id}`);
    return holder === except ? undefined : holder;
  }

  deliveries(): readonly DeliveryId[] {
    return [...this.#records.keys()];
  }

  async clusterOf(
    delivery: DeliveryId,
    { namespace }: Owner,
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const known = this.#records.get(delivery)?.cluster;
    if (known !== undefined) return known;
    const found = await this.#shared.client.get(shardRef(delivery, namespace, 0), signal);
    return found === undefined ? undefined : readShard(found)?.cluster;
  }

  forget(delivery: DeliveryId): void {
    this.#records.get(delivery)?.release();
    this.#records.delete(delivery);
  }

  forgetCluster(cluster: string): void {
    for (const [delivery, record] of this.#records) if (record.cluster === cluster) this.forget(delivery);
  }

  async flush(signal: AbortSignal, cluster?: string): Promise<void> {
    const asked = [...this.#records.values()].filter(
      (record) => record.cluster === (cluster ?? record.cluster),
    );
    await Promise.all(asked.map((record) => record.flush(signal)));
  }
}

interface Shared {
  readonly client: KubeClient;
  readonly writerFor: (cluster: string) => Writer;
  readonly epochOf: (cluster: string) => number | undefined;
  /** `cluster\0object id` -> delivery. */
  readonly claims: Map<string, DeliveryId>;
  /** Claims that more than one delivery has had listed. */
  readonly contested: Set<string>;
  /** Another delivery that has the object listed. */
  readonly otherThan: (delivery: DeliveryId, cluster: string, id: ObjectId) => DeliveryId | undefined;
  readonly onClaimsFreed: (cluster: string, ids: readonly ObjectId[]) => void;
  readonly onError: (error: unknown) => void;
}

const storedFields = ['operation', 'shadow'] as const;

class OneInventory implements InventoryRecord {
  readonly delivery: DeliveryId;
  readonly cluster: string;
  readonly entries = new Map<ObjectId, InventoryEntry>();
  applied?: ResolvedRef;
  candidate?: string;
  operation?: SyncOperation;
  shadow?: ShadowPlan;
  owner: Owner | undefined;
  readonly #shared: Shared;
  readonly #namespace: string;
  #shards = 0;
  #dirty = false;
  /** Digests of the shards as they were written last, and the versions that they have on the hub. */
  readonly #written: string[] = [];
  #versions: (string | undefined)[] = [];
  /** Members of the journal that are not always there, and were. */
  readonly #named = new Set<string>();
  /** Under which the journal was written last. */
  #epoch: number | undefined;
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
    this.#versions[shard.shard] = shard.version;
    this.#epoch = shard.epoch;
    // Left over from a cluster that the delivery was in before; the next write removes it.
    if (shard.cluster !== this.cluster) return;
    for (const { id, entry } of shard.entries) this.#put(id, entry);
    if (shard.applied !== undefined) this.applied = shard.applied;
    if (shard.candidate !== undefined) this.candidate = shard.candidate;
    if (shard.operation !== undefined) this.operation = shard.operation;
    if (shard.shadow !== undefined) this.shadow = shard.shadow;
    for (const field of storedFields) if (shard[field] !== undefined) this.#named.add(field);
  }

  /** Takes the place of `before`, whose objects on the hub have the same names. */
  replace(before: OneInventory): void {
    before.release();
    this.#shards = before.#shards;
    this.#versions = before.#versions;
    this.#writing = before.#writing;
  }

  async join(
    members: readonly { id: ObjectId; entry: InventoryEntry }[],
    signal: AbortSignal,
  ): Promise<void> {
    // The first operation under a claim writes its epoch: from then on nobody who held it before can write here.
    const isFenced = this.#epoch === this.#shared.epochOf(this.cluster);
    if (members.length === 0 && !this.#isOwing && isFenced) return;
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

  show(shadow: ShadowPlan | undefined): void {
    if (shadow === undefined ? this.shadow === undefined : isSameShadow(this.shadow, shadow)) return;
    if (shadow === undefined) delete this.shadow;
    else this.shadow = shadow;
    this.#touch();
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
      await this.#writer.remove(this.#ref(shard), { propagation: 'Background', signal });
    this.#shards = 0;
    this.#versions.length = 0;
  }

  get #writer(): Writer {
    return this.#shared.writerFor(this.cluster);
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
    this.#timer ??= setTimeout(
      () => {
        this.flush(AbortSignal.timeout(lazyDeadlineMs)).catch((error: unknown) => {
          this.#shared.onError(error);
          this.#touch();
        });
      },
      lazyWriteMs + Math.random() * lazySpreadMs,
    );
  }

  /** A shard that is new is created, which costs the server half of an apply; one that says the same is left alone. */
  async #writeShard(
    of: { shard: number; shards: number; entries: readonly unknown[] },
    signal: AbortSignal,
  ): Promise<void> {
    const object = this.#object(of);
    const digest = digestText(JSON.stringify(object));
    if (this.#written[of.shard] === digest) return;
    const { client, writerFor, epochOf } = this.#shared;
    this.#versions[of.shard] = await writeShard({
      object,
      ref: this.#ref(of.shard),
      version: this.#versions[of.shard],
      client,
      writer: writerFor(this.cluster),
      check: (found) => this.#check(found, epochOf(this.cluster)),
      signal,
    });
    this.#written[of.shard] = digest;
    if (of.shard === 0)
      for (const field of storedFields) if (this[field] === undefined) this.#named.delete(field);
  }

  /**
   * Somebody else has written this shard: whoever held the claim before, or a person. A later holder ends the operation;
   * members that an earlier one added may exist, so they stay members.
   */
  #check(found: KubeObject, epoch: number | undefined): void {
    const unreadable = unreadableShard(found);
    if (unreadable !== undefined) throw new WeirError(unreadable.problem);
    const shard = readShard(found);
    if (shard === undefined || shard.cluster !== this.cluster || shard.ownerUid !== this.owner?.uid) return;
    if (shard.epoch !== undefined && epoch !== undefined && shard.epoch > epoch)
      throw new WeirError({
        code: 'CLAIM_LOST',
        message: `${showDelivery(this.delivery)}: its journal was written by a later holder of the cluster's claim (epoch ${shard.epoch}, not ${epoch}); nothing is begun here`,
      });
    for (const { id, entry } of shard.entries) if (!this.entries.has(id)) this.#addFound(id, entry);
  }

  #addFound(id: ObjectId, entry: InventoryEntry): void {
    this.#put(id, entry);
    this.#touch();
  }

  async #write(signal: AbortSignal): Promise<void> {
    if (!this.#dirty || this.#isReleased) return;
    this.#dirty = false;
    try {
      const epoch = this.#shared.epochOf(this.cluster);
      const stored = [...this.entries].map(([id, entry]) => storeEntry(id, entry));
      const shards = Math.max(1, Math.ceil(stored.length / entriesPerShard));
      for (let shard = 0; shard < shards; shard++) {
        const entries = stored.slice(shard * entriesPerShard, (shard + 1) * entriesPerShard);
        await this.#writeShard({ shard, shards, entries }, signal);
      }
      for (let extra = shards; extra < this.#shards; extra++)
        await this.#writer.remove(this.#ref(extra), { propagation: 'Background', signal });
      this.#shards = shards;
      this.#written.length = shards;
      this.#versions.length = shards;
      this.#epoch = epoch;
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }

  #ref(shard: number): ObjectRef {
    return shardRef(this.delivery, this.#namespace, shard);
  }

  /** What was stored and is over is named as null: an apply takes nothing away that a creation has put there. */
  #stored(field: (typeof storedFields)[number]): Readonly<Record<string, unknown>> {
    const value = this[field];
    if (value !== undefined) this.#named.add(field);
    return this.#named.has(field) ? { [field]: value ?? null } : {};
  }

  #object(of: { shard: number; shards: number; entries: readonly unknown[] }): KubeObject {
    const epoch = this.#shared.epochOf(this.cluster);
    return {
      apiVersion: 'weir.dev/v1alpha1',
      kind: 'Inventory',
      metadata: {
        name: this.#ref(of.shard).name,
        namespace: this.#namespace,
        // So that a delivery deleted without a finalizer leaves no journal behind.
        ...(this.owner === undefined ? {} : { ownerReferences: [ownerReference(this.owner)] }),
      },
      spec: {
        format: 1,
        projection: projectionVersion,
        delivery: this.delivery,
        cluster: this.cluster,
        shard: of.shard,
        shards: of.shards,
        ...(epoch === undefined ? {} : { epoch }),
        ...(this.applied === undefined ? {} : { applied: this.applied }),
        ...(this.candidate === undefined ? {} : { candidate: this.candidate }),
        ...(of.shard > 0 ? {} : { ...this.#stored('operation'), ...this.#stored('shadow') }),
        entries: of.entries,
      },
    };
  }
}
