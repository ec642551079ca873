// What Git says now, for each delivery of the fault loop, and how a commit changes it. It knows no cluster.

import type { SeededRandom } from '@weir/testkit';
import type { Files } from '../e2e/rig/repo.ts';
import type { ClusterName } from './fault-fleet.ts';

export interface ManagedDelivery {
  readonly dialect: 'argocd' | 'flux';
  readonly cluster: ClusterName;
  /** Of the custom resource, of the directory in Git, and of the namespace on the cluster. */
  readonly name: string;
}

export const deliveries: readonly ManagedDelivery[] = (['argocd', 'flux'] as const).flatMap((dialect) =>
  (['hub', 'east'] as const).map((cluster) => ({ dialect, cluster, name: `${dialect}-on-${cluster}` })),
);

export type ManagedKind = 'ConfigMap' | 'Secret';
export const managedKinds: readonly ManagedKind[] = ['ConfigMap', 'Secret'];

/** `ConfigMap/object-3` */
export type ObjectKey = `${ManagedKind}/${string}`;

const fewest = 4;
const most = 12;

export class GitModel {
  readonly #random: SeededRandom;
  readonly #live = new Map<string, Map<ObjectKey, string>>();
  readonly #ever = new Map<string, Set<ObjectKey>>();
  readonly #removed = new Map<string, Set<ObjectKey>>();
  #made = 0;
  #changes = 0;

  constructor(random: SeededRandom) {
    this.#random = random;
    for (const { name } of deliveries) {
      this.#live.set(name, new Map());
      this.#ever.set(name, new Set());
      this.#removed.set(name, new Set());
    }
  }

  /** Objects of the delivery with their values, as Git has them. */
  objects(delivery: string): ReadonlyMap<ObjectKey, string> {
    return this.#live.get(delivery) ?? new Map();
  }

  /** Whether it was in Git at any time. */
  wasEver(delivery: string, key: ObjectKey): boolean {
    return this.#ever.get(delivery)?.has(key) === true;
  }

  /** Whether a commit removed it at any time. */
  wasRemoved(delivery: string, key: ObjectKey): boolean {
    return this.#removed.get(delivery)?.has(key) === true;
  }

  /** The files of the first commit. */
  begin(): Files {
    const files: Record<string, string | null> = {};
    for (const { name } of deliveries) for (let i = 0; i < 6; i++) this.#put(files, name, this.#newKey());
    return files;
  }

  /** A change of one to four deliveries; what is in `kept` stays. */
  change(kept: ReadonlySet<string>): Files {
    const random = this.#random;
    const files: Record<string, string | null> = {};
    const count = random.between(1, deliveries.length);
    const chosen = deliveries.filter((_, i) => i < count || random.chance(0.3));
    for (const { name } of chosen) {
      const live = this.objects(name);
      for (let i = random.between(0, 3); i > 0 && live.size < most; i--)
        this.#put(files, name, this.#nextKey(name));
      for (let i = random.between(0, 3); i > 0; i--) this.#put(files, name, random.pick([...live.keys()]));
      for (let i = random.between(0, 3); i > 0 && live.size > fewest; i--) {
        const key = random.pick([...live.keys()]);
        if (!kept.has(`${name}/${key}`)) this.#remove(files, name, key);
      }
    }
    return files;
  }

  /** Sometimes one that left Git comes back. */
  #nextKey(delivery: string): ObjectKey {
    const gone = [...(this.#removed.get(delivery) ?? [])].filter((key) => !this.objects(delivery).has(key));
    return gone.length > 0 && this.#random.chance(0.3) ? this.#random.pick(gone.slice(-5)) : this.#newKey();
  }

  #newKey(): ObjectKey {
    return `${this.#random.pick(['ConfigMap', 'ConfigMap', 'Secret'] as const)}/object-${this.#made++}`;
  }

  #put(files: Record<string, string | null>, delivery: string, key: ObjectKey): void {
    const value = `v${this.#changes++}`;
    this.#live.get(delivery)?.set(key, value);
    this.#ever.get(delivery)?.add(key);
    files[fileOf(delivery, key)] = manifestOf(key, { value, namespace: delivery });
  }

  #remove(files: Record<string, string | null>, delivery: string, key: ObjectKey): void {
    this.#live.get(delivery)?.delete(key);
    this.#removed.get(delivery)?.add(key);
    files[fileOf(delivery, key)] = null;
  }
}

const fileOf = (delivery: string, key: ObjectKey): string =>
  `${delivery}/${key.replace('/', '-').toLowerCase()}.yaml`;

function manifestOf(key: ObjectKey, of: { value: string; namespace: string }): string {
  const [kind, name] = key.split('/');
  const data = kind === 'Secret' ? 'stringData' : 'data';
  return `apiVersion: v1\nkind: ${kind}\nmetadata:\n  name: ${name}\n  namespace: ${of.namespace}\n${data}:\n  value: ${of.value}\n`;
}
