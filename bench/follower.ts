// Sees objects arrive: a watch on a namespace, and waits for what it shows. It writes nothing.

import type { KubeObject } from '@weir/core';
import type { Rig } from './rig.ts';
import { plurals } from './workload.ts';

export class Follower {
  readonly #stop = new AbortController();
  /** `Kind/name` and the revision that it carries. */
  readonly #seen = new Map<string, string>();
  readonly #counts = new Map<string, number>();
  readonly #waits = new Set<{ isDone: () => boolean; resolve: () => void }>();

  constructor(rig: Rig, namespace: string) {
    for (const plural of plurals) void this.#follow(rig, { namespace, plural });
  }

  async #follow(rig: Rig, of: { namespace: string; plural: string }): Promise<void> {
    for await (const event of rig.admin.watch(
      { group: '', version: 'v1', plural: of.plural },
      { namespace: of.namespace, signal: this.#stop.signal },
    )) {
      if (event.kind === 'put') this.#see(event.object);
      for (const wait of this.#waits) if (wait.isDone()) wait.resolve();
    }
  }

  #see({ kind, metadata }: KubeObject): void {
    const key = `${kind}/${metadata.name}`;
    const revision = metadata.annotations?.['bench/revision'] ?? '';
    const before = this.#seen.get(key);
    if (before !== undefined) this.#counts.set(before, this.count(before) - 1);
    this.#seen.set(key, revision);
    this.#counts.set(revision, this.count(revision) + 1);
  }

  has(object: KubeObject, revision: string): boolean {
    return this.#seen.get(`${object.kind}/${object.metadata.name}`) === revision;
  }

  count(revision: string): number {
    return this.#counts.get(revision) ?? 0;
  }

  async until(isDone: () => boolean, timeoutMs: number): Promise<void> {
    if (isDone()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error('the objects did not arrive in time')), timeoutMs);
      const wait = {
        isDone,
        resolve: () => {
          clearTimeout(timer);
          this.#waits.delete(wait);
          resolve();
        },
      };
      this.#waits.add(wait);
    });
  }

  stop(): void {
    this.#stop.abort(new Error('done'));
  }
}
