// Decides how the tests of the plan write down a world in a few words: Git, inventory and cluster as lines of text,
// and a model of a cluster in which a plan can be carried out. It is no part of the product.

import type { Delivery, OwnershipMark } from './delivery.ts';
import type { Desired } from './desired.ts';
import type { Inventory, InventoryEntry } from './inventory.ts';
import type { Conclusion } from './live.ts';
import { apiVersionOf, idOf, type KubeObject, type ObjectId, type ObjectRef } from './object.ts';
import { planSync } from './plan.ts';
import type { Plan } from './plan-action.ts';
import { planRemoval } from './plan-departures.ts';
import type { PlanInput } from './plan-input.ts';

const groups: Readonly<Record<string, string>> = {
  Deployment: 'apps',
  Widget: 'example.com',
  ClusterRole: 'rbac.authorization.k8s.io',
  CustomResourceDefinition: 'apiextensions.k8s.io',
};

const mark: OwnershipMark = { kind: 'labels', labels: { owner: 'us' } };
const manager = 'weir-test';

const policy: Delivery['policy'] = {
  mode: 'automatic',
  prune: true,
  selfHeal: true,
  allowEmpty: false,
  wait: false,
  createNamespace: false,
  force: false,
  failOnShared: false,
  timeoutMs: 300_000,
  retry: { limit: 5, baseMs: 5_000, factor: 2, maxMs: 180_000 },
  intervalMs: 600_000,
};

export function makeDelivery(
  over: Partial<Delivery> = {},
  withPolicy: Partial<Delivery['policy']> = {},
): Delivery {
  return {
    id: 'argocd:Application:argocd/shop',
    dialect: 'argocd',
    owner: {
      group: 'argoproj.io',
      version: 'v1alpha1',
      kind: 'Application',
      namespace: 'argocd',
      name: 'shop',
      uid: 'uid-shop',
      generation: 1,
    },
    source: 'git:https://git.test/shop.git@main',
    recipe: { path: 'shop', type: 'auto' },
    cluster: { kind: 'hub' },
    namespace: 'web',
    mark,
    fieldManager: manager,
    deletion: { ensureFinalizer: false, mode: 'delete', propagation: 'Background' },
    dependsOn: [],
    suspended: false,
    deleting: false,
    ...over,
    policy: { ...policy, ...over.policy, ...withPolicy },
  };
}

/** `Kind/namespace/name`, or `Kind/name` for what has no namespace. */
export function refFrom(text: string): ObjectRef {
  const [kind = '', ...place] = text.split('/');
  const [namespace = '', name = ''] = place.length === 1 ? ['', place[0]] : place;
  return { group: groups[kind] ?? '', version: 'v1', kind, namespace, name };
}

interface Line {
  readonly ref: ObjectRef;
  readonly words: readonly string[];
}

export function linesOf(text: string): Line[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => {
      const [where = '', ...words] = line.split(/\s+/);
      return { ref: refFrom(where), words };
    });
}

const wordAfter = (words: readonly string[], key: string): string | undefined =>
  words.find((word) => word.startsWith(`${key}=`))?.slice(key.length + 1);

/** `ConfigMap/web/a v1`: an object whose digest is `v1`. */
export function gitFrom(text: string): Desired[] {
  return linesOf(text).map(({ ref, words }) => desiredOf(ref, words[0] ?? 'v1'));
}

export function desiredOf(ref: ObjectRef, digest: string): Desired {
  const object: KubeObject = {
    apiVersion: apiVersionOf(ref),
    kind: ref.kind,
    metadata: { name: ref.name, ...(ref.namespace === '' ? {} : { namespace: ref.namespace }) },
  };
  return { id: idOf(ref), ref, object, digest };
}

/** `ConfigMap/web/a v1`: was applied as v1; `planned`: was about to be; `uid=x`: as that object; `nouid`. */
export function inventoryFrom(text: string): Map<ObjectId, InventoryEntry> {
  return new Map(
    linesOf(text).map(({ ref, words }) => {
      if (words.includes('planned')) return [idOf(ref), { ref, state: 'planned' }];
      const digest = words[0] ?? 'v1';
      const uid = wordAfter(words, 'uid') ?? `uid-${ref.name}`;
      const entry: InventoryEntry = { ref, state: 'present', desired: digest, owned: digest };
      return [idOf(ref), words.includes('nouid') ? entry : { ...entry, uid }];
    }),
  );
}

/** `ConfigMap/web/a v1`: marked as ours, and what we own digests to v1; `foreign`: no mark; `deleting`; `uid=x`. */
export function liveFrom(text: string): Map<ObjectId, Conclusion> {
  return new Map(
    linesOf(text).map(({ ref, words }) => [
      idOf(ref),
      {
        id: idOf(ref),
        ref,
        uid: wordAfter(words, 'uid') ?? `uid-${ref.name}`,
        resourceVersion: '1',
        marks: words.includes('foreign') ? {} : { owner: 'us' },
        owned: words.includes('unowned') ? {} : { [manager]: words[0] ?? 'v1' },
        images: [],
        deleting: words.includes('deleting'),
        finalizers: [],
      },
    ]),
  );
}

export interface World {
  readonly git?: string;
  readonly inventory?: string;
  readonly live?: string;
  readonly policy?: Partial<Delivery['policy']>;
  readonly delivery?: Partial<Delivery>;
  /** Ids of objects that another delivery has. */
  readonly claimed?: readonly string[];
  /** Kinds that the cluster does not serve. */
  readonly unserved?: readonly string[];
  readonly given?: Partial<Pick<PlanInput, 'execute' | 'heal' | 'prune' | 'isServed' | 'isBlind'>>;
}

const other = 'flux:Kustomization:apps/other';

export function planOf(world: World): Plan {
  const live = liveFrom(world.live ?? '');
  const claimed = (world.claimed ?? []).map((text) => idOf(refFrom(text)));
  return planSync({
    delivery: makeDelivery(world.delivery, world.policy),
    desired: gitFrom(world.git ?? ''),
    inventory: inventoryOf(inventoryFrom(world.inventory ?? '')),
    live: (ref) => live.get(idOf(ref)),
    claimedBy: (id) => (claimed.includes(id) ? other : undefined),
    isServed: ({ kind }) => !(world.unserved ?? []).includes(kind),
    execute: true,
    heal: true,
    prune: true,
    digest: weakDigest,
    ...world.given,
  });
}

export function removalOf(world: World): Plan {
  const live = liveFrom(world.live ?? '');
  const claimed = (world.claimed ?? []).map((text) => idOf(refFrom(text)));
  return planRemoval({
    delivery: makeDelivery(world.delivery, world.policy),
    inventory: inventoryOf(inventoryFrom(world.inventory ?? '')),
    live: (ref) => live.get(idOf(ref)),
    claimedBy: (id) => (claimed.includes(id) ? other : undefined),
  });
}

export function inventoryOf(entries: ReadonlyMap<ObjectId, InventoryEntry>): Inventory {
  return { delivery: 'argocd:Application:argocd/shop', cluster: 'hub', entries };
}

/** Short and stable, with no crypto at hand: 12 hex digits. */
export function weakDigest(text: string): string {
  let hash = 7;
  for (const char of text) hash = (hash * 31 + (char.codePointAt(0) ?? 0)) % 0xffffffff;
  return hash.toString(16).padStart(12, '0');
}

/** A cluster and an inventory that change as a plan says, with the preconditions that a server would check. */
export class ModelCluster {
  readonly live: Map<ObjectId, Conclusion>;
  readonly inventory: Map<ObjectId, InventoryEntry>;
  /** Objects that a deletion took away, as they were. */
  readonly deleted: Conclusion[] = [];
  #uids = 0;

  constructor(live: ReadonlyMap<ObjectId, Conclusion>, inventory: ReadonlyMap<ObjectId, InventoryEntry>) {
    this.live = new Map(live);
    this.inventory = new Map(inventory);
  }

  plan(desired: readonly Desired[], more: Partial<PlanInput> = {}): Plan {
    return planSync({
      delivery: makeDelivery(),
      desired,
      inventory: inventoryOf(this.inventory),
      live: (ref) => this.live.get(idOf(ref)),
      claimedBy: () => undefined,
      isServed: () => true,
      execute: true,
      heal: true,
      prune: true,
      digest: weakDigest,
      ...more,
    });
  }

  carryOut(plan: Plan): void {
    for (const action of plan.actions) {
      if (action.kind === 'forget') this.inventory.delete(action.id);
      else if (action.kind === 'apply') this.#apply(action);
      else if (action.kind === 'delete') this.#delete(action);
    }
  }

  #apply(action: Extract<Plan['actions'][number], { kind: 'apply' }>): void {
    const { id, ref, digest } = action;
    const before = this.live.get(id);
    const uid = before?.uid ?? `new-${++this.#uids}`;
    this.live.set(id, {
      id,
      ref,
      uid,
      resourceVersion: '2',
      marks: { owner: 'us' },
      owned: { [manager]: `owned ${digest}` },
      images: [],
      deleting: false,
      finalizers: [],
    });
    if (action.tracked)
      this.inventory.set(id, { ref, state: 'present', uid, desired: digest, owned: `owned ${digest}` });
  }

  #delete({ id, uid }: Extract<Plan['actions'][number], { kind: 'delete' }>): void {
    const before = this.live.get(id);
    if (before === undefined || before.uid !== uid) return;
    this.deleted.push(before);
    this.live.delete(id);
    this.inventory.delete(id);
  }
}
