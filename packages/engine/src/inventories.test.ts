import type { InventoryEntry, KubeObject, Owner } from '@weir/core';
import type { KubeClient, Writer } from '@weir/kube';
import { expect, it } from 'vitest';
import { createInventories, type Inventories } from './inventories.ts';

const signal = new AbortController().signal;
const ownerOf = (name: string, uid = `uid-${name}`): Owner => ({
  group: 'argoproj.io',
  version: 'v1alpha1',
  kind: 'Application',
  namespace: 'argocd',
  name,
  uid,
  generation: 1,
});
const idOf = (name: string): string => `argocd:Application:argocd/${name}`;
const objectId = (name: string): string => `/ConfigMap/web/${name}`;
const entryOf = (name: string, uid?: string): InventoryEntry => ({
  ref: { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'web', name },
  state: uid === undefined ? 'planned' : 'present',
  ...(uid === undefined ? {} : { uid }),
});
const member = (name: string): { id: string; entry: InventoryEntry } => ({
  id: objectId(name),
  entry: entryOf(name),
});

/** Inventories over a hub that is a map; `fail` makes it refuse writes, `gate` holds them back. */
class Rig {
  readonly hub = new Map<string, KubeObject>();
  readonly freed: string[] = [];
  fail = false;
  gate: Promise<void> = Promise.resolve();

  open(): Inventories {
    const put = async (object: KubeObject): Promise<KubeObject> => {
      await this.gate;
      if (this.fail) throw new Error('the hub is away');
      this.hub.set(object.metadata.name, structuredClone(object));
      return object;
    };
    const writer = {
      apply: put,
      create: async (object: KubeObject) => (this.hub.has(object.metadata.name) ? undefined : put(object)),
      remove: async (ref: { name: string }) => {
        this.hub.delete(ref.name);
        return 'gone';
      },
    };
    // As a server lists: by name, so that shard 10 comes before shard 2.
    const client = {
      list: async () => [...this.hub.values()].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1)),
    };
    return createInventories({
      client: client as unknown as KubeClient,
      writer: writer as unknown as Writer,
      onClaimsFreed: (_cluster, ids) => this.freed.push(...ids),
      onError: () => undefined,
    });
  }

  /** What is stored: `cluster: ids` a shard. */
  stored(): string[] {
    return [...this.hub.values()].map(({ spec }) => {
      const { cluster, entries } = spec as { cluster: string; entries: { id: string }[] };
      return `${cluster}: ${entries.map(({ id }) => id.split('/').at(-1)).join(' ')}`;
    });
  }
}

it('a member whose writing failed is written before anything else may be created', async () => {
  const rig = new Rig();
  const record = rig.open().open(idOf('a'), ownerOf('a'), 'c');
  rig.fail = true;
  await expect(record.join([member('x')], signal)).rejects.toThrow('the hub is away');
  // The next attempt finds the member in memory and has nobody to add.
  await expect(record.join([], signal)).rejects.toThrow('the hub is away');
  rig.fail = false;
  await record.join([], signal);
  expect(rig.stored()).toEqual(['c: x']);
});

it('joining nobody writes nothing', async () => {
  const rig = new Rig();
  await rig.open().open(idOf('a'), ownerOf('a'), 'c').join([], signal);
  expect(rig.stored()).toEqual([]);
});

it('a delivery that moves to another cluster frees what it had, and its old journal is not written again', async () => {
  const rig = new Rig();
  const inventories = rig.open();
  const before = inventories.open(idOf('a'), ownerOf('a'), 'old');
  await before.join([member('x')], signal);
  before.set(objectId('x'), entryOf('x', 'u'));
  let release = (): void => {};
  rig.gate = new Promise((resolve) => {
    release = resolve;
  });
  const late = before.flush(signal);
  const after = inventories.open(idOf('a'), ownerOf('a'), 'new');
  const joined = after.join([member('y')], signal);
  release();
  await Promise.all([late, joined]);
  before.set(objectId('z'), entryOf('z', 'u'));
  await before.flush(signal);
  expect(rig.stored()).toEqual(['new: y']);
  expect(inventories.holder({ cluster: 'old', id: objectId('x'), except: '' })).toBeUndefined();
  expect(inventories.holder({ cluster: 'new', id: objectId('y'), except: '' })).toBe(idOf('a'));
});

it('shards of the cluster that a delivery left are removed with the first write', async () => {
  const rig = new Rig();
  const inventories = rig.open();
  const many = Array.from({ length: 1_001 }, (_, index) => member(`x${index}`));
  await inventories.open(idOf('a'), ownerOf('a'), 'old').join(many, signal);
  expect(rig.hub.size).toBe(2);
  await inventories.open(idOf('a'), ownerOf('a'), 'new').join([member('y')], signal);
  expect(rig.stored()).toEqual(['new: y']);
});

it('a run that outlives its delivery claims nothing and writes nothing', async () => {
  const rig = new Rig();
  const inventories = rig.open();
  const record = inventories.open(idOf('a'), ownerOf('a'), 'c');
  await record.join([member('x')], signal);
  inventories.forget(idOf('a'));
  rig.hub.clear();
  record.set(objectId('x'), entryOf('x', 'u'));
  await record.flush(signal);
  expect(inventories.holder({ cluster: 'c', id: objectId('x'), except: '' })).toBeUndefined();
  expect(rig.stored()).toEqual([]);
});

it('a delivery that is gone lets no new object be created', async () => {
  const rig = new Rig();
  const inventories = rig.open();
  const record = inventories.open(idOf('a'), ownerOf('a'), 'c');
  inventories.forget(idOf('a'));
  await expect(record.join([member('x')], signal)).rejects.toThrow('is gone');
});

it('what two deliveries have listed stays claimed by the other when one leaves it', async () => {
  const rig = new Rig();
  const inventories = rig.open();
  const a = inventories.open(idOf('a'), ownerOf('a'), 'c');
  const b = inventories.open(idOf('b'), ownerOf('b'), 'c');
  await b.join([member('x')], signal);
  await a.join([member('x')], signal);
  a.leave(objectId('x'));
  expect(inventories.holder({ cluster: 'c', id: objectId('x'), except: '' })).toBe(idOf('b'));
});

it('a restart finds every entry in its order, and nothing that is no shard of the delivery', async () => {
  const rig = new Rig();
  const many = Array.from({ length: 11_500 }, (_, index) => member(`x${index}`));
  await rig.open().open(idOf('a'), ownerOf('a'), 'c').join(many, signal);
  const [shard] = rig.hub.values();
  if (shard === undefined) throw new Error('expected a shard');
  const copyOf = (name: string, namespace = 'argocd', delivery = idOf('b')): KubeObject => ({
    ...shard,
    metadata: { ...shard.metadata, name, namespace },
    spec: { ...(shard.spec as object), delivery },
  });
  rig.hub.set('a-copy', copyOf('a-copy'));
  rig.hub.set('a-foreign', copyOf(shard.metadata.name, 'tenant', idOf('a')));
  const inventories = rig.open();
  await inventories.load(signal);
  expect(inventories.deliveries()).toEqual([idOf('a')]);
  expect([...(inventories.get(idOf('a'))?.entries.keys() ?? [])]).toEqual(many.map(({ id }) => id));
});

it('a removed journal is not written again by a write that was under way', async () => {
  const rig = new Rig();
  const record = rig.open().open(idOf('a'), ownerOf('a'), 'c');
  await record.join([member('x')], signal);
  let release = (): void => {};
  rig.gate = new Promise((resolve) => {
    release = resolve;
  });
  record.leave(objectId('x'));
  const late = record.flush(signal);
  const destroyed = record.destroy(signal);
  release();
  await Promise.all([late, destroyed]);
  expect(rig.stored()).toEqual([]);
});
