import { type Conclusion, type Delivery, failed, idOf, type ObjectRef, ok } from '@weir/core';
import type { KubeClient, Writer } from '@weir/kube';
import { expect, it } from 'vitest';
import { createContests } from './contests.ts';
import { createDeliveryStates } from './delivery-state.ts';
import { createInventories, type InventoryRecord } from './inventories.ts';
import type { ReconcileContext } from './reconcile-context.ts';
import { reconcileRemoval } from './removal.ts';

const { signal } = new AbortController();
const id = 'flux:Kustomization:web/shop';
const owner = {
  group: 'x.org',
  version: 'v1',
  kind: 'Kustomization',
  namespace: 'web',
  name: 'shop',
  uid: 'u',
};
const ref: ObjectRef = { group: 'x.org', version: 'v1beta1', kind: 'Widget', namespace: 'web', name: 'a' };
const widgets = {
  group: 'x.org',
  version: 'v1',
  kind: 'Widget',
  plural: 'widgets',
  namespaced: true,
  verbs: ['watch'],
};

/** The removal of a delivery that has one Widget in its journal, written at v1beta1 in the cluster `c`. */
class Rig {
  readonly removed: string[] = [];
  readonly told: string[] = [];
  readonly inventory: InventoryRecord;
  cluster = 'c';
  isRegistered = true;
  mode: Delivery['deletion']['mode'] = 'delete';
  served: (typeof widgets)[] = [widgets];
  isDown = false;
  isWantedMaybe = false;
  live: Conclusion | undefined;
  now = 1_000_000;
  readonly #context: ReconcileContext;

  constructor() {
    const inventories = createInventories({
      client: {} as KubeClient,
      writer: {
        apply: async (object: unknown) => object,
        create: async (object: unknown) => object,
        remove: async () => 'gone',
      } as unknown as Writer,
      onClaimsFreed: () => undefined,
      onError: () => undefined,
    });
    this.inventory = inventories.open(id, { ...owner, generation: 1 }, 'c');
    this.inventory.entries.set(idOf(ref), { ref, state: 'planned' });
    const marks = { owner: 'us' };
    this.live = { id: idOf(ref), ref, uid: 'o', marks, deleting: false } as unknown as Conclusion;
    this.#context = {
      fleet: {
        use: () => undefined,
        session: async () =>
          this.isRegistered
            ? ok(this.#session())
            : failed({ code: 'CLUSTER_NOT_FOUND', message: 'not registered' }),
      },
      inventories,
      states: createDeliveryStates(),
      contests: createContests(),
      mayBeWanted: () => this.isWantedMaybe,
      now: () => new Date(this.now),
      report: async (_id: string, { problems }: { problems: readonly { code: string }[] }) =>
        void this.told.push(...problems.map(({ code }) => code)),
      setFinalizer: async () => void this.told.push('released'),
      onRemoval: () => undefined,
    } as unknown as ReconcileContext;
  }

  look(): Promise<number | undefined> {
    const delivery = {
      id,
      owner,
      cluster: { kind: 'name', name: 'c' },
      mark: { kind: 'labels', labels: { owner: 'us' } },
      policy: {},
      deletion: { finalizer: 'f', ensureFinalizer: true, mode: this.mode, propagation: 'Background' },
    } as unknown as Delivery;
    return reconcileRemoval(delivery, this.#context, signal);
  }

  #session(): unknown {
    const find = (wanted: ObjectRef): unknown =>
      this.served.find(({ version, kind }) => version === wanted.version && kind === wanted.kind);
    return {
      key: this.cluster,
      client: { resources: async () => ({ find, all: this.served, isStale: () => this.isDown }) },
      writer: {
        remove: async (what: ObjectRef) => {
          this.removed.push(`${what.version} ${what.name}`);
          return 'gone';
        },
      },
      cache: {
        trouble: () => undefined,
        follow: async () => undefined,
        live: (what: ObjectRef) => (find(what) === undefined ? undefined : this.live),
        noteGone: () => undefined,
      },
    };
  }
}

it('an object whose version is served no more is removed at another', async () => {
  const rig = new Rig();
  await rig.look();
  expect([rig.removed, rig.told]).toEqual([['v1 a'], ['released']]);
});

it('a kind whose own server is down holds the removal as long as it is', async () => {
  const rig = new Rig();
  rig.served = [];
  rig.isDown = true;
  for (const _ of [1, 2, 3]) {
    expect(await rig.look()).toBe(15_000);
    rig.now += 60_000;
  }
  expect([rig.removed, new Set(rig.told), rig.inventory.entries.size]).toEqual([
    [],
    new Set(['API_SERVICE_DOWN']),
    1,
  ]);
});

it('a kind that a server hides for a while holds the removal, one that is gone does not', async () => {
  const rig = new Rig();
  rig.served = [];
  expect(await rig.look()).toBe(15_000);
  expect([rig.removed, rig.told, rig.inventory.entries.size]).toEqual([[], ['KIND_UNKNOWN'], 1]);
  rig.now += 60_000;
  await rig.look();
  expect([rig.removed, rig.told]).toEqual([[], ['KIND_UNKNOWN', 'released']]);
});

it('what another cluster has under the same name and mark is left alone', async () => {
  const rig = new Rig();
  rig.cluster = 'another';
  rig.served = [{ ...widgets, version: 'v1beta1' }];
  await rig.look();
  expect([rig.removed, rig.told]).toEqual([[], ['released']]);
});

it('a delivery that leaves its objects behind needs no cluster for that', async () => {
  const rig = new Rig();
  rig.isRegistered = false;
  expect(await rig.look()).toBe(15_000);
  rig.mode = 'orphan';
  expect(await rig.look()).toBeUndefined();
  expect([rig.removed, rig.told]).toEqual([[], ['CLUSTER_NOT_FOUND', 'released']]);
});
