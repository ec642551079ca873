// The decisions of `weir up`: names of contexts, what counts as already there, state and lock, and the final words.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nameOf } from './clusters.ts';
import { argoEntry } from './entries.ts';
import { type Home, homeOf, readState, type State, writeState } from './home.ts';
import { holds } from './hub-setup.ts';
import { withHomeLock } from './lock.ts';
import { isAlive, startTimeOf, stopProcess } from './processes.ts';
import { showReport, type UpReport } from './report.ts';

let dir = '';
let home: Home;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-cli-'));
  home = homeOf(dir);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test.each([
  ['prod-east', 'prod-east'],
  ['arn:aws:eks:eu-west-1:1:cluster/Prod', 'arn-aws-eks-eu-west-1-1-cluster-prod'],
  ['___', 'cluster'],
])('context %s becomes cluster %s', (context, name) => {
  expect(nameOf(context)).toBe(name);
});

test.each([
  ['all that is wanted is there, and more', { a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }, true],
  ['a value differs', { a: 1 }, { a: 2 }, false],
  ['a field is missing', {}, { a: { b: 1 } }, false],
  ['lists are compared whole', { a: [1, 2] }, { a: [1] }, false],
  ['nothing is there', undefined, { a: 1 }, false],
])('holds: %s', (_, live, wanted, expected) => {
  expect(holds(live, wanted)).toBe(expected);
});

test('the home is the option, else the environment, else below the user directory', () => {
  expect(homeOf('/a', { WEIR_HOME: '/b' }).dir).toBe('/a');
  expect(homeOf(undefined, { WEIR_HOME: '/b' }).dir).toBe('/b');
  expect(homeOf(undefined, {}).dir).toMatch(/\.weir$/);
});

test('state is read as it was written, and one of another version is refused', async () => {
  expect(await readState(home)).toBeUndefined();
  const state: State = {
    version: 1,
    mode: 'local',
    clusters: [],
    gitPort: 1,
    controllerPort: 2,
    processes: { git: { pid: 1, startedAt: 'x' } },
  };
  await writeState(home, state);
  expect(await readState(home)).toEqual(state);
  await writeFile(home.state, '{"version":2}');
  await expect(readState(home)).rejects.toThrow('another version');
});

test('the lock is held once, freed, and taken over from the dead', async () => {
  await withHomeLock(home, async () => {
    await expect(withHomeLock(home, async () => 'second')).rejects.toThrow('another weir up or down');
  });
  await writeFile(home.lock, JSON.stringify({ pid: process.pid, startedAt: 'long ago' }));
  expect(await withHomeLock(home, async () => 'taken over')).toBe('taken over');
});

test('a process with the right pid and another start time is not ours: it is neither alive nor stopped', async () => {
  const startedAt = (await startTimeOf(process.pid)) ?? '';
  expect(await isAlive({ pid: process.pid, startedAt })).toBe(true);
  expect(await isAlive({ pid: process.pid, startedAt: '1' })).toBe(false);
  expect(await stopProcess({ pid: process.pid, startedAt: '1' }, 10)).toBe(false);
});

test('the root Application puts the real address into the Applications below it', () => {
  expect(argoEntry({ cluster: 'east', repoUrl: 'http://127.0.0.1:1/argocd-fleet.git' }).spec).toMatchObject({
    source: {
      repoURL: 'http://127.0.0.1:1/argocd-fleet.git',
      path: 'applications/east',
      kustomize: {
        patches: [{ patch: expect.stringContaining('value: http://127.0.0.1:1/argocd-fleet.git') }],
      },
    },
  });
});

const report: UpReport = {
  home: '/h',
  mode: 'local',
  clusters: [
    { name: 'hub', server: 'https://127.0.0.1:1', kubeconfig: '/h/config', context: 'hub' },
    { name: 'east', server: 'https://127.0.0.1:2', kubeconfig: '/h/config', context: 'east' },
  ],
  controller: {
    pid: 1,
    url: 'http://c',
    webhook: 'http://c/webhook',
    webhookSecretFile: '/h/s',
    log: '/h/l',
  },
  git: {
    pid: 2,
    url: 'http://g',
    log: '/h/g',
    repositories: [{ name: 'argocd-fleet', url: 'http://g/argocd-fleet.git', clone: '/h/c/argocd-fleet' }],
  },
  deliveries: 14,
  durationMs: 1,
};

test('the final words name what runs where and the commands that change something', () => {
  const text = showReport(report, 'npx weir');
  for (const part of [
    'https://127.0.0.1:2   context east',
    'http://c/webhook',
    'git -C /h/c/argocd-fleet push',
    'npx weir get app/storefront-east --watch',
    'npx weir down',
  ])
    expect(text).toContain(part);
});

test('without examples there is nothing to change', () => {
  const { git: _, ...rest } = report;
  expect(showReport(rest, 'weir')).not.toContain('push');
});
