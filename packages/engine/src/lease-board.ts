// What this replica sees of the others: their Leases and all claims, by one watch. It holds the order in which the server
// tells them, on which everything rests: whoever a claim names had its Lease before, so one without a Lease is gone.

import { isNewer, type KubeObject } from '@weir/core';
import { type KubeClient, pause, type WatchEvent } from '@weir/kube';
import {
  type ClaimLease,
  leaseLabel,
  leaseNamespace,
  type ReplicaLease,
  readClaim,
  readReplica,
} from './lease-objects.ts';

export interface SeenReplica extends ReplicaLease {
  /** Milliseconds of this process's monotonic clock: when this life was seen first, and this version of its Lease. */
  readonly firstSeenAtMs: number;
  readonly seenAtMs: number;
}

export interface LeaseBoard {
  /** False before the first list and while a new one is read: what is there then may be half a picture. */
  isComplete(): boolean;
  replicas(): readonly SeenReplica[];
  claims(): readonly ClaimLease[];
  claim(key: string): ClaimLease | undefined;
  /** What a write of this replica's own answered, ahead of its event. */
  note(object: KubeObject): void;
  noteGone(life: string): void;
}

export interface LeaseBoardOptions {
  readonly client: KubeClient;
  readonly signal: AbortSignal;
  readonly onChange: () => void;
  /** A replica heard of a push; the text is its own. */
  readonly onPushed: (replica: SeenReplica, text: string) => void;
  readonly onTrouble: (error: unknown) => void;
}

/** Follows the Leases until the signal fires. */
export function watchLeases(options: LeaseBoardOptions): LeaseBoard {
  const board = new Board(options);
  void board.follow();
  return board;
}

class Board implements LeaseBoard {
  readonly #options: LeaseBoardOptions;
  readonly #replicas = new Map<string, SeenReplica>();
  readonly #claims = new Map<string, ClaimLease>();
  #listed: Set<string> | undefined = new Set();

  constructor(options: LeaseBoardOptions) {
    this.#options = options;
  }

  isComplete(): boolean {
    return this.#listed === undefined;
  }

  replicas(): readonly SeenReplica[] {
    return [...this.#replicas.values()];
  }

  claims(): readonly ClaimLease[] {
    return [...this.#claims.values()];
  }

  claim(key: string): ClaimLease | undefined {
    return this.#claims.get(key);
  }

  note(object: KubeObject): void {
    this.#put(object, false);
  }

  noteGone(life: string): void {
    this.#replicas.delete(life);
  }

  async follow(): Promise<void> {
    const { client, signal, onChange, onTrouble } = this.#options;
    const leases = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' };
    const wanted = { namespace: leaseNamespace, labelSelector: leaseLabel, signal };
    while (!signal.aborted) {
      for await (const event of client.watch(leases, wanted)) {
        if (event.kind === 'trouble') onTrouble(event.error);
        else this.#take(event);
        if (this.isComplete()) onChange();
      }
      await pause(1_000, signal);
    }
  }

  #take(event: Exclude<WatchEvent, { kind: 'trouble' }>): void {
    if (event.kind === 'restart') this.#listed = new Set();
    else if (event.kind === 'synced') this.#endList();
    else if (event.kind === 'put') this.#put(event.object, this.#listed !== undefined);
    else if (event.kind === 'gone') this.#drop(event.object);
  }

  #endList(): void {
    const listed = this.#listed ?? new Set();
    for (const life of this.#replicas.keys()) if (!listed.has(life)) this.#replicas.delete(life);
    for (const key of this.#claims.keys()) if (!listed.has(key)) this.#claims.delete(key);
    this.#listed = undefined;
  }

  /** A list counts even where it is of lower versions (a restored etcd). */
  #put(object: KubeObject, isListed: boolean): void {
    const claim = readClaim(object);
    const replica = readReplica(object);
    if (claim !== undefined) {
      this.#listed?.add(claim.key);
      if (isListed || isLater(claim, this.#claims.get(claim.key))) this.#claims.set(claim.key, claim);
    } else if (replica !== undefined) this.#putReplica(replica, isListed);
  }

  #putReplica(replica: ReplicaLease, isListed: boolean): void {
    this.#listed?.add(replica.life);
    const known = this.#replicas.get(replica.life);
    if (known?.version === replica.version || !(isListed || isLater(replica, known))) return;
    const now = performance.now();
    const seen = { ...replica, seenAtMs: now, firstSeenAtMs: known?.firstSeenAtMs ?? now };
    this.#replicas.set(replica.life, seen);
    if (replica.pushed !== undefined && replica.pushed !== known?.pushed && known !== undefined)
      this.#options.onPushed(seen, replica.pushed);
  }

  #drop(object: KubeObject): void {
    const claim = readClaim(object);
    if (claim !== undefined) this.#claims.delete(claim.key);
    else if (object.metadata.uid !== undefined) this.#replicas.delete(object.metadata.uid);
  }
}

const isLater = (a: { readonly version: string }, b: { readonly version: string } | undefined): boolean =>
  b === undefined || isNewer(a.version, b.version);
