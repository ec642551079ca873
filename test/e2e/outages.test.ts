// The Git server goes away, an API server dies or freezes, and comes back: what is elsewhere goes on, nothing is deleted,
// the trouble is told with its code, and everything recovers by itself.

import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Cluster } from './rig/cluster.ts';
import { expectCoded } from './rig/expect-coded.ts';
import { conditionOf, kill9, named, openFleet } from './rig/fleet.ts';
import type { Repo } from './rig/repo.ts';
import {
  application,
  configMapRef,
  configMapYaml,
  gitRepository,
  kustomization,
  namespaceYaml,
} from './rig/resources.ts';
import { withoutDeletions } from './rig/steady.ts';

const fleet = openFleet();
const { east, west } = fleet.clusters;
const places = [east, west] as const;
const deliveries = places.flatMap(({ name }) => [`app/e2e-outage-${name}`, `ks/e2e-outage-${name}`]);
const objects = [configMapRef('e2e-outage-argocd', 'one'), configMapRef('e2e-outage-flux', 'one')];
let repo: Repo;

const files = (value: string) => ({
  'app/one.yaml': configMapYaml('one', value, 'e2e-outage-argocd'),
  'ks/namespace.yaml': namespaceYaml('e2e-outage-flux'),
  'ks/one.yaml': configMapYaml('one', value, 'e2e-outage-flux'),
});

beforeAll(async () => {
  repo = await fleet.repo('outage', files('start'));
  await fleet.declare(gitRepository({ name: 'e2e-outage', url: repo.url }));
  for (const { name: cluster } of places) {
    const name = `e2e-outage-${cluster}`;
    await fleet.declare(
      application({ name, repo: repo.url, path: 'app', namespace: 'e2e-outage-argocd', cluster }),
      kustomization({ name, source: 'e2e-outage', path: './ks', cluster: cluster as 'east' | 'west' }),
    );
  }
  await untilAllReady(await repo.copy.head());
});

afterAll(async () => {
  await fleet.up();
  await fleet.close();
});

async function untilAllReady(commit: string): Promise<void> {
  for (const short of deliveries) await fleet.untilReady(named(short), commit, { timeoutMs: 180_000 });
}

async function untilValue(cluster: Cluster, value: string): Promise<void> {
  await fleet.until(`${cluster.name} has the value ${value}`, async () => {
    for (const ref of objects) expect((await cluster.need(ref)).data).toEqual({ value });
  });
}

test('the Git server is away', async () => {
  await withoutDeletions(fleet, async () => {
    await fleet.killGitServer();
    try {
      expect(await fleet.poke(repo.url)).toBe(202);
      await expectCoded(fleet, 'gitrepo/e2e-outage', { code: 'GIT_UNREACHABLE' });
      await expectCoded(fleet, 'app/e2e-outage-east', { code: 'GIT_UNREACHABLE' });
      // As with Flux, what the last fetched commit says stays in force.
      const live = await fleet.hub.need(named('ks/e2e-outage-east'));
      expect(conditionOf(live, 'Ready')?.status).toBe('True');
      await east.patch(configMapRef('e2e-outage-flux', 'one'), { data: { value: 'edited' } });
      await untilValue(east, 'start');
      await pushPastServer(files('pushed while away'));
    } finally {
      await fleet.up();
    }
    await untilAllReady(await repo.copy.head());
    for (const cluster of places) await untilValue(cluster, 'pushed while away');
    for (const row of await fleet.rows('app/e2e-outage-east')) expect(row).not.toHaveProperty('message');
    const [source] = await fleet.rows('sources', 'gitrepo/e2e-outage');
    expect(source).toMatchObject({ health: 'Healthy' });
    expect(source).not.toHaveProperty('message');
  });
});

async function pushPastServer(changed: ReturnType<typeof files>): Promise<void> {
  await repo.copy.write(changed);
  await repo.copy.commit('Change');
  await repo.copy.git('push', '--quiet', join(fleet.home, 'git', `${repo.name}.git`), 'HEAD:refs/heads/main');
}

const trouble = [
  {
    what: 'killed',
    away: () => kill9(west.apiServerPid()),
    back: () => fleet.up(),
  },
  {
    what: 'frozen',
    away: async () => void process.kill(west.apiServerPid(), 'SIGSTOP'),
    back: async () => void process.kill(west.apiServerPid(), 'SIGCONT'),
  },
] as const;

test.each(trouble)('the API server of one cluster is $what', async ({ what, away, back }) => {
  await withoutDeletions(fleet, async () => {
    const value = `pushed while ${what}`;
    let commit = '';
    await away();
    try {
      commit = await repo.push(files(value));
      await untilValue(east, value);
      for (const kind of ['app', 'ks']) await fleet.untilReady(named(`${kind}/e2e-outage-east`), commit);
      for (const kind of ['app', 'ks'])
        await expectCoded(fleet, `${kind}/e2e-outage-west`, { code: 'CLUSTER_UNREACHABLE' });
    } finally {
      await back();
    }
    await untilAllReady(commit);
    await untilValue(west, value);
    for (const row of await fleet.rows()) expect(row).toMatchObject({ sync: 'Synced', health: 'Healthy' });
  });
});

test('the controller is restarted while one cluster is frozen', async () => {
  await withoutDeletions(fleet, async () => {
    process.kill(west.apiServerPid(), 'SIGSTOP');
    const endController = await fleet.restartControllerAlone();
    try {
      const commit = await repo.push(files('restarted'), { notify: false });
      await untilValue(east, 'restarted');
      for (const kind of ['app', 'ks']) await fleet.untilReady(named(`${kind}/e2e-outage-east`), commit);
      process.kill(west.apiServerPid(), 'SIGCONT');
      await untilAllReady(commit);
    } finally {
      process.kill(west.apiServerPid(), 'SIGCONT');
      await endController();
      await fleet.up();
    }
  });
});
