// Which clusters this replica acts for now: takes, adopts, hands over and releases claims as `planClaims` says, and refuses
// every write where the claim is not held or the Lease runs out. It does no work on a cluster itself.

import { type ClaimAction, isOverdue, type LiveReplica, planClaims, WeirError } from '@weir/core';
import { isConflict, isNotFound, type KubeClient, type WriteGuard, type Writer } from '@weir/kube';
import { createHolding, type Holding } from './holding.ts';
import { type LeaseBoard, type SeenReplica, watchLeases } from './lease-board.ts';
import { claimObject, claimRef, handOverPatch, readClaim, replicaRef } from './lease-objects.ts';
import { type Log, messageOf } from './log.ts';
import { afterDeathMs, isProvenDead } from './process-identity.ts';
import {
  keepReplicaLease,
  leaseDuration,
  type ReplicaLease,
  type ReplicaOptions,
  replicaName,
} from './replica-lease.ts';

/** A cluster that this replica has work for. */
export interface Candidate {
  /** What people call it. */
  readonly name: string;
  /** It was never reached from here: others go first, by far. */
  readonly isUnreached?: boolean;
}

export interface ClaimsListener {
  /** By key; asked often. */
  readonly candidates: () => ReadonlyMap<string, Candidate>;
  /** The claim is held: what others may have written meanwhile is read before any work begins. */
  readonly onGained: (key: string) => Promise<void>;
  /** Work may begin, for the first time or again. */
  readonly onOpen: (key: string) => void;
  /** All work has ended and the claim will be given away: what is not written yet is written now. */
  readonly onClosing: (key: string) => Promise<void>;
  /** Nothing that is known of the cluster counts any more. */
  readonly onLost: (key: string) => void;
  /** Another replica heard of a push. */
  readonly onPushed: (text: string) => void;
}

export interface ClaimsOptions extends ReplicaOptions {
  readonly client: KubeClient;
  /** Writes Leases; needs no claim. */
  readonly writer: Writer;
  readonly log: Log;
  readonly signal: AbortSignal;
}

export interface Claims {
  readonly replica: string;
  begin(listener: ClaimsListener): void;
  /** Whether work on the cluster may begin. */
  isOpen(key: string): boolean;
  /** Every writer of the cluster, and of what is kept about it on the hub, asks this. */
  guard(key: string): WriteGuard;
  /** Counts the holders of the claim; undefined while it is not held. */
  epoch(key: string): number | undefined;
  /**
   * Does work that ends, by its signal, when the claim is lost. Its answer counts only where the claim was held all the
   * time; `lost` otherwise, also where it could not begin.
   */
  work<T>(key: string, signal: AbortSignal, run: (signal: AbortSignal) => Promise<T>): Promise<T | 'lost'>;
  /** Tells the other replicas, where there are any. */
  tell(pushed: string): void;
  /** Gives everything up at once. The work must have ended. */
  stop(): Promise<void>;
}

/** With less time than this nothing is begun. */
const minLeftMs = 250;
/** A replica that gave a claim back is left alone for so long. */
const refusedMs = 600_000;
/** Work that is under way has so long to end before a claim is handed over; else that is tried again later. */
const drainMs = 30_000;
const requestMs = 10_000;

export function createClaims(options: ClaimsOptions): Claims {
  return new ClaimLoop(options);
}

class ClaimLoop implements Claims {
  readonly replica: string;
  readonly #options: ClaimsOptions;
  readonly #durationMs: number;
  readonly #lease: ReplicaLease;
  readonly #board: LeaseBoard;
  readonly #held = new Map<string, Holding>();
  /** Keys about which something is under way. */
  readonly #busy = new Set<string>();
  /** Since when a key has had no holder that lives. */
  readonly #freeSince = new Map<string, number>();
  /** `key life` -> until when. */
  readonly #refused = new Map<string, number>();
  /** A claim was given away and the answer was lost: until it is known, it is nobody's. */
  readonly #givenAway = new Map<string, ClaimAction>();
  readonly #fenced = new Set<string>();
  /** Since when a life is known to have no process any more. */
  readonly #deadSince = new Map<string, number>();
  #listener: ClaimsListener | undefined;
  #ticker: NodeJS.Timeout | undefined;
  #soon: NodeJS.Timeout | undefined;
  #isStopped = false;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    this.replica = replicaName(options.name);
    this.#durationMs = leaseDuration(options.leaseDurationMs);
    const { client, writer, log, signal } = options;
    this.#board = watchLeases({
      client,
      signal,
      onChange: () => this.#tickSoon(),
      onPushed: ({ name }, text) => name !== this.replica && this.#listener?.onPushed(text),
      onTrouble: (error) =>
        log({ level: 'warn', message: `watch of the replicas' Leases failed: ${messageOf(error)}` }),
    });
    this.#lease = keepReplicaLease({
      name: this.replica,
      durationMs: this.#durationMs,
      client,
      writer,
      log,
      signal,
      onValid: () => this.#tick(),
      onEnd: () => this.#loseAll(),
    });
  }

  begin(listener: ClaimsListener): void {
    this.#listener = listener;
    this.#ticker = setInterval(() => this.#tick(), this.#durationMs / 15);
    this.#tick();
  }

  isOpen(key: string): boolean {
    return this.#held.get(key)?.stage === 'open' && this.#lease.leftMs() > minLeftMs;
  }

  epoch(key: string): number | undefined {
    return this.#held.get(key)?.epoch;
  }

  guard(key: string): WriteGuard {
    return { leftMs: () => this.#leftMs(key) };
  }

  #leftMs(key: string): number {
    const holding = this.#held.get(key);
    const leftMs = this.#lease.leftMs();
    if (leftMs <= minLeftMs) this.#pauseAll();
    if (holding === undefined || holding.stage === 'paused' || leftMs <= minLeftMs)
      throw lost(key, holding === undefined ? 'is not held' : 'is held, but the Lease has run out');
    return leftMs;
  }

  async work<T>(
    key: string,
    signal: AbortSignal,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | 'lost'> {
    const holding = this.#held.get(key);
    if (holding === undefined || !this.isOpen(key)) return 'lost';
    return holding.work(signal, run);
  }

  tell(pushed: string): void {
    const others = this.#board.replicas().some(({ life }) => life !== this.#lease.life());
    if (others) void this.#lease.tell(pushed);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearInterval(this.#ticker);
    clearTimeout(this.#soon);
    this.#loseAll();
    try {
      await this.#lease.leave();
    } catch (error) {
      const message = `replica ${this.replica}: its Lease was not given up: ${messageOf(error)}`;
      this.#options.log({ level: 'warn', message });
    }
  }

  /** The Lease runs, after it had run out. What nobody took meanwhile is still held. */
  #resume(): void {
    for (const [key, holding] of this.#held)
      if (holding.stage === 'paused') {
        holding.open();
        this.#listener?.onOpen(key);
      }
  }

  #pauseAll(): void {
    for (const [key, holding] of this.#held)
      if (holding.stage === 'open' || holding.stage === 'draining')
        holding.pause(lost(key, 'is held, but the Lease has run out'));
  }

  #loseAll(): void {
    for (const key of [...this.#held.keys()]) this.#lose(key);
  }

  #lose(key: string): void {
    const holding = this.#held.get(key);
    if (holding === undefined) return;
    this.#held.delete(key);
    holding.pause(lost(key, 'is not held any more'));
    if (!this.#isStopped) this.#listener?.onLost(key);
  }

  /** Changes come in bursts. */
  #tickSoon(): void {
    this.#soon ??= setTimeout(() => this.#tick(), 10);
  }

  #tick(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    const listener = this.#listener;
    if (this.#isStopped || listener === undefined) return;
    if (this.#lease.leftMs() <= minLeftMs) {
      this.#pauseAll();
      return;
    }
    this.#resume();
    if (!this.#board.isComplete()) return;
    this.#fenceTheDead();
    this.#plan(listener);
  }

  /** Nothing that a silent replica holds is taken before its Lease is away, by the very version that was silent. */
  #fenceTheDead(): void {
    const now = performance.now();
    const seen = this.#board.replicas();
    for (const life of this.#deadSince.keys())
      if (seen.every((replica) => replica.life !== life)) this.#deadSince.delete(life);
    for (const replica of seen) {
      const isSelf = replica.life === this.#lease.life();
      const isDead = isOverdue(replica, now) || this.#isLongDead(replica, now);
      const fence = `${replica.life} ${replica.version}`;
      if (isSelf || !isDead || this.#fenced.has(fence)) continue;
      this.#fenced.add(fence);
      void this.#fence(replica).finally(() =>
        setTimeout(() => this.#fenced.delete(fence), requestMs).unref(),
      );
    }
  }

  #isLongDead({ life, process }: SeenReplica, now: number): boolean {
    if (!isProvenDead(process)) return false;
    const since = this.#deadSince.get(life) ?? now;
    this.#deadSince.set(life, since);
    return now - since >= afterDeathMs;
  }

  async #fence({ name, life, version }: SeenReplica): Promise<void> {
    const { writer, log } = this.#options;
    try {
      await writer.remove(replicaRef(name), {
        uid: life,
        resourceVersion: version,
        propagation: 'Background',
        signal: AbortSignal.timeout(requestMs),
      });
      this.#board.noteGone(life);
      log({
        level: 'warn',
        message: `replica ${name} is gone: its Lease was not renewed, or its process is dead`,
      });
      this.#tickSoon();
    } catch (error) {
      // It has renewed in between, or somebody else was first: an event tells.
      if (!isConflict(error))
        log({ level: 'warn', message: `Lease of replica ${name}: ${messageOf(error)}` });
    }
  }

  #plan(listener: ClaimsListener): void {
    const life = this.#lease.life();
    if (life === undefined) return;
    const now = performance.now();
    const replicas = this.#live(now);
    const candidates = listener.candidates();
    this.#noteFree(candidates, now);
    const actions = planClaims({
      self: { name: this.replica, life },
      replicas,
      claims: this.#board.claims(),
      wanted: this.#wanted(candidates, now),
      held: new Set(this.#held.keys()),
      freeForMs: (key) => now - (this.#freeSince.get(key) ?? now),
      isRefused: (key, by) => (this.#refused.get(`${key} ${by}`) ?? 0) > now,
      settings: { settleMs: 2 * this.#durationMs, patienceMs: this.#durationMs / 5, maxHandOvers: 4 },
    });
    for (const [key, action] of this.#givenAway) this.#perform(key, () => this.#write(action, life));
    for (const action of actions)
      if (!this.#givenAway.has(action.key)) this.#perform(action.key, () => this.#act(action, life));
  }

  /** Whoever is late with its renewals gets nothing new. */
  #live(now: number): LiveReplica[] {
    const own = this.#lease.life();
    const others = this.#board
      .replicas()
      .filter(({ life }) => life !== own)
      .map((replica) => ({
        name: replica.name,
        life: replica.life,
        aliveForMs: now - replica.seenAtMs > replica.durationMs / 2 ? 0 : now - replica.firstSeenAtMs,
      }));
    return own === undefined ? others : [...others, { name: this.replica, life: own, aliveForMs: 0 }];
  }

  #noteFree(candidates: ReadonlyMap<string, Candidate>, now: number): void {
    const alive = new Set(this.#board.replicas().map(({ life }) => life));
    for (const key of candidates.keys()) {
      const holder = this.#board.claim(key)?.holder;
      if (holder !== undefined && alive.has(holder.life)) this.#freeSince.delete(key);
      else if (!this.#freeSince.has(key)) this.#freeSince.set(key, now);
    }
    for (const key of this.#freeSince.keys()) if (!candidates.has(key)) this.#freeSince.delete(key);
  }

  /** What was never reached is only taken when nobody wants it, so that somebody tells that it cannot be reached. */
  #wanted(candidates: ReadonlyMap<string, Candidate>, now: number): Set<string> {
    const wanted = new Set<string>();
    for (const [key, { isUnreached }] of candidates) {
      const freeForMs = now - (this.#freeSince.get(key) ?? now);
      if (isUnreached !== true || this.#held.has(key) || freeForMs > this.#durationMs) wanted.add(key);
    }
    return wanted;
  }

  /** One thing at a time about each claim. */
  #perform(key: string, action: () => Promise<void>): void {
    if (this.#busy.has(key)) return;
    this.#busy.add(key);
    const done = (): void => {
      this.#busy.delete(key);
    };
    action()
      .catch((error: unknown) =>
        this.#options.log({ level: 'warn', message: `claim on cluster ${key}: ${messageOf(error)}` }),
      )
      .finally(done);
  }

  async #act(action: ClaimAction, life: string): Promise<void> {
    const { key } = action;
    if (action.kind === 'take' || action.kind === 'adopt') {
      const epoch =
        action.kind === 'take' ? await this.#take(action, life) : await this.#reread(action, life);
      if (epoch !== undefined && this.#lease.life() === life) await this.#gain(key, epoch);
      return;
    }
    const holding = this.#held.get(key);
    if (holding !== undefined) {
      if (!(await holding.drain(drainMs))) {
        this.#refuse(action);
        return this.#listener?.onOpen(key);
      }
      await this.#listener?.onClosing(key);
      this.#lose(key);
    }
    await this.#write(action, life);
  }

  async #take(action: ClaimAction, life: string): Promise<number | undefined> {
    const { key, epoch } = action;
    const { writer } = this.#options;
    const before = this.#board.claim(key);
    const now = new Date();
    const holder = { name: this.replica, life };
    const signal = AbortSignal.timeout(requestMs);
    const clusterName = this.#listener?.candidates().get(key)?.name;
    try {
      const made =
        before === undefined
          ? await writer.create(claimObject({ key, clusterName: clusterName ?? '', holder, now }), {
              fieldManager: 'weir',
              signal,
            })
          : await writer.mergePatch(
              claimRef(key),
              handOverPatch({ version: before.version, epoch, holder, clusterName, now }),
              { signal },
            );
      if (made === undefined) return undefined;
      this.#board.note(made);
      return epoch;
    } catch (error) {
      // Somebody else was first; an event tells who.
      if (isConflict(error) || isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** A claim that names this life, asked for anew: what is seen by a watch may be of a time before it was given away. */
  async #reread({ key }: ClaimAction, life: string): Promise<number | undefined> {
    const object = await this.#options.client.get(claimRef(key), AbortSignal.timeout(requestMs));
    const claim = object === undefined ? undefined : readClaim(object);
    return claim?.holder?.life === life ? claim.epoch : undefined;
  }

  async #gain(key: string, epoch: number): Promise<void> {
    const holding = createHolding(epoch);
    this.#held.set(key, holding);
    const { log } = this.#options;
    const name = this.#listener?.candidates().get(key)?.name ?? key;
    for (let delayMs = 500; ; delayMs = Math.min(delayMs * 2, 10_000)) {
      try {
        await this.#listener?.onGained(key);
        break;
      } catch (error) {
        log({ level: 'warn', message: `cluster ${name}: what it holds was not read: ${messageOf(error)}` });
        await new Promise((resolve) => setTimeout(resolve, delayMs));
      }
      if (this.#held.get(key) !== holding) return;
    }
    if (this.#held.get(key) !== holding) return;
    log({ level: 'info', message: `holds cluster ${name} (epoch ${epoch})` });
    holding.open();
    this.#listener?.onOpen(key);
  }

  /** Gives a claim away. As long as nobody knows whether that was heard, it is neither held nor taken again. */
  async #write(action: ClaimAction, life: string): Promise<void> {
    const { key, epoch } = action;
    const before = this.#board.claim(key);
    const holder = action.kind === 'hand-over' ? action.to : undefined;
    if (before?.holder?.life !== life) {
      this.#givenAway.delete(key);
      return;
    }
    this.#givenAway.set(key, action);
    const { writer, log } = this.#options;
    const patch = handOverPatch({ version: before.version, epoch, holder, now: new Date() });
    try {
      const after = await writer.mergePatch(claimRef(key), patch, { signal: AbortSignal.timeout(requestMs) });
      this.#board.note(after);
      log({
        level: 'info',
        message: `gave cluster ${before.clusterName} to ${holder?.name ?? 'nobody'} (epoch ${epoch})`,
      });
    } catch (error) {
      if (!isConflict(error) && !isNotFound(error)) throw error;
    }
    this.#givenAway.delete(key);
    this.#refuse(action);
  }

  /** If the claim comes back, its receiver had no use for it. */
  #refuse(action: ClaimAction): void {
    const now = performance.now();
    for (const [known, until] of this.#refused) if (until <= now) this.#refused.delete(known);
    if (action.kind === 'hand-over') this.#refused.set(`${action.key} ${action.to.life}`, now + refusedMs);
  }
}

function lost(key: string, why: string): WeirError {
  return new WeirError({
    code: 'CLAIM_LOST',
    message: `cluster ${key}: its claim ${why}; what was begun here ends, and the holder goes on`,
  });
}
