// What can be wrong in a custom resource, or in the Secrets that it needs: fields, URLs, credentials, clusters. Each is told
// with its code; every other delivery goes on; it ends by itself as soon as the cause does.

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GitServer, startGitServer, workingCopy } from '@weir/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Live, Manifest } from './rig/cluster.ts';
import { expectCoded } from './rig/expect-coded.ts';
import { named, openFleet } from './rig/fleet.ts';
import type { Repo } from './rig/repo.ts';
import {
  application,
  applicationRef,
  argoNamespace,
  configMapRef,
  configMapYaml,
  fluxNamespace,
  gitRepository,
  kustomization,
} from './rig/resources.ts';
import { createWitness, type Witness, withoutDeletions } from './rig/steady.ts';

const fleet = openFleet();
const { hub, east, west } = fleet.clusters;
let repo: Repo;
let witness: Witness;

beforeAll(async () => {
  witness = await createWitness(fleet, 'resource');
  repo = await fleet.repo('resource', {
    'app/one.yaml': configMapYaml('one', '1'),
    'ks/one.yaml': configMapYaml('one', '1'),
  });
  for (const name of ['e2e-typed', 'e2e-field', 'e2e-nowhere', 'e2e-private', 'e2e-north'])
    await west.ensure({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  await fleet.declare(gitRepository({ name: 'e2e-resource', url: repo.url }));
});

afterAll(() => fleet.close());

const app = (name: string, more: Partial<Parameters<typeof application>[0]> = {}): Manifest =>
  application({ name, repo: repo.url, path: 'app', namespace: name, ...more });

const ks = (name: string, spec: Readonly<Record<string, unknown>> = {}): Manifest =>
  kustomization({
    name,
    source: 'e2e-resource',
    path: './ks',
    cluster: 'west',
    spec: { targetNamespace: name, ...spec },
  });

function secret(
  place: string,
  name: string,
  more: { type?: string; data: Record<string, string> },
): Manifest {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name,
      namespace: place,
      ...(more.type === undefined ? {} : { labels: { 'argocd.argoproj.io/secret-type': more.type } }),
    },
    stringData: more.data,
  };
}

const secretRef = (place: string, name: string) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  namespace: place,
  name,
});

describe('a field', () => {
  test('of a wrong type is refused by the API server, with its path', async () => {
    const badApp = app('e2e-typed', { syncPolicy: { automated: { prune: 'yes' } } });
    await expect(hub.create(badApp)).rejects.toThrow(/422 .*spec\.syncPolicy\.automated\.prune/);
    await expect(hub.create(ks('e2e-typed', { prune: 'yes' }))).rejects.toThrow(/422 .*spec\.prune/);
  });

  test('of a wrong type that comes by Git is told on the delivery that brings it', async () => {
    const wrong = (manifest: Manifest): string => JSON.stringify(manifest);
    const typed = await fleet.repo('typed', {
      'apps/bad.yaml': wrong(app('e2e-typed', { syncPolicy: { automated: { prune: 'yes' } } })),
      'parts/bad.yaml': wrong(ks('e2e-typed', { prune: 'yes' })),
    });
    await fleet.declare(
      application({
        name: 'e2e-parent',
        repo: typed.url,
        path: 'apps',
        namespace: argoNamespace,
        cluster: 'hub',
      }),
      gitRepository({ name: 'e2e-parent', url: typed.url }),
      kustomization({ name: 'e2e-parent', source: 'e2e-parent', path: './parts', cluster: 'hub' }),
    );
    const code = 'APPLY_INVALID';
    await expectCoded(fleet, 'app/e2e-parent', {
      code,
      text: 'spec.syncPolicy.automated.prune',
      phrase: 'failed to create typed patch object',
      event: false,
    });
    await expectCoded(fleet, 'ks/e2e-parent', {
      code,
      text: 'spec.prune',
      phrase: 'failed to create typed patch object',
    });
    await witness.goesOn();
    const commit = await typed.push({
      'apps/bad.yaml': wrong(app('e2e-typed')),
      'parts/bad.yaml': wrong(ks('e2e-typed')),
    });
    await fleet.untilReady(named('app/e2e-parent'), commit);
    await fleet.untilReady(named('ks/e2e-parent'), commit);
    await fleet.untilReady(named('app/e2e-typed'));
    await fleet.untilReady(named('ks/e2e-typed'));
  });

  test('with a value that its dialect does not allow stops that delivery alone', async () => {
    await fleet.declare(app('e2e-field'), ks('e2e-field'));
    await fleet.untilReady(named('app/e2e-field'));
    await fleet.untilReady(named('ks/e2e-field'));
    await withoutDeletions(fleet, async () => {
      await hub.patch(named('app/e2e-field'), { spec: { source: { path: '../outside' } } });
      await hub.patch(named('ks/e2e-field'), { spec: { path: '../../outside' } });
      await expectCoded(fleet, 'app/e2e-field', { code: 'FIELD_INVALID', text: 'spec.source.path' });
      await expectCoded(fleet, 'ks/e2e-field', { code: 'FIELD_INVALID', text: 'spec.path' });
      await witness.goesOn();
      await hub.patch(named('app/e2e-field'), { spec: { source: { path: 'app' } } });
      await hub.patch(named('ks/e2e-field'), { spec: { path: './ks' } });
      await fleet.untilReady(named('app/e2e-field'));
      await fleet.untilReady(named('ks/e2e-field'));
    });
  });
});

test('a Git URL that nobody answers', async () => {
  const nowhere = 'http://127.0.0.1:9/nowhere.git';
  await fleet.declare(
    app('e2e-nowhere', { repo: nowhere }),
    gitRepository({ name: 'e2e-nowhere', url: nowhere }),
    kustomization({
      name: 'e2e-nowhere',
      source: 'e2e-nowhere',
      path: './ks',
      cluster: 'west',
      spec: { targetNamespace: 'e2e-nowhere' },
    }),
  );
  await expectCoded(fleet, 'app/e2e-nowhere', { code: 'GIT_UNREACHABLE' });
  await expectCoded(fleet, 'gitrepo/e2e-nowhere', { code: 'GIT_UNREACHABLE' });
  const [row] = await fleet.rows('ks/e2e-nowhere');
  expect(row?.message).toMatch(/^SOURCE_NOT_READY: /);
  await witness.goesOn();
  await hub.patch(applicationRef('e2e-nowhere'), { spec: { source: { repoURL: repo.url } } });
  await hub.patch(named('gitrepo/e2e-nowhere'), { spec: { url: repo.url } });
  const commit = await repo.copy.head();
  await fleet.untilReady(named('app/e2e-nowhere'), commit);
  await fleet.untilReady(named('ks/e2e-nowhere'), commit);
});

describe('credentials of a repository', () => {
  const right = 'e2e-right-password';
  const wrong = 'e2e-wrong-password';
  let server: GitServer;
  let dir: string;
  let url: string;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'weir-e2e-git-'));
    server = await startGitServer({ dir: join(dir, 'git'), users: [{ name: 'reader', password: right }] });
    url = await server.createRepo('private');
    const authorized = url.replace('http://', `http://reader:${right}@`);
    const copy = await workingCopy({ url: authorized, dir: join(dir, 'copy') });
    await copy.write({
      'app/one.yaml': configMapYaml('private', '1'),
      'ks/one.yaml': configMapYaml('private', '1', 'e2e-private'),
    });
    await copy.commit('Begin');
    await copy.push();
  });

  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  test('that are wrong are told, never shown, and mended by a new Secret', async () => {
    const login = (password: string) => ({ username: 'reader', password });
    await fleet.declare(
      secret(argoNamespace, 'e2e-private', { type: 'repository', data: { url, ...login(wrong) } }),
      secret(fluxNamespace, 'e2e-private', { data: login(wrong) }),
      app('e2e-private', { repo: url }),
      gitRepository({ name: 'e2e-private', url, spec: { secretRef: { name: 'e2e-private' } } }),
      kustomization({ name: 'e2e-private', source: 'e2e-private', path: './ks', cluster: 'west' }),
    );
    await expectCoded(fleet, 'app/e2e-private', { code: 'GIT_AUTH_FAILED' });
    await expectCoded(fleet, 'gitrepo/e2e-private', { code: 'GIT_AUTH_FAILED' });
    await witness.goesOn();
    await expectNowhere(wrong);
    for (const place of [argoNamespace, fluxNamespace])
      await hub.patch(secretRef(place, 'e2e-private'), { stringData: login(right) });
    await fleet.untilReady(named('app/e2e-private'));
    await fleet.untilReady(named('ks/e2e-private'));
    await expectNowhere(right);
  });

  async function expectNowhere(password: string): Promise<void> {
    const told = [
      await readFile(join(fleet.home, 'logs/controller.log'), 'utf8'),
      JSON.stringify(await hub.get(applicationRef('e2e-private'))),
      JSON.stringify(await hub.get(named('gitrepo/e2e-private'))),
      JSON.stringify(await fleet.events('gitrepo/e2e-private')),
      JSON.stringify(await fleet.events('app/e2e-private')),
    ].join('\n');
    expect(told.includes(password)).toBe(false);
  }
});

describe('a cluster', () => {
  const nobody = 'https://127.0.0.1:9';

  test('of an Application: unknown, unreachable, refusing, and then there', async () => {
    await fleet.declare(app('e2e-north', { cluster: 'north' }));
    await expectCoded(fleet, 'app/e2e-north', { code: 'CLUSTER_NOT_FOUND', text: 'north' });
    const known = decoded(await hub.need(secretRef(argoNamespace, 'cluster-east')));
    const insecure = JSON.stringify({ bearerToken: 'not-a-token', tlsClientConfig: { insecure: true } });
    // Another name of the same API server, so that its registration as `east` stays alone.
    const server = (known.server ?? '').replace('127.0.0.1', 'localhost');
    await fleet.declare(
      secret(argoNamespace, 'e2e-north', {
        type: 'cluster',
        data: { name: 'north', server: nobody, config: insecure },
      }),
    );
    await expectCoded(fleet, 'app/e2e-north', { code: 'CLUSTER_UNREACHABLE', text: 'north' });
    await witness.goesOn();
    const patch = (stringData: Record<string, string>) =>
      hub.patch(secretRef(argoNamespace, 'e2e-north'), { stringData });
    await patch({ server });
    await expectCoded(fleet, 'app/e2e-north', { code: 'CLUSTER_CREDENTIALS_INVALID' });
    await witness.goesOn();
    await patch({ config: known.config ?? '' });
    await fleet.untilReady(named('app/e2e-north'));
    await east.need(configMapRef('e2e-north', 'one'));
  });

  test('of a Kustomization: without a Secret, with a broken one, unreachable, and then there', async () => {
    const name = 'e2e-north-kubeconfig';
    const good = decoded(await hub.need(secretRef(fluxNamespace, 'west-kubeconfig'))).value ?? '';
    await fleet.declare(ks('e2e-north', { kubeConfig: { secretRef: { name } } }));
    await expectCoded(fleet, 'ks/e2e-north', { code: 'CLUSTER_CREDENTIALS_INVALID', text: name });
    await fleet.declare(secret(fluxNamespace, name, { data: { value: 'no: kubeconfig' } }));
    await expectCoded(fleet, 'ks/e2e-north', { code: 'CLUSTER_CREDENTIALS_INVALID', text: 'kubeconfig of' });
    const patch = (value: string) => hub.patch(secretRef(fluxNamespace, name), { stringData: { value } });
    await patch(good.replace(/https:\/\/127\.0\.0\.1:\d+/, nobody));
    await expectCoded(fleet, 'ks/e2e-north', { code: 'CLUSTER_UNREACHABLE' });
    await witness.goesOn();
    await patch(good);
    await fleet.untilReady(named('ks/e2e-north'));
    await west.need(configMapRef('e2e-north', 'one'));
  });
});

function decoded(live: Live): Record<string, string> {
  const data = live.data as Readonly<Record<string, string>>;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString('utf8')]),
  );
}
