// Which objects are to be judged by which script, and in which batches: each once, the newest version of it, scripts in
// turn, and those that took too long apart from the others. It evaluates nothing and keeps no answer.
// Bounds: one task an object and script; at most `maxHeld` objects are held, the others are read when their turn comes.

import type { KubeObject, ObjectId, ObjectRef } from '@weir/core';
import type { KnownScript } from './health-scripts.ts';

export interface ScriptTask {
  readonly cluster: string;
  readonly id: ObjectId;
  readonly ref: ObjectRef;
  readonly known: KnownScript;
  readonly read: (ref: ObjectRef, signal: AbortSignal) => Promise<KubeObject | undefined>;
  /** As it came by; else it is read. */
  readonly object?: KubeObject;
}

/** `slow`: of scripts that ran into a limit before. */
export type Lane = 'quick' | 'slow';

export const maxHeld = 200;
const batchSizes: Readonly<Record<Lane, number>> = { quick: 100, slow: 5 };

export const taskKey = (of: { cluster: string; id: ObjectId; digest: string }): string =>
  `${of.cluster}\0${of.digest}\0${of.id}`;

const keyOf = ({ cluster, id, known }: ScriptTask): string => taskKey({ cluster, id, digest: known.digest });

export class ScriptQueue {
  /** By script; the first is next. */
  readonly #waiting = new Map<string, Map<string, ScriptTask>>();
  readonly #running = new Set<string>();
  readonly #slow = new Set<string>();
  #held = 0;

  has(key: string): boolean {
    if (this.#running.has(key)) return true;
    for (const tasks of this.#waiting.values()) if (tasks.has(key)) return true;
    return false;
  }

  add(task: ScriptTask): void {
    const { digest } = task.known;
    const tasks = this.#waiting.get(digest) ?? new Map<string, ScriptTask>();
    this.#waiting.set(digest, tasks);
    const key = keyOf(task);
    this.#drop(tasks, key);
    const { object, ...bare } = task;
    const isHeld = object !== undefined && this.#held < maxHeld;
    if (isHeld) this.#held += 1;
    tasks.set(key, isHeld ? task : bare);
  }

  /** The object is gone. */
  forget(of: { cluster: string; id: ObjectId }): void {
    for (const [digest, tasks] of this.#waiting) {
      const key = taskKey({ ...of, digest });
      this.#running.delete(key);
      this.#drop(tasks, key);
      if (tasks.size === 0) this.#waiting.delete(digest);
    }
    for (const key of this.#running)
      if (key.startsWith(`${of.cluster}\0`) && key.endsWith(`\0${of.id}`)) this.#running.delete(key);
  }

  /** The next batch of one script. It counts as running until `finish`. */
  take(lane: Lane): ScriptTask[] {
    for (const [digest, tasks] of this.#waiting) {
      if (this.#slow.has(digest) !== (lane === 'slow')) continue;
      const batch = [...tasks].slice(0, batchSizes[lane]);
      for (const [key] of batch) {
        this.#drop(tasks, key);
        this.#running.add(key);
      }
      // At the end of the row, so that scripts take turns.
      this.#waiting.delete(digest);
      if (tasks.size > 0) this.#waiting.set(digest, tasks);
      return batch.map(([, task]) => task);
    }
    return [];
  }

  /** Whether the answer still counts: the object may have gone meanwhile. */
  finish(task: ScriptTask): boolean {
    return this.#running.delete(keyOf(task));
  }

  markSlow(digest: string, isSlow: boolean): void {
    if (isSlow) this.#slow.add(digest);
    else this.#slow.delete(digest);
  }

  #drop(tasks: Map<string, ScriptTask>, key: string): void {
    if (tasks.get(key)?.object !== undefined) this.#held -= 1;
    tasks.delete(key);
  }
}
