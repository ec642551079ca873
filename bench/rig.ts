// What a benchmark stands on: one real cluster, a Git server, a repository and the controller as a process of its own.
// It measures nothing.

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type KubeObject, refOf } from '@weir/core';
import { installHub } from '@weir/engine';
import { connect, createWriter, type KubeClient, loadAccess, type Writer } from '@weir/kube';
import {
  type GitServer,
  startCluster,
  startGitServer,
  type TestCluster,
  type WorkingCopy,
  workingCopy,
} from '@weir/testkit';
import { load, loadAll } from 'js-yaml';

export interface Rig {
  readonly cluster: TestCluster;
  /** As the administrator, whose requests are not counted. */
  readonly admin: KubeClient;
  readonly writer: Writer;
  readonly git: GitServer;
  readonly repo: WorkingCopy;
  readonly repoUrl: string;
  readonly dir: string;
  startController(): Promise<ControllerProcess>;
  stop(): Promise<void>;
}

export interface ControllerProcess {
  readonly pid: number;
  readonly webhookUrl: string;
  push(): Promise<void>;
  stop(): Promise<void>;
}

const root = process.cwd();

export async function startRig(
  log: (line: string) => void,
  options: { readonly profileDir: string | undefined },
): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'weir-bench-'));
  log('starting a cluster and a Git server');
  const cluster = await startCluster();
  const git = await startGitServer({ dir: join(dir, 'git') });
  const repoUrl = await git.createRepo('bench');
  const repo = await workingCopy({ url: repoUrl, dir: join(dir, 'work') });
  await repo.write({ 'README.md': 'A repository to measure with.\n' });
  await repo.commit('Begin');
  await repo.push();
  const admin = connect(await loadAccess({ path: cluster.kubeconfigPath }));
  const writer = createWriter(admin);
  await prepareHub({ admin, writer });
  return {
    cluster,
    admin,
    writer,
    git,
    repo,
    repoUrl,
    dir,
    startController: async () =>
      startController({ ...options, dir, repoUrl, kubeconfig: await cluster.kubeconfigFor('weir') }),
    stop: async () => {
      await admin.close();
      await git.stop();
      await cluster.stop({ delete: true });
      await rm(dir, { recursive: true, force: true });
    },
  };
}

async function prepareHub({ admin, writer }: { admin: KubeClient; writer: Writer }): Promise<void> {
  const crds: KubeObject[] = [];
  for (const file of await readdir(join(root, 'deploy/crds')))
    crds.push(load(await readFile(join(root, 'deploy/crds', file), 'utf8')) as KubeObject);
  await installHub({ client: admin, writer, crds });
  for (const object of loadAll(await readFile(join(root, 'deploy/rbac/weir.yaml'), 'utf8')) as KubeObject[])
    if (object !== null) await writer.apply(object, { fieldManager: 'bench' });
}

/** Makes a namespace, or leaves it as it is. */
export async function ensureNamespace(rig: Rig, name: string): Promise<void> {
  await rig.writer.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name } },
    { fieldManager: 'bench' },
  );
}

/** Deletes a namespace with all that is in it, and waits until it is gone. */
export async function dropNamespace(rig: Rig, name: string): Promise<void> {
  const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
  await rig.writer.remove(refOf(object), { propagation: 'Background' });
  while ((await rig.admin.get(refOf(object))) !== undefined)
    await new Promise((resolve) => setTimeout(resolve, 200));
}

async function startController(of: {
  profileDir: string | undefined;
  dir: string;
  repoUrl: string;
  kubeconfig: string;
}): Promise<ControllerProcess> {
  const secret = randomBytes(16).toString('hex');
  const secretFile = join(of.dir, 'secret');
  await writeFile(secretFile, secret, { mode: 0o600 });
  const port = 20_000 + Math.floor(Math.random() * 20_000);
  const profile = of.profileDir === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${of.profileDir}`];
  const args = [
    ...profile,
    'packages/cli/bin/weir.mjs',
    'controller',
    '--kubeconfig',
    of.kubeconfig,
    '--data',
    join(of.dir, `data-${port}`),
  ];
  const child = spawn(
    process.execPath,
    [...args, '--listen', `127.0.0.1:${port}`, '--webhook-secret-file', secretFile],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  showTrouble(child);
  const base = `http://127.0.0.1:${port}`;
  while (!(await isReady(base))) {
    if (child.exitCode !== null) throw new Error('the controller ended while it started');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    pid: child.pid ?? 0,
    webhookUrl: `${base}/webhook`,
    push: () => pushNotice({ url: `${base}/webhook`, repoUrl: of.repoUrl, secret }),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

function showTrouble(child: ChildProcess): void {
  if (child.stderr === null) return;
  createInterface({ input: child.stderr }).on('line', (line) => {
    if (!line.includes('"level":"info"')) process.stderr.write(`controller: ${line.slice(0, 300)}\n`);
  });
}

async function isReady(base: string): Promise<boolean> {
  return fetch(`${base}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  );
}

async function pushNotice(of: { url: string; repoUrl: string; secret: string }): Promise<void> {
  const { createHmac } = await import('node:crypto');
  const none = '0'.repeat(40);
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    before: none,
    after: none,
    repository: { clone_url: of.repoUrl },
  });
  const signature = `sha256=${createHmac('sha256', of.secret).update(body).digest('hex')}`;
  const headers = {
    'content-type': 'application/json',
    'x-github-event': 'push',
    'x-hub-signature-256': signature,
  };
  const answer = await fetch(of.url, { method: 'POST', headers, body });
  if (!answer.ok) throw new Error(`the webhook answered ${answer.status}`);
}
