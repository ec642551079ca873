// This replica's own Lease: made, renewed, and given up at the end. It alone says until when anything may be written, by
// this process's own clocks. It knows nothing of claims.

import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { isOverdue, type KubeObject, WeirError } from '@weir/core';
import { isConflict, isNotFound, type KubeClient, pause, type Writer } from '@weir/kube';
import { maxDurationMs, readReplica, renewalPatch, replicaObject, replicaRef } from './lease-objects.ts';
import { type Log, messageOf } from './log.ts';
import { afterDeathMs, isProvenDead, processIdentity } from './process-identity.ts';

export interface ReplicaOptions {
  /** Who this is among the replicas of the hub; by default the host's name and a random end. */
  readonly name?: string;
  /** Nobody takes over before the Lease has not been renewed for so long. */
  readonly leaseDurationMs?: number;
}

export interface ReplicaLeaseOptions {
  readonly name: string;
  readonly durationMs: number;
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** The Lease is there, or was renewed after it had run out. */
  readonly onValid: () => void;
  /** Somebody took the Lease away: whatever this life held, it holds no more. */
  readonly onEnd: () => void;
}

export interface ReplicaLease {
  readonly name: string;
  /** The uid of the Lease; undefined while there is none. */
  life(): string | undefined;
  /** Milliseconds in which everything that is written must have ended; not above 0 when that is over. */
  leftMs(): number;
  /** Tells the others of a push, with a renewal. */
  tell(pushed: string): Promise<void>;
  /** Gives the Lease up, and with it all claims at once. */
  leave(): Promise<void>;
}

export const defaultLeaseDurationMs = 15_000;
const minDurationMs = 1_000;
/** Parts of the duration: how often it is renewed, how soon it is tried again, and what is left for clocks that differ. */
const renewals = 3;
const retries = 15;
const margins = 5;

export function replicaName(name: string | undefined): string {
  return name ?? `${safeHost()}-${randomBytes(3).toString('hex')}`;
}

/** Lease names are lower-case, and host names may be anything. */
function safeHost(): string {
  const safe = hostname()
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  return safe === '' ? 'weir' : safe.slice(0, 50).replace(/-+$/, '');
}

export function leaseDuration(wanted = defaultLeaseDurationMs): number {
  return Math.min(Math.max(Math.ceil(wanted / 1_000) * 1_000, minDurationMs), maxDurationMs);
}

export function keepReplicaLease(options: ReplicaLeaseOptions): ReplicaLease {
  const lease = new KeptLease(options);
  void lease.keep();
  return lease;
}

/** A moment by both clocks: the monotonic one stands still while the machine sleeps, the other one may be set. */
interface Moment {
  readonly monotonicMs: number;
  readonly wallMs: number;
}

const moment = (): Moment => ({ monotonicMs: performance.now(), wallMs: Date.now() });

/** The longer of both: to have waited too long costs a renewal, too short a cluster with two writers. */
const elapsedMs = (since: Moment): number =>
  Math.max(performance.now() - since.monotonicMs, Date.now() - since.wallMs);

class KeptLease implements ReplicaLease {
  readonly name: string;
  readonly #options: ReplicaLeaseOptions;
  readonly #leaving = new AbortController();
  #life: string | undefined;
  /** When the last renewal that the server confirmed was sent. */
  #renewedAt: Moment | undefined;
  #pushed: string | undefined;
  #troubles = 0;

  constructor(options: ReplicaLeaseOptions) {
    this.#options = options;
    this.name = options.name;
    options.signal.addEventListener('abort', () => this.#leaving.abort(), { once: true });
  }

  life(): string | undefined {
    return this.#life;
  }

  leftMs(): number {
    const { durationMs } = this.#options;
    if (this.#life === undefined || this.#renewedAt === undefined) return 0;
    return durationMs - durationMs / margins - elapsedMs(this.#renewedAt);
  }

  async keep(): Promise<void> {
    const { durationMs } = this.#options;
    const { signal } = this.#leaving;
    while (!signal.aborted) {
      const isGood = this.#life === undefined ? await this.#join() : await this.#renew();
      await pause(durationMs / (isGood ? renewals : retries), signal);
    }
  }

  async tell(pushed: string): Promise<void> {
    this.#pushed = pushed;
    if (this.#life !== undefined) await this.#renew();
  }

  async leave(): Promise<void> {
    this.#leaving.abort();
    const life = this.#life;
    this.#life = undefined;
    if (life === undefined) return;
    const { writer, durationMs } = this.#options;
    const signal = AbortSignal.timeout(Math.min(durationMs, 5_000));
    await writer.remove(replicaRef(this.name), { uid: life, propagation: 'Background', signal });
  }

  async #renew(): Promise<boolean> {
    const { writer, durationMs, onValid, onEnd } = this.#options;
    const life = this.#life ?? '';
    const sentAt = moment();
    try {
      const patch = renewalPatch({ life, now: new Date(), pushed: this.#pushed });
      await writer.mergePatch(replicaRef(this.name), patch, { signal: deadline(durationMs / renewals) });
      if (this.#life !== life) return true;
      const wasValid = this.leftMs() > 0;
      this.#renewedAt = later(sentAt, this.#renewedAt);
      this.#troubles = 0;
      if (!wasValid && this.leftMs() > 0) onValid();
      return true;
    } catch (error) {
      if (this.#life !== life) return false;
      if (isNotFound(error) || isConflict(error)) {
        this.#life = undefined;
        this.#renewedAt = undefined;
        this.#options.log({
          level: 'warn',
          code: 'CLAIM_LOST',
          message: `replica ${this.name}: its Lease was taken away, since it had not been renewed in time; it begins anew`,
        });
        onEnd();
        return false;
      }
      this.#complain(`replica ${this.name}: its Lease was not renewed`, error);
      return false;
    }
  }

  async #join(): Promise<boolean> {
    const { writer, client, onValid, log } = this.#options;
    const ref = replicaRef(this.name);
    const sentAt = moment();
    try {
      const { durationMs } = this.#options;
      const made = await writer.create(
        replicaObject({ name: this.name, durationMs, process: processIdentity(), now: new Date() }),
        { fieldManager: 'weir', signal: deadline(durationMs) },
      );
      if (made !== undefined) {
        this.#begin(made, sentAt);
        onValid();
        return true;
      }
      const other = await client.get(ref, deadline(durationMs));
      if (other === undefined) return this.#join();
      log({
        level: 'info',
        message: `replica ${this.name}: waits for the end of an earlier one of this name`,
      });
      await this.#outlive(other);
      return false;
    } catch (error) {
      this.#complain(`replica ${this.name}: its Lease could not be made`, error);
      return false;
    }
  }

  #begin(made: KubeObject, sentAt: Moment): void {
    this.#life = made.metadata.uid;
    this.#renewedAt = sentAt;
    this.#troubles = 0;
    this.#options.log({
      level: 'info',
      message: `replica ${this.name} lives, with a Lease of ${this.#options.durationMs / 1_000} s`,
    });
  }

  /** Takes the Lease of an earlier process of this name away, when it is dead or has not renewed it for its duration. */
  async #outlive(first: KubeObject): Promise<void> {
    const { writer, client, durationMs } = this.#options;
    const { signal } = this.#leaving;
    const ref = replicaRef(this.name);
    let seen = { object: first, atMs: performance.now() };
    while (!signal.aborted) {
      const { uid, resourceVersion } = seen.object.metadata;
      const lease = readReplica(seen.object);
      const sighting = { durationMs: lease?.durationMs ?? maxDurationMs, seenAtMs: seen.atMs };
      const isDead = isProvenDead(lease?.process);
      if (isDead) await pause(afterDeathMs, signal);
      if (isDead || isOverdue(sighting, performance.now())) {
        const version = {
          ...(uid === undefined ? {} : { uid }),
          ...(resourceVersion === undefined ? {} : { resourceVersion }),
        };
        await writer.remove(ref, { ...version, propagation: 'Background', signal: deadline(durationMs) });
        return;
      }
      await pause(Math.min(1_000, sighting.durationMs / retries), signal);
      const now = await client.get(ref, deadline(durationMs));
      if (now === undefined) return;
      if (now.metadata.resourceVersion !== resourceVersion) seen = { object: now, atMs: performance.now() };
    }
  }

  /** The first of a row, and then now and then. */
  #complain(what: string, error: unknown): void {
    if (this.#leaving.signal.aborted || this.#troubles++ % retries !== 0) return;
    const code = error instanceof WeirError ? { code: error.problem.code } : {};
    this.#options.log({ level: 'warn', ...code, message: `${what}: ${messageOf(error)}` });
  }
}

function later(a: Moment, b: Moment | undefined): Moment {
  return b === undefined || a.monotonicMs > b.monotonicMs ? a : b;
}

const deadline = (ms: number): AbortSignal => AbortSignal.timeout(Math.max(Math.round(ms), 500));
