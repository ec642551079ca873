// What is live in one cluster, as conclusions: one shared cache that watches only the kinds in use.
// It keeps no objects and asks nothing but its watches. Bounds: one event in flight a kind, since the next is read when
// it was taken; one entry an object of a kind in use, of at most `maxBytesPerObject` in the mean (cache-memory.test.ts).

import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import {
  type Conclusion,
  concludeFrom,
  type DialectMarks,
  idOf,
  isNewer,
  type KubeObject,
  type ObjectId,
  type ObjectRef,
  refOf,
  WeirError,
} from '@weir/core';
import { ApiError } from './api-error.ts';
import { isOwnFailure, type Kind, kindKey, newKind, notServed, readKind } from './cached-kind.ts';
import type { KubeClient } from './client.ts';
import { followDefinitions } from './definitions.ts';
import type { Resource } from './discovery.ts';
import { pause } from './transport.ts';
import type { WatchEvent } from './watch.ts';

export interface CacheListener {
  /** One object changed: how it was known before, and now; undefined where it is not there. */
  onChange(change: { before: Conclusion | undefined; after: Conclusion | undefined }): void;
  /** One object as it is now, which the cache does not keep; told before its change. */
  onObject?(object: KubeObject, conclusion: Conclusion): void;
  /** The cluster went away (a problem) or came back (undefined). */
  onTrouble(error: WeirError | undefined): void;
  /** A kind can no longer be seen (a problem), or can be again. */
  onBlind?(kind: Resource, error: WeirError | undefined): void;
  /** What the cluster serves has changed. */
  onKinds?(): void;
}

export interface CacheOptions {
  readonly marks: DialectMarks;
  readonly listener: CacheListener;
  /** See `WatchOptions`. */
  readonly silenceMs?: number;
  /** How long a kind that nobody uses any more is followed on; by default 5 minutes. */
  readonly graceMs?: number;
  /** Follow the definitions of kinds too, so that a kind that comes or goes is noticed at once. */
  readonly followsDefinitions?: boolean;
}

export interface FollowOptions {
  /** Who uses the kinds from now on, in place of those that it used before. Without a name the use is over at once. */
  readonly by?: string;
  /** Objects that are read one by one where their kind cannot be listed. */
  readonly refs?: readonly ObjectRef[];
  /** A kind that cannot be seen is no failure: `blindTo` tells of it. */
  readonly isTolerant?: boolean;
}

export interface ClusterCache {
  /** Follows these kinds and waits until each is listed; at once for those that are. Throws when the cluster does not answer. */
  follow(resources: readonly Resource[], signal: AbortSignal, options?: FollowOptions): Promise<void>;
  /** It uses no kind any more. Kinds that nobody uses are followed a while longer, and then forgotten. */
  release(by: string): void;
  /** Why objects of that kind cannot be seen at present, though the cluster can be. */
  blindTo(kind: Pick<ObjectRef, 'group' | 'version' | 'kind'>): WeirError | undefined;
  live(ref: ObjectRef): Conclusion | undefined;
  /** What a write answered, ahead of its watch event. */
  note(object: KubeObject): Conclusion;
  noteGone(ref: ObjectRef, uid: string): void;
  /** Why the cluster cannot be seen at present. */
  trouble(): WeirError | undefined;
  size(): number;
  /** Kinds that are followed now. */
  kinds(): number;
  /** Follows nothing and knows nothing any more; a later `follow` begins anew. Tells no listener. */
  reset(): void;
  close(): void;
}

/** Hex, 128 bits: short enough for inventories of ten thousand objects. */
export const digestText = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 32);

/** How long a caller waits for the first list of a kind. */
const listDeadlineMs = 60_000;
/** A connection that comes back within this time was never away. */
const troubleAfterMs = 3_000;
const defaultGraceMs = 300_000;
/** Objects of kinds that cannot be listed are read one by one, and no more often than this. */
const singleFreshMs = 60_000;
const singlesAtOnce = 8;
/** Of the heap, in the mean: a conclusion and its places in the maps. Large clusters are planned with it. */
export const maxBytesPerObject = 2_000;

/** Resource versions of objects that are gone, so that a late event does not bring them back. At most this many. */
const maxTombstones = 10_000;

export function createClusterCache(client: KubeClient, options: CacheOptions): ClusterCache {
  return new WatchedCache(client, options);
}

class WatchedCache implements ClusterCache {
  readonly #client: KubeClient;
  readonly #marks: DialectMarks;
  readonly #listener: CacheListener;
  readonly #silence: { readonly silenceMs?: number };
  readonly #kinds = new Map<string, Kind>();
  readonly #stop = new AbortController();
  readonly #gone = new Map<string, true>();
  readonly #options: CacheOptions;
  /** When objects of kinds that cannot be listed were read last, by the monotonic clock. */
  readonly #singles = new Map<ObjectId, number>();
  #sweeper: NodeJS.Timeout | undefined;
  #followsDefinitions = false;
  #awaySince: number | undefined;
  #trouble: WeirError | undefined;

  constructor(client: KubeClient, options: CacheOptions) {
    this.#client = client;
    this.#options = options;
    this.#silence = options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs };
    this.#marks = options.marks;
    this.#listener = options.listener;
    // Every kind that is watched listens to it.
    setMaxListeners(0, this.#stop.signal);
  }

  async follow(
    resources: readonly Resource[],
    signal: AbortSignal,
    options: FollowOptions = {},
  ): Promise<void> {
    this.#followDefinitions();
    const listed = resources.filter(({ verbs }) => verbs.includes('list'));
    const kinds = listed.map((resource) => this.#kinds.get(kindKey(resource)) ?? this.#start(resource));
    this.#use(kinds, options.by);
    const single = resources.filter(({ verbs }) => !verbs.includes('list') && verbs.includes('get'));
    if (single.length > 0) await this.#readSingles(single, options.refs ?? [], signal);
    const waiting = (): Kind[] =>
      kinds.filter((kind) => !kind.isSynced && !(options.isTolerant === true && isOwnFailure(kind)));
    if (waiting().length === 0) return;
    const over = new AbortController();
    const listedAll = Promise.all(waiting().map(({ synced }) => synced)).then(() => true);
    const isDone = await Promise.race([
      listedAll,
      this.#giveUp(waiting, AbortSignal.any([signal, over.signal, this.#stop.signal])),
    ]);
    over.abort();
    for (const kind of kinds) if (!kind.isSynced && isOwnFailure(kind)) kind.isBlind = true;
    if (!isDone)
      throw (
        waiting().find(({ failure }) => failure !== undefined)?.failure ??
        new WeirError({
          code: 'CLUSTER_UNREACHABLE',
          message: `cluster ${this.#client.name}: lists did not arrive in time`,
        })
      );
  }

  /** Whether nothing is left to wait for. False once a kind has failed before its first list, or the deadline is over. */
  async #giveUp(waiting: () => readonly Kind[], signal: AbortSignal): Promise<boolean> {
    const until = Date.now() + listDeadlineMs;
    while (!signal.aborted && Date.now() < until) {
      await pause(100, signal);
      const kinds = waiting();
      if (kinds.length === 0) return true;
      if (kinds.some(({ failure }) => failure !== undefined)) return false;
    }
    return false;
  }

  release(by: string): void {
    this.#use([], by);
  }

  #use(kinds: readonly Kind[], by: string | undefined): void {
    for (const kind of kinds) kind.idleSince = performance.now();
    if (by === undefined) return;
    const used = new Set(kinds);
    for (const kind of this.#kinds.values()) {
      if (used.has(kind)) kind.users.add(by);
      else if (kind.users.delete(by) && kind.users.size === 0) kind.idleSince = performance.now();
    }
    this.#sweepLater();
  }

  #sweepLater(): void {
    const isIdle = [...this.#kinds.values()].some(({ users }) => users.size === 0);
    if (!isIdle || this.#sweeper !== undefined) return;
    this.#sweeper = setTimeout(() => this.#sweep(), this.#graceMs());
    // What is forgotten a little later is no reason to keep a process alive.
    this.#sweeper.unref();
  }

  #graceMs(): number {
    return this.#options.graceMs ?? defaultGraceMs;
  }

  /** Kinds that nobody has used for the grace time: nobody has an object of theirs, so nobody is told. */
  #sweep(): void {
    this.#sweeper = undefined;
    const idle = [...this.#kinds].filter(([, { users }]) => users.size === 0);
    for (const [key, kind] of idle) {
      if (performance.now() - kind.idleSince < this.#graceMs()) continue;
      this.#kinds.delete(key);
      kind.stop.abort(new Error('nobody uses the kind any more'));
    }
    this.#sweepLater();
  }

  #followDefinitions(): void {
    if (this.#followsDefinitions || this.#options.followsDefinitions !== true) return;
    this.#followsDefinitions = true;
    followDefinitions(this.#client, {
      signal: this.#stop.signal,
      onChange: (discovery) => {
        for (const kind of [...this.#kinds.values()])
          if (discovery.find(kind.resource) === undefined && !discovery.isStale(kind.resource))
            this.#refuse(kind, notServed(kind.resource));
        this.#listener.onKinds?.();
      },
    });
  }

  async #readSingles(
    resources: readonly Resource[],
    refs: readonly ObjectRef[],
    signal: AbortSignal,
  ): Promise<void> {
    const keys = new Set(resources.map(kindKey));
    const isDue = (ref: ObjectRef): boolean =>
      performance.now() - (this.#singles.get(idOf(ref)) ?? Number.NEGATIVE_INFINITY) >= singleFreshMs;
    const due = refs.filter((ref) => keys.has(kindKey(ref)) && isDue(ref));
    for (const resource of resources)
      if (!this.#kinds.has(kindKey(resource))) this.#kinds.set(kindKey(resource), readKind(resource));
    const worker = async (): Promise<void> => {
      for (let ref = due.pop(); ref !== undefined; ref = due.pop()) {
        const object = await this.#client.get(ref, signal);
        this.#singles.set(idOf(ref), performance.now());
        const known = this.live(ref);
        if (object !== undefined) this.note(object);
        else if (known !== undefined) this.noteGone(ref, known.uid);
      }
    };
    await Promise.all(Array.from({ length: singlesAtOnce }, worker));
  }

  blindTo(kind: Pick<ObjectRef, 'group' | 'version' | 'kind'>): WeirError | undefined {
    const known = this.#kinds.get(kindKey(kind));
    return known?.isBlind === true ? known.failure : undefined;
  }

  live(ref: ObjectRef): Conclusion | undefined {
    return this.#kinds.get(kindKey(ref))?.objects.get(idOf(ref));
  }

  note(object: KubeObject): Conclusion {
    const kind = this.#kinds.get(kindKey(refOf(object)));
    const conclusion = this.#conclude(object, kind);
    if (kind !== undefined) this.#put(kind, conclusion, object);
    return conclusion;
  }

  noteGone(ref: ObjectRef, uid: string): void {
    const kind = this.#kinds.get(kindKey(ref));
    const known = kind?.objects.get(idOf(ref));
    if (kind === undefined || known === undefined || known.uid !== uid) return;
    this.#forget(kind, known);
  }

  trouble(): WeirError | undefined {
    return this.#trouble;
  }

  size(): number {
    let total = 0;
    for (const { objects } of this.#kinds.values()) total += objects.size;
    return total;
  }

  kinds(): number {
    return this.#kinds.size;
  }

  reset(): void {
    for (const kind of this.#kinds.values()) {
      kind.stop.abort(new Error('the cache was reset'));
      kind.objects.clear();
    }
    this.#kinds.clear();
    this.#gone.clear();
    this.#awaySince = undefined;
    this.#trouble = undefined;
  }

  close(): void {
    clearTimeout(this.#sweeper);
    this.#stop.abort(new Error('the cache is closed'));
  }

  /** A write's answer and its watch event tell the same state: it is concluded from once. */
  #conclude(object: KubeObject, kind: Kind | undefined): Conclusion {
    const known = kind?.objects.get(idOf(refOf(object)));
    const { uid, resourceVersion } = object.metadata;
    if (known !== undefined && known.uid === uid && known.resourceVersion === resourceVersion) return known;
    return concludeFrom(object, { marks: this.#marks, digest: digestText });
  }

  #start(resource: Resource): Kind {
    const kind = newKind(resource);
    this.#kinds.set(kindKey(resource), kind);
    void this.#run(kind);
    return kind;
  }

  async #run(kind: Kind): Promise<void> {
    // Helm keeps every release in Secrets: large, many, and never part of a delivery.
    const isSecret = kind.resource.kind === 'Secret' && kind.resource.group === '';
    const events = this.#client.watch(kind.resource, {
      signal: AbortSignal.any([this.#stop.signal, kind.stop.signal]),
      ...(isSecret ? { fieldSelector: 'type!=helm.sh/release.v1' } : {}),
      ...this.#silence,
    });
    for await (const event of events) {
      try {
        this.#take(kind, event);
      } catch (error) {
        // An object that cannot be read must not end the watch, and the process with it.
        this.#fail(kind, error);
      }
    }
  }

  #take(kind: Kind, event: WatchEvent): void {
    if (event.kind === 'trouble') this.#fail(kind, event.error);
    // A restart is only the intention to list; the server has said nothing yet.
    else if (event.kind !== 'restart') this.#recover(kind);
    if (event.kind === 'restart') kind.unseen = new Set(kind.objects.keys());
    else if (event.kind === 'synced') this.#endList(kind);
    else if (event.kind === 'put') this.#put(kind, this.#conclude(event.object, kind), event.object);
    else if (event.kind === 'gone') this.#forget(kind, this.#conclude(event.object, kind));
  }

  #endList(kind: Kind): void {
    for (const id of kind.unseen ?? []) {
      const known = kind.objects.get(id);
      if (known !== undefined) this.#forget(kind, known);
    }
    kind.unseen = undefined;
    kind.isSynced = true;
    kind.markSynced();
  }

  #put(kind: Kind, after: Conclusion, object: KubeObject): void {
    // A list is younger than all that was known before it, even where it counts from lower versions (a restored etcd).
    const isListed = kind.unseen?.delete(after.id) === true;
    const before = kind.objects.get(after.id);
    if (this.#gone.has(after.uid)) return;
    if (before !== undefined) {
      const isSame = before.uid === after.uid && before.resourceVersion === after.resourceVersion;
      // Versions of one kind compare across objects too: a late event must not bring a predecessor back.
      if (isSame || (!isListed && !isNewer(after.resourceVersion, before.resourceVersion))) return;
    }
    kind.objects.set(after.id, after);
    this.#listener.onObject?.(object, after);
    this.#listener.onChange({ before, after });
  }

  #forget(kind: Kind, gone: Conclusion): void {
    if (gone.uid !== '') this.#gone.set(gone.uid, true);
    if (this.#gone.size > maxTombstones) this.#gone.delete(this.#gone.keys().next().value ?? '');
    const before = kind.objects.get(gone.id);
    // A newer object of the same name may be known already.
    if (before === undefined || before.uid !== gone.uid) return;
    kind.objects.delete(gone.id);
    this.#listener.onChange({ before, after: undefined });
  }

  #fail(kind: Kind, error: unknown): void {
    const cause =
      error instanceof WeirError
        ? error
        : new WeirError(
            { code: 'CLUSTER_UNREACHABLE', message: `cluster ${this.#client.name}: ${String(error)}` },
            { cause: error },
          );
    kind.failure = cause;
    kind.failedSince ??= Date.now();
    if (cause instanceof ApiError && cause.status === 404) this.#refuse(kind, cause);
    if (!this.#isAway()) {
      this.#comeBack();
      this.#tellBlind(kind);
      return;
    }
    this.#awaySince ??= Date.now();
    if (this.#trouble !== undefined || Date.now() - this.#awaySince < troubleAfterMs) return;
    this.#trouble = cause;
    this.#listener.onTrouble(cause);
  }

  /** Others of the cluster can be seen, so this is the kind's own matter. */
  #tellBlind(kind: Kind): void {
    const { failure, failedSince } = kind;
    if (failure === undefined || kind.isBlind || !kind.isSynced) return;
    if (failedSince === undefined || Date.now() - failedSince < troubleAfterMs) return;
    kind.isBlind = true;
    this.#listener.onBlind?.(kind.resource, failure);
  }

  /** Nothing can be watched any more. One kind that fails (a conversion webhook, a missing right) is no such trouble. */
  #isAway(): boolean {
    const kinds = [...this.#kinds.values()].filter(({ resource }) => resource.verbs.includes('list'));
    return (
      kinds.some(({ failure }) => failure !== undefined) &&
      kinds.every((kind) => (kind.failure === undefined ? !kind.isSynced : !isOwnFailure(kind)))
    );
  }

  /** A kind that is served no more has no objects to show; a later `follow` starts anew. */
  #refuse(kind: Kind, error: WeirError): void {
    this.#kinds.delete(kindKey(kind.resource));
    kind.stop.abort(error);
    // Not marked as deleted: where the kind is served again, its objects may be there still.
    for (const before of kind.objects.values()) this.#listener.onChange({ before, after: undefined });
    kind.objects.clear();
    // Whoever asks next what is served must not be told of this kind.
    if (error instanceof ApiError) this.#client.resources({ fresh: true }).catch(() => undefined);
  }

  #recover(kind: Kind): void {
    kind.failure = undefined;
    kind.failedSince = undefined;
    this.#comeBack();
    if (!kind.isBlind) return;
    kind.isBlind = false;
    this.#listener.onBlind?.(kind.resource, undefined);
  }

  #comeBack(): void {
    this.#awaySince = undefined;
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#listener.onTrouble(undefined);
  }
}
