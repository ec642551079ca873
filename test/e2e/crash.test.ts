// `kill -9` of the controller in the middle of its work, at ten moments, in both dialects at once. After each restart the
// clusters hold exactly what Git says, the inventory lists exactly that, and foreign objects have not been written.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { AuditMarker } from '../../packages/testkit/src/cluster-audit.ts';
import { openFleet } from './rig/fleet.ts';
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
import { managedWrites } from './rig/writes.ts';

const fleet = openFleet();
const { east, west } = fleet.clusters;
const namespace = 'e2e-crash';
const size = 200;
/** Each commit removes so many objects and adds as many; two commits stay below the budget for deletions. */
const shift = 8;
const configMaps = { apiVersion: 'v1', kind: 'ConfigMap', namespace };
const app = applicationRef('e2e-crash');
const ks = kustomizationRef('e2e-crash');

interface Moment {
  readonly when: string;
  /** Writes of objects on both clusters together: each commit takes 416. */
  readonly writes?: number;
  readonly deletions?: number;
  /** Another commit comes while no controller runs. */
  readonly pushMeanwhile?: true;
}

const moments: readonly Moment[] = [
  { when: 'after 1 write', writes: 1 },
  { when: 'after 10 writes', writes: 10, pushMeanwhile: true },
  { when: 'after 40 writes', writes: 40 },
  { when: 'after 90 writes', writes: 90, pushMeanwhile: true },
  { when: 'after 150 writes', writes: 150 },
  { when: 'after 210 writes', writes: 210, pushMeanwhile: true },
  { when: 'after 300 writes', writes: 300 },
  { when: 'after 380 writes', writes: 380, pushMeanwhile: true },
  { when: 'after 1 deletion', deletions: 1 },
  { when: 'after 7 deletions', deletions: 7, pushMeanwhile: true },
];

let repo: Repo;
/** First object of the window of 200 that Git holds now; also the value of all of them. */
let first = 0;
const foreign = new Map<string, string>();

const nameOf = (index: number): string => `object-${String(index).padStart(4, '0')}`;
const namesInGit = (): string[] => Array.from({ length: size }, (_, i) => nameOf(first + i));

/** The files of the window that begins at `first`, and the removal of those that fell out of it. */
function windowFiles(removed: number): Files {
  const files: Record<string, string | null> = {};
  for (let index = first - removed; index < first; index++) files[`app/${nameOf(index)}.yaml`] = null;
  for (const name of namesInGit()) files[`app/${name}.yaml`] = configMapYaml(name, `v${first}`, namespace);
  return files;
}

async function moveOn(options: { readonly notify: boolean }): Promise<string> {
  first += shift;
  return repo.push(windowFiles(shift), options);
}

beforeAll(async () => {
  for (const cluster of [east, west]) {
    await cluster.ensure({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    for (const name of ['foreign', 'object-foreign']) {
      const { metadata } = await cluster.ensure({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name, namespace, labels: { 'app.kubernetes.io/instance': 'e2e-crash' } },
      });
      foreign.set(`${cluster.name}/${name}`, metadata.resourceVersion);
    }
  }
  repo = await fleet.repo('crash', windowFiles(0));
});

afterAll(async () => {
  await fleet.up();
  await fleet.close();
});

async function markers(): Promise<[AuditMarker, AuditMarker]> {
  return Promise.all([east.markAudit(), west.markAudit()]);
}

async function killAt(moment: Partial<Moment>, since: readonly [AuditMarker, AuditMarker]): Promise<void> {
  const { writes = 0, deletions = 0 } = moment;
  const isNow = async (): Promise<boolean> => {
    const done = await writesSince(since);
    const deleted = done.filter((line) => line.startsWith('delete'));
    return done.length >= writes && deleted.length >= deletions;
  };
  await fleet.until('the moment has come', isNow, { pollMs: 10 });
  await fleet.killController();
  console.log(`killed after ${(await writesSince(since)).length} writes`);
}

async function writesSince(since: readonly [AuditMarker, AuditMarker]): Promise<string[]> {
  const requests = [...(await east.peekRequests(since[0])), ...(await west.peekRequests(since[1]))];
  return managedWrites(requests).filter((line) => line.includes(` ${namespace}/`));
}

/** What weir marked as its own on a cluster, as `name=value`. */
async function marked(dialect: 'argocd' | 'flux'): Promise<string[]> {
  const live =
    dialect === 'flux'
      ? await west.list(configMaps, 'kustomize.toolkit.fluxcd.io/name=e2e-crash')
      : (await east.list(configMaps)).filter(
          ({ metadata }) => metadata.annotations?.['argocd.argoproj.io/tracking-id'] !== undefined,
        );
  return live.map(({ metadata, data }) => `${metadata.name}=${(data as { value?: string }).value}`).sort();
}

async function inInventory(delivery: string): Promise<string[]> {
  const found = await fleet.hub.list({ apiVersion: 'weir.dev/v1alpha1', kind: 'Inventory' });
  return found
    .map(({ spec }) => spec as { delivery: string; entries?: readonly { id: string }[] })
    .filter((spec) => spec.delivery === delivery)
    .flatMap(({ entries = [] }) => entries.map(({ id }) => id))
    .sort();
}

async function expectConverged(commit: string): Promise<void> {
  await fleet.untilReady(app, commit);
  await fleet.untilReady(ks, commit);
  const wanted = namesInGit().map((name) => `${name}=v${first}`);
  expect(await marked('argocd')).toEqual(wanted);
  expect(await marked('flux')).toEqual(wanted);
  const members = namesInGit().map((name) => `/ConfigMap/${namespace}/${name}`);
  for (const delivery of ['argocd:Application:argocd/e2e-crash', 'flux:Kustomization:flux-system/e2e-crash'])
    await fleet.until(`the inventory of ${delivery} is exact`, async () => {
      expect(await inInventory(delivery)).toEqual(members);
    });
  await expectForeignUntouched();
}

async function expectForeignUntouched(): Promise<void> {
  for (const cluster of [east, west])
    for (const name of ['foreign', 'object-foreign']) {
      const { metadata } = await cluster.need(configMapRef(namespace, name));
      expect(metadata.resourceVersion).toBe(foreign.get(`${cluster.name}/${name}`));
    }
}

test('in the middle of the first apply, with objects that leave Git before the restart', async () => {
  const since = await markers();
  await fleet.declare(
    application({ name: app.name, repo: repo.url, path: 'app', namespace }),
    gitRepository({ name: ks.name, url: repo.url }),
    kustomization({ name: ks.name, source: ks.name, path: './app', cluster: 'west' }),
  );
  await killAt({ when: 'after 60 writes', writes: 60 }, since);
  const commit = await moveOn({ notify: false });
  await fleet.up();
  await expectConverged(commit);
});

test.each(moments)('$when of a commit that takes 416 writes', async (moment) => {
  const since = await markers();
  let commit = await moveOn({ notify: true });
  await killAt(moment, since);
  if (moment.pushMeanwhile === true) commit = await moveOn({ notify: false });
  await fleet.up();
  await expectConverged(commit);
});

test('in the middle of the removal of everything', async () => {
  const since = await markers();
  await fleet.hub.remove(app);
  await fleet.hub.remove(ks);
  await killAt({ when: 'after 90 deletions', deletions: 90 }, since);
  await fleet.up();
  await fleet.until('both deliveries are gone', async () => {
    expect(await fleet.hub.get(app)).toBeUndefined();
    expect(await fleet.hub.get(ks)).toBeUndefined();
  });
  expect(await marked('argocd')).toEqual([]);
  expect(await marked('flux')).toEqual([]);
  expect(await inInventory('argocd:Application:argocd/e2e-crash')).toEqual([]);
  expect(await inInventory('flux:Kustomization:flux-system/e2e-crash')).toEqual([]);
  await expectForeignUntouched();
});
