import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Delivery,
  type Desired,
  type IgnoreRule,
  type InventoryEntry,
  idOf,
  isNewer,
  type KubeObject,
  type ObjectId,
  refOf,
  showDrift,
} from '@weir/core';
import {
  type ClusterCache,
  connect,
  createClusterCache,
  createWriter,
  digestText,
  type KubeClient,
  loadAccess,
  type Writer,
} from '@weir/kube';
import { startCluster, type TestCluster } from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { objectToWrite } from './ask-drift.ts';
import { deployment } from './drift-rig.ts';
import { judgeSuspects, type Suspects, type SuspectsInput } from './judge-suspects.ts';
import { repairOwnership } from './ownership-repair.ts';

let cluster: TestCluster;
let client: KubeClient;
let writer: Writer;
let cache: ClusterCache;
let requests = 0;
const us = 'weir-test';
const { signal } = new AbortController();
const mark = { kind: 'labels', labels: { owner: 'us' } } as const;

beforeAll(async () => {
  cluster = await startCluster();
  client = connect(await loadAccess({ path: cluster.kubeconfigPath }));
  writer = createWriter(client);
  cache = createClusterCache(client, {
    marks: { labels: ['owner'], annotations: [], managers: [us] },
    listener: { onChange: () => undefined, onTrouble: () => undefined } as never,
  });
  const kinds = [deployment.object('x'), configMap('x')].map((object) => client.resourceOf(refOf(object)));
  await cache.follow(await Promise.all(kinds), signal);
});

afterAll(async () => {
  cache?.close();
  await client?.close();
  await cluster?.stop();
});

const configMap = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, namespace: 'default', labels: { owner: 'us' } },
  data: { a: '1' },
});

/** Some objects of one delivery, applied and recorded. */
class Applied {
  readonly entries = new Map<ObjectId, InventoryEntry>();
  readonly desired: Desired[] = [];
  readonly state: SuspectsInput['state'] = {};
  readonly session = {
    key: 'test',
    cache,
    client: { ...client, get: (...args: Parameters<KubeClient['get']>) => count(() => client.get(...args)) },
    writer: {
      ...writer,
      apply: (...args: Parameters<Writer['apply']>) => count(() => writer.apply(...args)),
    },
  };
  readonly #delivery: Pick<Delivery, 'fieldManager' | 'mark' | 'ignore' | 'respectIgnored'>;

  constructor(ignore: readonly IgnoreRule[] = [], respectIgnored = false) {
    this.#delivery = { fieldManager: us, mark, ignore, respectIgnored };
  }

  async add(...objects: KubeObject[]): Promise<this> {
    for (const object of objects) {
      const ref = refOf(object);
      const conclusion = cache.note(await writer.apply(object, { fieldManager: us }));
      const digest = digestText(JSON.stringify(object));
      const owned = conclusion.owned[us];
      this.desired.push({ id: idOf(ref), ref, object, digest });
      this.entries.set(idOf(ref), {
        ref,
        state: 'present',
        desired: digest,
        ...(owned === undefined ? {} : { owned }),
      });
    }
    return this;
  }

  /** Once the watch has brought the state that `object` tells of. */
  async judge(object: KubeObject, purpose: SuspectsInput['purpose'] = 'show'): Promise<Suspects> {
    const { resourceVersion } = object.metadata;
    // Its controllers write its status meanwhile: any newer state will do.
    while (isNewer(resourceVersion ?? '', cache.live(refOf(object))?.resourceVersion ?? '')) await sleep(20);
    const observation = {
      desired: { objects: this.desired, problems: [] },
      inventory: { entries: this.entries },
      session: this.session,
    } as unknown as SuspectsInput['observation'];
    return judgeSuspects({ delivery: this.#delivery, state: this.state, observation, purpose, signal });
  }

  repair(suspects: Suspects, now: Date): Promise<number> {
    const inventory = {
      entries: this.entries,
      set: (id: ObjectId, entry: InventoryEntry) => this.entries.set(id, entry),
      join: async () => undefined,
      leave: () => undefined,
    };
    return repairOwnership({
      delivery: { ...this.#delivery, policy: {}, deletion: {} } as unknown as Delivery,
      session: this.session as never,
      inventory: inventory as never,
      disowned: suspects.disowned,
      now,
      signal,
    });
  }

  write(object: KubeObject): Promise<KubeObject> {
    return objectToWrite(object, { delivery: this.#delivery, session: this.session, signal });
  }
}

function count<T>(send: () => Promise<T>): Promise<T> {
  requests++;
  return send();
}

const replicas: IgnoreRule = { match: {}, pointers: ['/spec/replicas'] };
const edit = (object: KubeObject, patch: Record<string, unknown>, fieldManager = 'kubectl-edit') =>
  writer.mergePatch(refOf(object), patch, { fieldManager });
const shown = ({ drift }: Suspects): string =>
  [...drift.values()].map((fields) => showDrift(fields)).join('; ');
const replicasOf = (object: KubeObject): unknown => (object.spec as { replicas?: number }).replicas;

describe('fields that are ignored', () => {
  it('clear a scaled object by one look, however often its status changes after', async () => {
    const object = deployment.object('scaled');
    const applied = await new Applied([replicas]).add(object);
    const scaled = await edit(object, { spec: { replicas: 1 } }, 'autoscaler');
    requests = 0;
    expect([...(await applied.judge(scaled)).cleared]).toEqual(['apps/Deployment/default/scaled']);
    expect(requests).toBe(2);
    const again = await edit(object, { metadata: { annotations: { note: 'x' } } });
    expect((await applied.judge(again, 'repair')).cleared.size).toBe(1);
    const scaledAgain = await edit(object, { spec: { replicas: 0 } }, 'autoscaler');
    expect((await applied.judge(scaledAgain, 'repair')).cleared.size).toBe(1);
    expect(requests).toBe(2);
  });

  it('hide nothing else', async () => {
    const object = deployment.object('both');
    const applied = await new Applied([replicas]).add(object);
    const edited = await edit(object, { spec: { replicas: 1 }, metadata: { labels: { owner: 'them' } } });
    const suspects = await applied.judge(edited, 'repair');
    expect(suspects.cleared.size).toBe(0);
    expect(shown(suspects)).toBe('metadata.labels.owner (taken by kubectl-edit)');
  });

  it('are written with what is new unless they are respected', async () => {
    const object = deployment.object('renewed');
    const applied = await new Applied([replicas]).add(object);
    const scaled = await edit(object, { spec: { replicas: 1 } }, 'autoscaler');
    expect((await applied.judge(scaled, 'renew')).cleared.size).toBe(0);
    expect(replicasOf(await applied.write(object))).toBe(0);
    const respecting = new Applied([replicas], true);
    respecting.desired.push(...applied.desired);
    for (const [id, entry] of applied.entries) respecting.entries.set(id, entry);
    expect((await respecting.judge(scaled, 'renew')).cleared.size).toBe(1);
    expect(replicasOf(await respecting.write(object))).toBe(1);
  });

  it('stay with the manager that applies them', async () => {
    const object = deployment.object('owned');
    const applied = await new Applied([replicas], true).add(object);
    const { apiVersion, kind, metadata } = object;
    const theirs = {
      apiVersion,
      kind,
      metadata: { name: metadata.name, namespace: 'default' },
      spec: { replicas: 1 },
    };
    await writer.apply(theirs, { fieldManager: 'operator', force: true });
    const written = await writer.apply(await applied.write(object), { fieldManager: us });
    expect(replicasOf(written)).toBe(1);
    const owners = (written.metadata.managedFields ?? []).filter(({ fieldsV1 }) =>
      JSON.stringify(fieldsV1).includes('"f:replicas"'),
    );
    expect(owners.map(({ manager }) => manager)).toEqual(['operator']);
  });
});

describe('ownership that an outage took from all objects', () => {
  it('is no drift, starts no repair of values, and comes back little by little', async () => {
    const objects = Array.from({ length: 30 }, (_, index) => configMap(`wiped-${index}`));
    const applied = await new Applied().add(...objects);
    let wiped: KubeObject | undefined;
    for (const object of objects) wiped = await edit(object, { metadata: { managedFields: [{}] } });
    if (wiped === undefined) throw new Error('nothing was wiped');
    const suspects = await applied.judge(wiped, 'repair');
    expect([suspects.cleared.size, suspects.drift.size, suspects.disowned.length]).toEqual([30, 0, 30]);
    const now = Date.now();
    expect(await applied.repair(suspects, new Date(now))).toBe(10);
    expect(await applied.repair(await applied.judge(wiped, 'repair'), new Date(now))).toBe(10);
    expect(await applied.repair(await applied.judge(wiped, 'repair'), new Date(now + 2_000))).toBe(6);
    const live = await client.get(refOf(objects[0] as KubeObject));
    expect([live?.data, live?.metadata.managedFields?.some(({ manager }) => manager === us)]).toEqual([
      { a: '1' },
      true,
    ]);
  });

  it('hides no change of a value', async () => {
    const object = configMap('wiped-and-edited');
    const applied = await new Applied().add(object);
    const wiped = await edit(object, { metadata: { managedFields: [{}] }, data: { a: '2' } });
    expect(shown(await applied.judge(wiped, 'repair'))).toBe('data.a');
  });
});
