// Turns what happened into keys to work on, the urgent ones first. It never works on anything itself.

import {
  type Conclusion,
  type Delivery,
  type DeliveryId,
  type DeliveryVerdict,
  idOf,
  type ObjectId,
  type ObjectRef,
  type Problem,
  type SourceId,
} from '@weir/core';
import { isSameRepository } from '@weir/source';
import type { Contests } from './contests.ts';
import type { Declarations, DeclaredChange } from './declarations.ts';
import type { DeliveryStates } from './delivery-state.ts';
import type { Inventories } from './inventories.ts';
import type { Queue } from './queue.ts';
import type { Renders } from './renders.ts';
import { isInlineSource, type SourceChange, type SourceState, type Sources } from './sources.ts';

/** What the waker looks things up in; known only once everything has been read. */
export interface WakerRooms {
  readonly declarations: Declarations;
  readonly states: DeliveryStates;
  readonly inventories: Inventories;
  readonly contests: Contests;
  readonly sources: Sources;
  readonly renders: Renders;
  readonly sourceQueue: Queue;
  readonly deliveryQueue: Queue;
  /** Whether another replica works on the delivery. */
  readonly isElsewhere: (id: DeliveryId) => boolean;
}

export interface Waker {
  begin(rooms: WakerRooms): void;
  declared(change: DeclaredChange): void;
  secretsChanged(): void;
  objectChanged(
    cluster: string,
    change: { before: Conclusion | undefined; after: Conclusion | undefined },
  ): void;
  /** A script has said how an object is; 0 ms: now, else that it may say so then. */
  objectJudged(of: { readonly cluster: string; readonly id: ObjectId; readonly delayMs: number }): void;
  /** Other health scripts hold for deliveries of that dialect. */
  settingsChanged(dialect: string): void;
  clusterTrouble(cluster: string): void;
  /** What the cluster serves, or lets be seen, has changed. */
  kindsChanged(cluster: string, kind?: Pick<ObjectRef, 'group' | 'kind'>): void;
  claimsFreed(): void;
  /** Who else wants these objects has changed. */
  contested(cluster: string, ids: readonly ObjectId[]): void;
  sourceChanged(change: SourceChange): void;
  sourceTried(id: SourceId): void;
  judged(verdict: DeliveryVerdict, before: DeliveryVerdict | undefined): void;
  /** Answers the sources that were woken. */
  pushed(isPushed: (url: string) => boolean): readonly SourceId[];
  /** Another replica has woken these sources. */
  woken(isWoken: (id: SourceId) => boolean): void;
  /** Work on a cluster may begin here; with the hub comes what belongs to no other. */
  opened(of: { readonly deliveries: readonly DeliveryId[]; readonly isHub: boolean }): void;
  /** Only the status changed: of interest to those that depend on it, where it was not written here. */
  statusChanged(id: string): void;
}

/** Changes of objects come in bursts; a verdict over the burst is worth more than one for each. */
const burstMs = 50;
/** Deliveries that a commit does not touch only follow with their status, spread over this time each. */
const carriedDelayMs = 1_000;
const carriedSpreadMs = 10;

export function createWaker(): Waker {
  return new EventWaker();
}

class EventWaker implements Waker {
  #rooms: WakerRooms | undefined;

  begin(rooms: WakerRooms): void {
    this.#rooms = rooms;
    // A delivery that went while nobody looked claims nothing any more.
    for (const id of rooms.inventories.deliveries())
      if (rooms.declarations.declared(id) === undefined) rooms.inventories.forget(id);
    for (const { reading } of rooms.declarations.all())
      if (reading.kind === 'delivery' && reading.source !== undefined) markRefresh(reading.delivery, rooms);
    for (const source of rooms.declarations.sources()) rooms.sourceQueue.add(source.id);
    for (const declared of rooms.declarations.all()) {
      if (declared.kind.role === 'delivery') rooms.deliveryQueue.add(declared.id);
      else if (declared.reading.kind === 'invalid') rooms.sourceQueue.add(declared.id);
    }
  }

  declared({ id, role, before, after }: DeclaredChange): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    if (role === 'source') {
      rooms.sourceQueue.add(id);
      if (after === undefined) rooms.sources.forget(id);
      for (const user of rooms.declarations.users(id)) rooms.deliveryQueue.add(user, burstMs);
      return;
    }
    supersede(rooms, id);
    if (after === undefined) this.#removed(id, rooms);
    else rooms.deliveryQueue.add(id);
    this.#inlineSource({ before, after }, rooms);
  }

  #removed(id: DeliveryId, rooms: WakerRooms): void {
    rooms.deliveryQueue.drop(id);
    rooms.states.forget(id);
    rooms.inventories.forget(id);
    const wanted = rooms.contests.forget(id);
    if (wanted !== undefined) this.contested(wanted.cluster, wanted.ids);
    for (const dependent of rooms.declarations.dependents(id)) rooms.deliveryQueue.add(dependent);
  }

  #inlineSource({ before, after }: Pick<DeclaredChange, 'before' | 'after'>, rooms: WakerRooms): void {
    const old = before?.reading.kind === 'delivery' ? before.reading : undefined;
    const current = after?.reading.kind === 'delivery' ? after.reading : undefined;
    const source = current?.source;
    const isAsked =
      current?.delivery.requestToken !== undefined &&
      current.delivery.requestToken !== old?.delivery.requestToken;
    if (source !== undefined && isAsked) markRefresh(current.delivery, rooms);
    if (source !== undefined && (isAsked || rooms.sources.state(source.id) === undefined))
      rooms.sourceQueue.add(source.id);
    const left = old?.source;
    if (left === undefined || left.id === source?.id || rooms.declarations.source(left.id) !== undefined)
      return;
    rooms.sourceQueue.drop(left.id);
    rooms.sources.forget(left.id);
  }

  secretsChanged(): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    for (const source of rooms.declarations.sources())
      if (rooms.sources.state(source.id)?.problem !== undefined) rooms.sourceQueue.add(source.id, burstMs);
    for (const [id, state] of rooms.states.all())
      if (state.verdict?.failedStep === 'cluster') rooms.deliveryQueue.add(id, burstMs);
  }

  objectChanged(
    cluster: string,
    { before, after }: { before: Conclusion | undefined; after: Conclusion | undefined },
  ): void {
    const id = (after ?? before)?.id;
    const rooms = this.#rooms;
    if (id === undefined || rooms === undefined) return;
    if (!isTelling(before, after)) return;
    for (const each of concerned({ cluster, id }, rooms)) rooms.deliveryQueue.add(each, burstMs);
  }

  objectJudged({ cluster, id, delayMs }: Parameters<Waker['objectJudged']>[0]): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    for (const each of concerned({ cluster, id }, rooms))
      rooms.deliveryQueue.add(each, Math.max(delayMs, burstMs));
  }

  settingsChanged(dialect: string): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    let count = 0;
    for (const { reading } of rooms.declarations.all())
      if (reading.kind === 'delivery' && reading.delivery.dialect === dialect)
        rooms.deliveryQueue.add(reading.delivery.id, burstMs + count++ * carriedSpreadMs);
  }

  clusterTrouble(cluster: string): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    for (const id of rooms.inventories.deliveries())
      if (rooms.inventories.get(id)?.cluster === cluster) rooms.deliveryQueue.add(id);
  }

  kindsChanged(cluster: string, kind?: Pick<ObjectRef, 'group' | 'kind'>): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    // One that has nothing in a cluster yet is in none.
    const isThere = (id: DeliveryId): boolean => (rooms.inventories.get(id)?.cluster ?? cluster) === cluster;
    for (const [id, { verdict }] of rooms.states.all())
      if (isThere(id) && verdict?.problems.some(({ code }) => ofKinds.has(code)) === true)
        rooms.deliveryQueue.add(id, burstMs);
    if (kind === undefined) return;
    for (const id of rooms.inventories.deliveries()) {
      const record = rooms.inventories.get(id);
      if (record?.cluster !== cluster) continue;
      if ([...record.entries.values()].some(({ ref }) => ref.kind === kind.kind && ref.group === kind.group))
        rooms.deliveryQueue.add(id, burstMs);
    }
  }

  claimsFreed(): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    for (const [id, state] of rooms.states.all()) {
      const claimed = state.verdict?.problems.filter(({ code }) => code === 'OBJECT_CLAIMED') ?? [];
      if (claimed.length === 0) continue;
      const cluster = rooms.inventories.get(id)?.cluster ?? '';
      const isFree = ({ object }: Problem): boolean =>
        object !== undefined &&
        rooms.inventories.holder({ cluster, id: idOf(object), except: id }) === undefined;
      // What it failed at can be done now.
      if (claimed.some(isFree)) {
        delete state.failedCandidate;
        state.failures = 0;
        state.retryAt = 0;
      }
      rooms.deliveryQueue.add(id, burstMs);
    }
  }

  contested(cluster: string, ids: readonly ObjectId[]): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    const holders = new Set(ids.map((id) => rooms.inventories.holder({ cluster, id, except: '' })));
    for (const holder of holders) if (holder !== undefined) rooms.deliveryQueue.add(holder, burstMs);
  }

  sourceChanged({ id, after, isNewCommit }: SourceChange): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    const { snapshot, url } = after;
    const users = rooms.declarations.users(id);
    if (!isNewCommit || snapshot === undefined) {
      for (const user of users) rooms.deliveryQueue.add(user);
      return;
    }
    for (const user of users) markUnrendered(user, after, rooms);
    followSiblings(id, after, rooms);
    // What the commit touches goes first; the rest is carried over when that is under way.
    void Promise.all(
      users.map(async (user, index) => {
        const recipe = rooms.states.peek(user)?.recipe;
        // Whatever hinders the comparison: the reconcile tells it.
        const isTouched =
          recipe === undefined || (await rooms.renders.isStale({ url, snapshot, recipe }).catch(() => true));
        const state = rooms.states.peek(user);
        if (!isTouched && state !== undefined && state.unrendered === after.resolved?.commit)
          delete state.unrendered;
        if (isTouched) supersede(rooms, user);
        rooms.deliveryQueue.add(user, isTouched ? 0 : carriedDelayMs + index * carriedSpreadMs);
      }),
    );
  }

  sourceTried(id: SourceId): void {
    const rooms = this.#rooms;
    if (rooms === undefined || !isInlineSource(id)) return;
    for (const user of rooms.declarations.users(id)) {
      const token = rooms.declarations.delivery(user)?.requestToken;
      if (token !== undefined && token !== rooms.states.peek(user)?.handledToken)
        rooms.deliveryQueue.add(user);
    }
  }

  judged(verdict: DeliveryVerdict, before: DeliveryVerdict | undefined): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    const isSame = verdict.stage === before?.stage && verdict.revision?.commit === before.revision?.commit;
    if (isSame) return;
    for (const dependent of rooms.declarations.dependents(verdict.delivery))
      rooms.deliveryQueue.add(dependent);
  }

  pushed(isPushed: (url: string) => boolean): readonly SourceId[] {
    const rooms = this.#rooms;
    if (rooms === undefined) return [];
    const woken = rooms.declarations.sources().filter(({ url }) => isPushed(url));
    for (const { id } of woken) rooms.sourceQueue.add(id);
    return woken.map(({ id }) => id);
  }

  woken(isWoken: (id: SourceId) => boolean): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    for (const { id } of rooms.declarations.sources()) if (isWoken(id)) rooms.sourceQueue.add(id);
  }

  opened({ deliveries, isHub }: Parameters<Waker['opened']>[0]): void {
    const rooms = this.#rooms;
    if (rooms === undefined) return;
    const sources = new Set<SourceId>();
    if (isHub)
      for (const { id, kind } of rooms.declarations.all()) if (kind.role === 'source') sources.add(id);
    for (const id of deliveries) {
      const delivery = rooms.declarations.delivery(id);
      if (delivery !== undefined && isInlineSource(delivery.source)) markRefresh(delivery, rooms);
      if (delivery !== undefined) sources.add(delivery.source);
      rooms.deliveryQueue.add(id);
    }
    for (const id of sources) rooms.sourceQueue.add(id);
  }

  statusChanged(id: string): void {
    const rooms = this.#rooms;
    if (rooms === undefined || !rooms.isElsewhere(id)) return;
    for (const dependent of rooms.declarations.dependents(id)) rooms.deliveryQueue.add(dependent, burstMs);
  }
}

/**
 * A refresh is answered by a fetch that begins after it. Noted here, since the fetch may be over before the delivery is
 * looked at.
 */
function markRefresh({ id, owner, source, requestToken }: Delivery, rooms: WakerRooms): void {
  if (requestToken === undefined) return;
  const attempts = rooms.sources.state(source)?.attempts ?? 0;
  rooms.states.of(id, owner.uid).refresh = { token: requestToken, attempts };
}

/** Until it is known what the delivery wants at this commit, nobody deletes what it may want. */
function markUnrendered(
  id: DeliveryId,
  { resolved }: Pick<SourceState, 'resolved'>,
  rooms: WakerRooms,
): void {
  const state = rooms.states.peek(id);
  if (state !== undefined && resolved !== undefined) state.unrendered = resolved.commit;
}

/** Other sources of the same branch are fetched at once, so that an object can move between their deliveries. */
function followSiblings(id: SourceId, { url, resolved }: SourceState, rooms: WakerRooms): void {
  for (const source of rooms.declarations.sources()) {
    const theirs = rooms.sources.state(source.id)?.resolved;
    if (source.id === id || theirs === undefined || !isSameRepository(source.url, url)) continue;
    if (resolved === undefined || theirs.name !== resolved.name || theirs.commit === resolved.commit)
      continue;
    for (const user of rooms.declarations.users(source.id)) markUnrendered(user, { resolved }, rooms);
    rooms.sourceQueue.add(source.id);
  }
}

/** Ends the rendering of what is no longer wanted; a write that is under way is left alone. */
function supersede(rooms: WakerRooms, id: DeliveryId): void {
  rooms.states.peek(id)?.superseded?.abort(new Error('something newer is wanted'));
}

/** Problems that a change of what is served may end. */
const ofKinds: ReadonlySet<string> = new Set(['KIND_UNKNOWN', 'KIND_UNREADABLE', 'API_SERVICE_DOWN']);

/** The delivery that the object is of, and those that wait for it by name. */
export function concerned(
  of: { readonly cluster: string; readonly id: ObjectId },
  { inventories, declarations }: Pick<WakerRooms, 'inventories' | 'declarations'>,
): ReadonlySet<DeliveryId> {
  const found = new Set<DeliveryId>();
  const holder = inventories.holder({ ...of, except: '' });
  if (holder !== undefined) found.add(holder);
  for (const id of declarations.checkers(of.id))
    if (inventories.get(id)?.cluster === of.cluster) found.add(id);
  return found;
}

/** Whether a change can alter a plan or a verdict. */
function isTelling(before: Conclusion | undefined, after: Conclusion | undefined): boolean {
  if (before === undefined || after === undefined) return true;
  const telling = (of: Conclusion): string =>
    JSON.stringify([of.uid, of.owned, of.managers, of.health, of.deleting, of.images]);
  return telling(before) !== telling(after);
}
