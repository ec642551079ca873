import { setTimeout as sleep } from 'node:timers/promises';
import { rankReplicas, WeirError } from '@weir/core';
import { connect, createWriter, type KubeClient, loadAccess, type Writer } from '@weir/kube';
import { startCluster, type TestCluster } from '@weir/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Claims, createClaims } from './claims.ts';
import { claimObject, claimRef, readClaim, replicaObject, replicaRef } from './lease-objects.ts';
import { listReplicas } from './list-replicas.ts';

let cluster: TestCluster;
let client: KubeClient;
let writer: Writer;
/** Short enough for a test, long enough for a busy machine. */
const leaseDurationMs = 4_000;

beforeAll(async () => {
  cluster = await startCluster();
  client = connect(await loadAccess({ path: cluster.kubeconfigPath }));
  writer = createWriter(client);
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'weir-system' } };
  await writer.create(namespace, { fieldManager: 'test' });
});

afterAll(async () => {
  await client?.close();
  await cluster?.stop();
});

const running: Replica[] = [];
afterEach(async () => {
  for (const replica of running.splice(0)) await replica.stop();
});

let keys = 0;
/** A key that nobody had before and that ranks the names in that order. */
function freshKey(...order: readonly string[]): string {
  for (;;) {
    const key = `cluster-${keys++}`;
    const ranked = rankReplicas(
      key,
      order.map((name) => ({ name, life: name })),
    );
    if (ranked.map(({ name }) => name).join() === order.join()) return key;
  }
}

/** One replica that wants these keys, with what happened to it. */
class Replica {
  readonly claims: Claims;
  readonly heard: string[] = [];
  readonly wanted: Set<string>;
  readonly #stopping = new AbortController();
  #isStopped = false;

  constructor(name: string, ...wanted: readonly string[]) {
    this.wanted = new Set(wanted);
    const { signal } = this.#stopping;
    this.claims = createClaims({ name, leaseDurationMs, client, writer, log: () => undefined, signal });
    this.claims.begin({
      candidates: () => new Map([...this.wanted].map((key) => [key, { name: `the ${key}` }])),
      onGained: async (key) => void this.heard.push(`gained ${key}`),
      onOpen: (key) => void this.heard.push(`open ${key}`),
      onClosing: async (key) => void this.heard.push(`closing ${key}`),
      onLost: (key) => void this.heard.push(`lost ${key}`),
      onPushed: (text) => void this.heard.push(`pushed ${text}`),
    });
    running.push(this);
  }

  has(key: string): boolean {
    return this.claims.isOpen(key);
  }

  /** `ok`, or the code with which a write would be refused. */
  mayWrite(key: string): string {
    try {
      this.claims.guard(key).leftMs();
      return 'ok';
    } catch (error) {
      return error instanceof WeirError ? error.problem.code : String(error);
    }
  }

  async stop(): Promise<void> {
    if (this.#isStopped) return;
    this.#isStopped = true;
    await this.claims.stop();
    this.#stopping.abort();
  }
}

async function until(isSo: () => boolean | Promise<boolean>, timeoutMs = 20_000): Promise<number> {
  const began = performance.now();
  while (!(await isSo())) {
    if (performance.now() - began > timeoutMs) throw new Error(`waited in vain for ${isSo}`);
    await sleep(10);
  }
  return performance.now() - began;
}

async function stored(key: string): Promise<string> {
  const object = await client.get(claimRef(key));
  const claim = object === undefined ? undefined : readClaim(object);
  return `${claim?.holder?.name ?? 'nobody'} ${claim?.epoch}`;
}

describe('claims', () => {
  it('a replica alone takes what it wants at once, and what it leaves is taken at once', async () => {
    const key = freshKey('a');
    const a = new Replica('a', key);
    await until(() => a.has(key));
    expect([await stored(key), a.claims.epoch(key), a.heard]).toEqual([
      'a 1',
      1,
      [`gained ${key}`, `open ${key}`],
    ]);
    await a.stop();
    const again = new Replica('a', key);
    expect(await until(() => again.has(key))).toBeLessThan(2_000);
    expect(await stored(key)).toBe('a 2');
  });

  it('of two, one holds; when it stops, the other one has it within a second', async () => {
    const key = freshKey('a', 'b');
    const a = new Replica('a', key);
    await until(() => a.has(key));
    const b = new Replica('b', key);
    await sleep(leaseDurationMs);
    expect([a.has(key), b.has(key), a.mayWrite(key), b.mayWrite(key)]).toEqual([
      true,
      false,
      'ok',
      'CLAIM_LOST',
    ]);
    await a.stop();
    expect(a.mayWrite(key)).toBe('CLAIM_LOST');
    expect(await until(() => b.has(key))).toBeLessThan(1_000);
    expect(await stored(key)).toBe('b 2');
  });

  it('of one that falls silent is taken after its whole duration, and not before', async () => {
    const key = freshKey('a');
    const ghost = await writer.create(
      replicaObject({ name: 'ghost', durationMs: 4_000, process: undefined, now: new Date(0) }),
      { fieldManager: 'test' },
    );
    const holder = { name: 'ghost', life: ghost?.metadata.uid ?? '' };
    await writer.create(claimObject({ key, clusterName: '', holder, now: new Date() }), {
      fieldManager: 'test',
    });
    const a = new Replica('a', key);
    // By the clock of the observer: that the Lease tells of 1970 is nothing to it.
    const tookMs = await until(() => a.has(key));
    expect(tookMs).toBeGreaterThan(3_900);
    expect(tookMs).toBeLessThan(6_000);
    expect(await stored(key)).toBe('a 2');
    expect(await client.get(replicaRef('ghost'))).toBeUndefined();
  });

  it('whoever finds its Lease taken away holds nothing, and begins anew', async () => {
    const key = freshKey('a');
    const a = new Replica('a', key);
    await until(() => a.has(key));
    const work = a.claims.work(key, new AbortController().signal, async (signal) => {
      while (!signal.aborted) await sleep(10);
      return a.mayWrite(key);
    });
    await writer.remove(replicaRef('a'), { propagation: 'Background' });
    expect(await work).toBe('lost');
    await until(async () => (await stored(key)) === 'a 2' && a.has(key));
    expect(a.heard.filter((line) => line !== `closing ${key}`)).toEqual(
      ['gained', 'open', 'lost', 'gained', 'open'].map((word) => `${word} ${key}`),
    );
  });

  it('a better one that has lived for a while gets the claim between two pieces of work', async () => {
    const key = freshKey('b', 'a');
    const a = new Replica('a', key);
    await until(() => a.has(key));
    const b = new Replica('b', key);
    let end = (): void => undefined;
    const work = a.claims.work(key, new AbortController().signal, async () => {
      await new Promise<void>((resolve) => {
        end = resolve;
      });
      return a.mayWrite(key);
    });
    await until(() => !a.has(key));
    await sleep(500);
    expect([await stored(key), b.has(key)]).toEqual(['a 1', false]);
    end();
    expect(await work).toBe('ok');
    expect(await until(() => b.has(key))).toBeLessThan(1_000);
    expect([await stored(key), a.mayWrite(key)]).toEqual(['b 2', 'CLAIM_LOST']);
    expect(a.heard.slice(-2)).toEqual([`closing ${key}`, `lost ${key}`]);
  });

  it('a better one that has no work for it gives it back, and is not asked again', async () => {
    const key = freshKey('b', 'a');
    const a = new Replica('a', key);
    await until(() => a.has(key));
    new Replica('b');
    await until(async () => (await stored(key)).startsWith('a 3'));
    await sleep(leaseDurationMs);
    expect([await stored(key), a.has(key)]).toEqual(['a 3', true]);
  });

  it('while the hub is away for longer than the Lease nothing is written; then the same holder goes on', async () => {
    const key = freshKey('a');
    const a = new Replica('a', key);
    await until(() => a.has(key));
    await cluster.freeze();
    try {
      const tookMs = await until(() => a.mayWrite(key) !== 'ok');
      expect(tookMs).toBeLessThan(leaseDurationMs);
      expect(a.has(key)).toBe(false);
    } finally {
      await cluster.thaw();
    }
    await until(() => a.has(key));
    expect([await stored(key), a.heard]).toEqual([
      'a 1',
      ['gained', 'open', 'open'].map((word) => `${word} ${key}`),
    ]);
  });

  it('a push that one hears of is told to the others', async () => {
    const a = new Replica('a');
    const b = new Replica('b');
    await until(
      async () => (await listReplicas(client)).filter(({ cluster: held }) => held === '').length === 2,
    );
    await sleep(500);
    a.claims.tell('1 c0ffee');
    await until(() => b.heard.includes('pushed 1 c0ffee'));
    expect(a.heard).toEqual([]);
  });

  it('everybody can see who holds what', async () => {
    const key = freshKey('a');
    const a = new Replica('a', key);
    await until(() => a.has(key));
    new Replica('idle');
    await until(async () => (await listReplicas(client)).some(({ replica }) => replica === 'idle'));
    const rows = (await listReplicas(client)).filter((row) => row.key === key || row.replica === 'idle');
    expect(rows.map(({ replica, cluster: held, epoch }) => [replica, held, epoch])).toEqual([
      ['a', `the ${key}`, 1],
      ['idle', '', 0],
    ]);
  });
});
