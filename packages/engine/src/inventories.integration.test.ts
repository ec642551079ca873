import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type InventoryEntry, idOf, isRecord, type KubeObject, type ObjectId, type Owner } from '@weir/core';
import { connect, createWriter, type KubeClient, loadAccess, type Writer } from '@weir/kube';
import { startCluster, type TestCluster } from '@weir/testkit';
import { load } from 'js-yaml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { installHub } from './install.ts';
import { createInventories, type Inventories } from './inventories.ts';

let cluster: TestCluster;
let client: KubeClient;
let writer: Writer;
let owner: Owner;
let inventoryCrd: KubeObject;
const { signal } = new AbortController();
const inventories = { group: 'weir.dev', version: 'v1alpha1', plural: 'inventories' };

beforeAll(async () => {
  cluster = await startCluster();
  client = connect(await loadAccess({ path: cluster.kubeconfigPath }));
  writer = createWriter(client);
  const file = new URL('../../../deploy/crds/weir.dev_inventories.yaml', import.meta.url);
  inventoryCrd = load(await readFile(file, 'utf8')) as KubeObject;
  await installHub({ client, writer, crds: [inventoryCrd] });
  owner = await makeOwner();
});

afterAll(async () => {
  await client?.close();
  await cluster?.stop();
});

/** Any object may own an inventory; it goes with it. */
async function makeOwner(): Promise<Owner> {
  const object = {
    apiVersion: 'apps/v1',
    kind: 'ControllerRevision',
    metadata: { name: 'owner', namespace: 'default' },
  };
  const { metadata } = await writer.apply({ ...object, data: {}, revision: 1 }, { fieldManager: 'test' });
  const ref = {
    group: 'apps',
    version: 'v1',
    kind: 'ControllerRevision',
    namespace: 'default',
    name: 'owner',
  };
  return { ...ref, uid: metadata.uid ?? '', generation: 1 };
}

const id = 'argocd:Application:default/large';

const open = (freed: ObjectId[] = []): Inventories =>
  createInventories({
    client,
    writer,
    onClaimsFreed: (_cluster, ids) => freed.push(...ids),
    onError: (error) => {
      throw error;
    },
  });

async function reload(): Promise<Inventories> {
  const again = open();
  await again.load(signal);
  return again;
}

function member(
  number: number,
  state: InventoryEntry['state'] = 'planned',
): { id: ObjectId; entry: InventoryEntry } {
  const ref = {
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: 'default',
    name: `config-map-${number}`,
  };
  const digests = {
    uid: `11111111-2222-3333-4444-${number}`,
    desired: 'd'.repeat(32),
    owned: 'o'.repeat(32),
  };
  return { id: idOf(ref), entry: { ref, state, ...(state === 'present' ? digests : {}) } };
}

const members = (count: number) => Array.from({ length: count }, (_, number) => member(number));

async function shards(): Promise<string[]> {
  const found = await client.list(inventories);
  return found.map(({ metadata, spec }) => {
    const entries = isRecord(spec) && Array.isArray(spec.entries) ? spec.entries.length : 0;
    return `${metadata.name.replace(/-[0-9a-f]{8}-/, '-*-')} ${entries}`;
  });
}

describe('an inventory', () => {
  it('of 2,500 objects is written in shards before anything is created, and read again as it was', async () => {
    const record = open().open(id, owner, 'hub');
    await record.join(members(2_500), signal);
    expect(await shards()).toEqual([
      'application-large-*-0 1000',
      'application-large-*-1 1000',
      'application-large-*-2 500',
    ]);
    const read = (await reload()).get(id);
    expect([read?.cluster, read?.entries.size]).toEqual(['hub', 2_500]);
    expect(read?.entries).toEqual(record.entries);
  });

  it('keeps each shard below what etcd takes, and owned by its delivery', async () => {
    const record = (await reload()).open(id, owner, 'hub');
    for (const [key, { entry }] of members(2_500).map(
      (each, number) => [each.id, member(number, 'present')] as const,
    ))
      record.set(key, entry);
    await record.flush(signal);
    for (const shard of await client.list(inventories)) {
      expect(JSON.stringify(shard).length).toBeLessThan(700_000);
      expect(shard.metadata.ownerReferences?.map(({ uid }) => uid)).toEqual([owner.uid]);
    }
    expect((await reload()).get(id)?.entries).toEqual(record.entries);
  });

  it('knows after a reload which candidate and commit it reached, and who has what', async () => {
    const record = (await reload()).open(id, owner, 'hub');
    record.succeed({ commit: 'c0ffee', name: 'main' }, 'candidate-1');
    await record.flush(signal);
    const again = await reload();
    expect([again.get(id)?.applied, again.get(id)?.candidate]).toEqual([
      { commit: 'c0ffee', name: 'main' },
      'candidate-1',
    ]);
    const claim = { cluster: 'hub', id: member(2_400).id };
    expect([
      again.holder({ ...claim, except: '' }),
      again.holder({ ...claim, except: id }),
      again.holder({ ...claim, cluster: 'east', except: '' }),
    ]).toEqual([id, undefined, undefined]);
  });

  it('writes what is set lazily, in its own time', async () => {
    const all = await reload();
    const record = all.open(id, owner, 'hub');
    record.set(member(7).id, { ...member(7, 'present').entry, desired: 'changed' });
    while ((await reload()).get(id)?.entries.get(member(7).id)?.desired !== 'changed') await sleep(100);
    // The write that showed goes on to the other shards.
    await all.flush(signal);
  });

  it('that shrinks leaves no shard behind, and frees its claims', async () => {
    const freed: ObjectId[] = [];
    const all = open(freed);
    await all.load(signal);
    const record = all.open(id, owner, 'hub');
    for (const { id: gone } of members(2_500).slice(10)) record.leave(gone);
    await record.flush(signal);
    expect(await shards()).toEqual(['application-large-*-0 10']);
    expect(freed).toHaveLength(2_490);
    expect(all.holder({ cluster: 'hub', id: member(20).id, except: '' })).toBeUndefined();
    expect((await reload()).get(id)?.entries.size).toBe(10);
  });

  it('of a delivery that moved to another cluster leaves nothing of the old one', async () => {
    const all = await reload();
    const old = all.open(id, owner, 'hub');
    await old.join(members(1_200), signal);
    const moved = all.open(id, owner, 'east');
    await moved.join([member(5_000)], signal);
    expect(all.holder({ cluster: 'hub', id: member(3).id, except: '' })).toBeUndefined();
    const read = (await reload()).get(id);
    expect([read?.cluster, [...(read?.entries.keys() ?? [])]]).toEqual(['east', [member(5_000).id]]);
  });

  it('that is destroyed is gone, and stays gone', async () => {
    const all = await reload();
    const record = all.open(id, owner, 'east');
    record.set(member(1).id, member(1).entry);
    await record.destroy(signal);
    await all.flush(signal);
    expect(await shards()).toEqual([]);
  });
});

describe('the installation', () => {
  it('applies our own definitions again without a change', async () => {
    const before = await client.list({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      plural: 'customresourcedefinitions',
    });
    const installed = await installHub({ client, writer, crds: [inventoryCrd] });
    const after = await client.list({
      group: 'apiextensions.k8s.io',
      version: 'v1',
      plural: 'customresourcedefinitions',
    });
    expect(installed).toEqual({ applied: ['inventories.weir.dev'], foreign: [], problems: [] });
    expect(after.map(({ metadata }) => metadata.resourceVersion)).toEqual(
      before.map(({ metadata }) => metadata.resourceVersion),
    );
  });

  it('knows its kinds when it is done, and leaves definitions of somebody else alone', async () => {
    const gadgets = definition('gadgets', 'v1');
    await installHub({ client, writer, crds: [gadgets] });
    expect(
      (await client.resources()).find({ group: 'test.dev', version: 'v1', kind: 'Gadgets' })?.plural,
    ).toBe('gadgets');
    await writer.apply(definition('widgets', 'v1beta1'), { fieldManager: 'flux' });
    const installed = await installHub({ client, writer, crds: [definition('widgets', 'v1')] });
    expect([installed.applied, installed.foreign, installed.problems.map(({ code }) => code)]).toEqual([
      [],
      ['widgets.test.dev'],
      ['CRD_CONFLICT'],
    ]);
  });
});

function definition(plural: string, version: string): KubeObject {
  const kind = `${plural.charAt(0).toUpperCase()}${plural.slice(1)}`;
  const schema = { openAPIV3Schema: { type: 'object' } };
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.test.dev` },
    spec: {
      group: 'test.dev',
      names: { kind, plural, singular: plural.slice(0, -1), listKind: `${kind}List` },
      scope: 'Namespaced',
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  };
}
