// What is live in one cluster, as conclusions: one shared cache that watches only the kinds in use.
// It keeps no objects and asks nothing but its watches.

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
import type { KubeClient } from './client.ts';
import type { Resource } from './discovery.ts';
import { pause } from './transport.ts';
import type { WatchEvent } from './watch.ts';

export interface CacheListener {
  /** One object changed: how it was known before, and now; undefined where it is not there. */
  onChange(change: { before: Conclusion | undefined; after: Conclusion | undefined }): void;
  /** The cluster went away (a problem) or came back (undefined). */
  onTrouble(error: WeirError | undefined): void;
}

export interface CacheOptions {
  readonly marks: DialectMarks;
  readonly listener: CacheListener;
  /** See `WatchOptions`. */
  readonly silenceMs?: number;
}

export interface ClusterCache {
  /** Follows these kinds and waits until each is listed; at once for those that are. Throws when the cluster does not answer. */
  follow(resources: readonly Resource[], signal: AbortSignal): Promise<void>;
  live(ref: ObjectRef): Conclusion | undefined;
  /** What a write answered, ahead of its watch event. */
  note(object: KubeObject): Conclusion;
  noteGone(ref: ObjectRef, uid: string): void;
  /** Why the cluster cannot be seen at present. */
  trouble(): WeirError | undefined;
  size(): number;
  close(): void;
}

/** Hex, 128 bits: short enough for inventories of ten thousand objects. */
export const digestText = (text: string): string =>
  createHash('sha256').update(text).digest('hex').slice(0, 32);

/** How long a caller waits for the first list of a kind. */
const listDeadlineMs = 60_000;
/** A connection that comes back within this time was never away. */
const troubleAfterMs = 3_000;

interface Kind {
  readonly resource: Resource;
  readonly objects: Map<ObjectId, Conclusion>;
  /** Ids that a relist has not named yet; undefined outside a list. */
  unseen: Set<ObjectId> | undefined;
  isSynced: boolean;
  readonly synced: Promise<void>;
  readonly markSynced: () => void;
  readonly stop: AbortController;
  failure: WeirError | undefined;
}

const kindKey = (kind: Pick<ObjectRef, 'group' | 'version' | 'kind'>): string =>
  `${kind.group}/${kind.version}/${kind.kind}`;

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
  #awaySince: number | undefined;
  #trouble: WeirError | undefined;

  constructor(client: KubeClient, options: CacheOptions) {
    this.#client = client;
    this.#silence = options.silenceMs === undefined ? {} : { silenceMs: options.silenceMs };
    this.#marks = options.marks;
    this.#listener = options.listener;
    // Every kind that is watched listens to it.
    setMaxListeners(0, this.#stop.signal);
  }

  async follow(resources: readonly Resource[], signal: AbortSignal): Promise<void> {
    const kinds = resources
      .filter(({ verbs }) => verbs.includes('watch'))
      .map((resource) => this.#kinds.get(kindKey(resource)) ?? this.#start(resource))
      .filter(({ isSynced }) => !isSynced);
    if (kinds.length === 0) return;
    const listed = Promise.all(kinds.map(({ synced }) => synced)).then(() => true);
    const over = new AbortController();
    const done = await Promise.race([
      listed,
      this.#giveUp(kinds, AbortSignal.any([signal, over.signal, this.#stop.signal])),
    ]);
    over.abort();
    if (!done)
      throw (
        kinds.find(({ failure }) => failure !== undefined)?.failure ??
        new WeirError({
          code: 'CLUSTER_UNREACHABLE',
          message: `cluster ${this.#client.name}: lists did not arrive in time`,
        })
      );
  }

  /** False once a kind has failed before its first list, or the deadline is over. */
  async #giveUp(kinds: readonly Kind[], signal: AbortSignal): Promise<boolean> {
    const until = Date.now() + listDeadlineMs;
    while (!signal.aborted && Date.now() < until) {
      await pause(100, signal);
      if (kinds.some(({ failure }) => failure !== undefined)) return false;
    }
    return false;
  }

  live(ref: ObjectRef): Conclusion | undefined {
    return this.#kinds.get(kindKey(ref))?.objects.get(idOf(ref));
  }

  note(object: KubeObject): Conclusion {
    const kind = this.#kinds.get(kindKey(refOf(object)));
    const conclusion = this.#conclude(object, kind);
    if (kind !== undefined) this.#put(kind, conclusion);
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

  close(): void {
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
    let markSynced: () => void = () => {};
    const synced = new Promise<void>((resolve) => {
      markSynced = resolve;
    });
    const kind: Kind = {
      resource,
      objects: new Map(),
      unseen: undefined,
      isSynced: false,
      synced,
      markSynced,
      stop: new AbortController(),
      failure: undefined,
    };
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
    else if (event.kind === 'put') this.#put(kind, this.#conclude(event.object, kind));
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

  #put(kind: Kind, after: Conclusion): void {
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
    if (cause instanceof ApiError && cause.status === 404) this.#refuse(kind, cause);
    if (!this.#isAway()) {
      this.#comeBack();
      return;
    }
    this.#awaySince ??= Date.now();
    if (this.#trouble !== undefined || Date.now() - this.#awaySince < troubleAfterMs) return;
    this.#trouble = cause;
    this.#listener.onTrouble(cause);
  }

  /** Nothing can be watched any more. One kind that fails (a conversion webhook, a missing right) is no such trouble. */
  #isAway(): boolean {
    const kinds = [...this.#kinds.values()];
    return (
      kinds.some(({ failure }) => failure !== undefined) &&
      kinds.every(({ failure, isSynced }) => (failure === undefined ? !isSynced : isOfCluster(failure)))
    );
  }

  /** A kind that is served no more has no objects to show; a later `follow` starts anew. */
  #refuse(kind: Kind, error: ApiError): void {
    this.#kinds.delete(kindKey(kind.resource));
    kind.stop.abort(error);
    // Not marked as deleted: where the kind is served again, its objects may be there still.
    for (const before of kind.objects.values()) this.#listener.onChange({ before, after: undefined });
    kind.objects.clear();
    // Whoever asks next what is served must not be told of this kind.
    this.#client.resources({ fresh: true }).catch(() => undefined);
  }

  #recover(kind: Kind): void {
    kind.failure = undefined;
    this.#comeBack();
  }

  #comeBack(): void {
    this.#awaySince = undefined;
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#listener.onTrouble(undefined);
  }
}

/** Not the server's word about one kind: no answer, a failure of the server, or credentials that it refuses. */
function isOfCluster(failure: WeirError): boolean {
  return !(failure instanceof ApiError) || failure.status >= 500 || failure.status === 401;
}
