// Two controllers share one fleet while commits stream in, and one is halted for longer than its Lease, killed or ended in the
// middle of its applies, again and again. By the servers' audit logs nobody ever writes what another one holds; in the end the
// clusters are what Git says, and foreign objects have not been touched.

import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditMarker } from '../../packages/testkit/src/cluster-audit.ts';
import {
  type ClaimsLog,
  epochsOutOfOrder,
  foreignWrites,
  leftAt,
  watchClaims,
  writesOf,
} from './rig/claims-log.ts';
import type { Cluster } from './rig/cluster.ts';
import { openFleet } from './rig/fleet.ts';
import { createReplica, type Replica, takeOverController } from './rig/replicas.ts';
import type { Files, Repo } from './rig/repo.ts';
import {
  application,
  applicationRef,
  configMapRef,
  configMapYaml,
  gitRepository,
  kustomization,
  kustomizationRef,
} from './rig/resources.ts';

const fleet = openFleet();
const { hub, east, west } = fleet.clusters;
const namespace = 'e2e-replicas';
const name = namespace;
const size = 80;
const leaseSeconds = 4;
const names = ['one', 'two'] as const;
/** Another seed by WEIR_SEED tries other moments. */
const seed = Number(process.env.WEIR_SEED ?? 20);

/** What befalls the holder of a cluster; the moments within a commit are drawn. */
const fates = ['halt', 'kill', 'end', 'halt'] as const;
/** More rounds for a longer look. */
const rounds = Number(process.env.WEIR_ROUNDS ?? 1);

let random = seed;
/** A linear congruential generator: the same moments for the same seed. */
function draw(below: number): number {
  random = (Math.imul(random, 1_103_515_245) + 12_345) & 0x7fffffff;
  return Math.floor((random / 0x80000000) * below);
}

let repo: Repo;
let replicas: readonly Replica[];
let claims: ClaimsLog;
let release = async (): Promise<void> => undefined;
let value = 0;
/** A replica that was ended or killed comes back while the others go on. */
let starting: Promise<void> = Promise.resolve();
const since = new Map<Cluster, AuditMarker>();
const foreign = new Map<string, string>();
const takeovers: string[] = [];

const itemName = (index: number): string => `item-${String(index).padStart(3, '0')}`;

/** Every object has the new value, and one leaves Git for another. */
function nextFiles(): Files {
  value++;
  const files: Record<string, string | null> = { [`app/${itemName(value - 2)}.yaml`]: null };
  for (let i = 0; i < size; i++)
    files[`app/${itemName(value - 1 + i)}.yaml`] = configMapYaml(
      itemName(value - 1 + i),
      `v${value}`,
      namespace,
    );
  if (value === 1) delete files[`app/${itemName(-1)}.yaml`];
  return files;
}

async function push(): Promise<string> {
  const commit = await repo.push(nextFiles(), { notify: false });
  await pokeAll();
  return commit;
}

const pokeAll = (): Promise<unknown> => Promise.all(replicas.map((replica) => replica.poke(repo.url)));

async function keyOf(cluster: Cluster): Promise<string> {
  const system = await cluster.need({ apiVersion: 'v1', kind: 'Namespace', name: 'kube-system' });
  return system.metadata.uid;
}

const changesOf = (key: string) => claims.changes.filter((change) => change.key === key);

function holderOf(key: string): Replica | undefined {
  const held = changesOf(key).at(-1)?.holder;
  return replicas.find((replica) => replica.name === held);
}

async function writesIn(cluster: Cluster): Promise<number> {
  const offset = since.get(cluster)?.offset ?? 0;
  const writes = await writesOf(join(fleet.home, 'clusters', cluster.name, 'audit.log'), offset);
  return writes.filter(({ what }) => what.includes(` ${namespace}/`)).length;
}

beforeAll(async () => {
  for (const cluster of [east, west]) {
    await cluster.ensure({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    const { metadata } = await cluster.ensure({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'foreign', namespace, labels: { 'app.kubernetes.io/instance': name } },
    });
    foreign.set(cluster.name, metadata.resourceVersion);
  }
  repo = await fleet.repo('replicas', nextFiles());
  const taken = await takeOverController(fleet);
  release = taken.release;
  const of = { fleet, command: taken.command, leaseDuration: `${leaseSeconds}s` };
  replicas = names.map((each) => createReplica({ ...of, name: each }));
  await Promise.all(replicas.map((replica) => replica.start()));
  claims = await watchClaims(fleet.home);
  for (const cluster of fleet.all()) since.set(cluster, await cluster.markAudit());
});

afterAll(async () => {
  await starting.catch(() => undefined);
  for (const replica of replicas ?? []) {
    replica.goOn();
    await replica.end();
  }
  claims?.close();
  await release();
  await fleet.up();
  await fleet.close();
});

test('nobody writes what another one holds, whatever befalls whom in the middle of what', {
  timeout: 240_000,
}, async () => {
  await fleet.declare(
    application({ name, repo: repo.url, path: 'app', namespace }),
    gitRepository({ name, url: repo.url }),
    kustomization({ name, source: name, path: './app', cluster: 'west' }),
  );
  for (const ref of [applicationRef(name), kustomizationRef(name)]) await fleet.untilReady(ref);
  for (let round = 0; round < rounds; round++)
    for (const fate of fates) await strike(fate, [east, west][draw(2)] ?? east);
  await expectConverged(await push());
  for (const cluster of fleet.all()) await expectHolders(cluster);
  console.log(takeovers.join('\n'));
});

/** Lets a commit begin, does it to the holder after some writes, and sees the other one go on. */
async function strike(fate: (typeof fates)[number], cluster: Cluster): Promise<void> {
  const key = await keyOf(cluster);
  await starting;
  const holder = await fleet.until(`somebody holds ${cluster.name}`, async () => holderOf(key) ?? false);
  const other = replicas.find((replica) => replica !== holder);
  const before = await writesIn(cluster);
  const moment = 1 + draw(size - 10);
  await push();
  const reached = async (): Promise<boolean> => (await writesIn(cluster)) >= before + moment;
  await fleet.until(`${moment} writes of the commit are done`, reached, { pollMs: 5, timeoutMs: 20_000 });
  const beganAt = performance.now();
  if (fate === 'halt') holder.halt();
  else await holder[fate]();
  const done = (await writesIn(cluster)) - before;
  const isTaken = async (): Promise<boolean> => holderOf(key) === other;
  await fleet.until(`${other?.name} holds ${cluster.name}`, isTaken, { pollMs: 5, timeoutMs: 20_000 });
  const tookMs = Math.round(performance.now() - beganAt);
  takeovers.push(
    `${fate} of ${holder.name} after ${done} writes in ${cluster.name}: taken over after ${tookMs} ms`,
  );
  if (fate === 'end') await expectAtOnce(key, holder);
  expect(tookMs).toBeLessThan((leaseSeconds + 3) * 1_000);
  await push();
  await sleep(draw(500));
  if (fate === 'halt') holder.goOn();
  else starting = holder.start();
  await pokeAll();
}

/** From the end of its Lease on; until then it ends what is under way. */
async function expectAtOnce(key: string, left: Replica): Promise<void> {
  await hub.markAudit();
  const log = join(fleet.home, 'clusters/hub/audit.log');
  const leftMs = await leftAt(log, since.get(hub)?.offset ?? 0, left.name);
  const tookMs = (changesOf(key).at(-1)?.atMs ?? 0) - (leftMs ?? 0);
  takeovers.push(`  of that ${tookMs} ms without a holder`);
  expect(tookMs).toBeLessThan(1_000);
}

async function expectConverged(commit: string): Promise<void> {
  // Whoever heard of the push may have been the one that was halted.
  const poking = setInterval(() => void pokeAll(), 1_500);
  for (const ref of [applicationRef(name), kustomizationRef(name)]) await fleet.untilReady(ref, commit);
  clearInterval(poking);
  const wanted = Array.from({ length: size }, (_, i) => `${itemName(value - 1 + i)}=v${value}`);
  for (const cluster of [east, west]) {
    const live = await cluster.list({ apiVersion: 'v1', kind: 'ConfigMap', namespace });
    const items = live.filter(({ metadata }) => metadata.name.startsWith('item-'));
    expect(
      items.map(({ metadata, data }) => `${metadata.name}=${(data as { value?: string }).value}`).sort(),
    ).toEqual(wanted);
    const { metadata } = await cluster.need(configMapRef(namespace, 'foreign'));
    expect(metadata.resourceVersion).toBe(foreign.get(cluster.name));
  }
}

/** On a target every write counts; on the hub, what belongs to the deliveries of each target, and the hub's own. */
async function expectHolders(cluster: Cluster): Promise<void> {
  await cluster.markAudit();
  const changes = changesOf(await keyOf(cluster));
  expect(epochsOutOfOrder(changes)).toEqual([]);
  const writes = await writesOf(
    join(fleet.home, 'clusters', cluster.name, 'audit.log'),
    since.get(cluster)?.offset ?? 0,
  );
  if (cluster !== hub) {
    expect(writes.length).toBeGreaterThan(size * fates.length);
    expect(foreignWrites(writes, changes)).toEqual([]);
    return;
  }
  const of = (pattern: RegExp) => writes.filter(({ what }) => pattern.test(what));
  const own = new RegExp(` (applications|inventories)\\S* argocd/(application-)?${name}`);
  const statuses = new RegExp(` (kustomizations|inventories)\\S* flux-system/(kustomization-)?${name}`);
  expect(foreignWrites(of(own), changesOf(await keyOf(east)))).toEqual([]);
  expect(foreignWrites(of(statuses), changesOf(await keyOf(west)))).toEqual([]);
  expect(foreignWrites(of(/ gitrepositories/), changes)).toEqual([]);
  expect(of(own).length * of(statuses).length * of(/ gitrepositories/).length).toBeGreaterThan(0);
}
