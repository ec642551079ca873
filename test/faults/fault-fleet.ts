// The fleet of the fault loop: a hub that is a target too, a second target, a fault proxy before each, a Git server, and
// the real controller, which knows both clusters by their proxies only. Whoever observes goes past the proxies.

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type FaultProxy,
  type GitServer,
  readLocalKubeconfig,
  startCluster,
  startFaultProxy,
  startGitServer,
  type TestCluster,
  type WorkingCopy,
  workingCopy,
} from '@weir/testkit';
import { loadAll } from 'js-yaml';
import { type Cluster, type Manifest, openClusterAt } from '../e2e/rig/cluster.ts';
import { postPush } from '../e2e/rig/repo.ts';
import { argoNamespace, fluxNamespace } from '../e2e/rig/resources.ts';
import { ControllerProcess } from './controller-process.ts';

export const clusterNames = ['hub', 'east'] as const;
export type ClusterName = (typeof clusterNames)[number];

const root = fileURLToPath(new URL('../../', import.meta.url));
const weirUser = 'weir';

interface Part {
  readonly kube: TestCluster;
  readonly proxy: FaultProxy;
  readonly cluster: Cluster;
}

type Parts = Readonly<Record<ClusterName, Part>>;

export class FaultFleet {
  readonly home: string;
  readonly git: GitServer;
  readonly copy: WorkingCopy;
  readonly repoUrl: string;
  readonly controller: ControllerProcess;
  readonly #parts: Parts;
  readonly #webhookSecretFile: string;

  private constructor(of: {
    home: string;
    parts: Parts;
    git: GitServer;
    copy: WorkingCopy;
    controller: ControllerProcess;
    webhookSecretFile: string;
  }) {
    this.home = of.home;
    this.git = of.git;
    this.copy = of.copy;
    this.repoUrl = of.git.repoUrl('fleet');
    this.controller = of.controller;
    this.#parts = of.parts;
    this.#webhookSecretFile = of.webhookSecretFile;
  }

  static async start(options: { readonly seed: number }): Promise<FaultFleet> {
    await ensureBundle();
    const home = await mkdtemp(join(tmpdir(), 'weir-faults-'));
    const [hub, east, git] = await Promise.all([
      startPart('hub', options.seed),
      startPart('east', options.seed + 1),
      startGitServer({ dir: join(home, 'git') }),
    ]);
    const url = await git.createRepo('fleet');
    const copy = await workingCopy({ url, dir: join(home, 'copy') });
    await prepareHub(hub.cluster);
    await grantRights(hub.cluster, ['hub', 'target']);
    await grantRights(east.cluster, ['target']);
    await register(hub.cluster, { name: 'east', proxy: east.proxy });
    const kubeconfigPath = join(home, 'hub.kubeconfig');
    await writeFile(kubeconfigPath, hub.proxy.kubeconfig('hub'), { mode: 0o600 });
    const webhookSecretFile = join(home, 'webhook-secret');
    await writeFile(webhookSecretFile, 'of the fault loop\n', { mode: 0o600 });
    const controller = await ControllerProcess.start({ home, kubeconfigPath, webhookSecretFile });
    return new FaultFleet({ home, parts: { hub, east }, git, copy, controller, webhookSecretFile });
  }

  cluster(name: ClusterName): Cluster {
    return this.#parts[name].cluster;
  }

  proxy(name: ClusterName): FaultProxy {
    return this.#parts[name].proxy;
  }

  /** As a forge tells of a push. False when the controller did not take it. */
  async notify(commit: string): Promise<boolean> {
    if (!this.controller.isRunning) return false;
    const webhook = { url: this.controller.webhookUrl, secretFile: this.#webhookSecretFile };
    const status = await postPush(webhook, { url: this.repoUrl, commit }).catch(() => 0);
    return status === 202;
  }

  async stop(): Promise<void> {
    await this.controller.stop();
    for (const { proxy, kube } of Object.values(this.#parts)) {
      await proxy.stop();
      await kube.stop();
    }
    await this.git.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

async function startPart(name: ClusterName, seed: number): Promise<Part> {
  const kube = await startCluster({ name, user: weirUser });
  const weirKubeconfigPath = kube.userKubeconfigPath ?? '';
  const upstream = readLocalKubeconfig(await readFile(weirKubeconfigPath, 'utf8'));
  const proxy = await startFaultProxy({ upstream, seed });
  const cluster = openClusterAt({
    name,
    adminKubeconfigPath: kube.kubeconfigPath,
    weirKubeconfigPath,
    auditLog: kube.auditLog,
    apiServerPid: () => 0,
  });
  return { kube, proxy, cluster };
}

/** The controller is the built command, as users run it. */
async function ensureBundle(): Promise<void> {
  // A computed address: the scripts are plain JavaScript, without types.
  const script = new URL('../../scripts/build.mjs', import.meta.url).href;
  const builder = (await import(script)) as { buildWeir(): Promise<string> };
  await builder.buildWeir();
}

async function prepareHub(hub: Cluster): Promise<void> {
  const definitions = await deployed('crds');
  for (const definition of definitions) await hub.ensure(definition);
  for (const definition of definitions) await eventually(() => isServed(hub, definition));
  for (const name of [argoNamespace, fluxNamespace]) await ensureNamespace(hub, name);
}

/** A definition is established a moment before its objects can be listed. */
async function isServed(hub: Cluster, definition: Manifest): Promise<boolean> {
  const { group, names, versions } = definition.spec as {
    group: string;
    names: { kind: string };
    versions: { name: string }[];
  };
  try {
    for (const { name } of versions) await hub.list({ apiVersion: `${group}/${name}`, kind: names.kind });
    return true;
  } catch {
    return false;
  }
}

export async function ensureNamespace(cluster: Cluster, name: string): Promise<void> {
  await cluster.ensure({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
}

async function grantRights(cluster: Cluster, parts: readonly string[]): Promise<void> {
  for (const manifest of await deployed('rbac'))
    if (parts.includes(manifest.metadata.labels?.['weir.dev/part'] ?? '')) await cluster.ensure(manifest);
}

async function deployed(folder: string): Promise<Manifest[]> {
  const dir = join(root, 'deploy', folder);
  const files = (await readdir(dir)).filter((file) => file.endsWith('.yaml')).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(dir, file), 'utf8')));
  return texts.flatMap((text) => loadAll(text) as Manifest[]).filter((manifest) => manifest !== null);
}

/** As users of each tool register a cluster: an Argo CD cluster Secret, and a kubeconfig Secret for Flux. */
async function register(hub: Cluster, of: { name: string; proxy: FaultProxy }): Promise<void> {
  const { name, proxy } = of;
  const caData = Buffer.from(proxy.caPem).toString('base64');
  await hub.ensure({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `cluster-${name}`,
      namespace: argoNamespace,
      labels: { 'argocd.argoproj.io/secret-type': 'cluster' },
    },
    stringData: {
      name,
      server: proxy.server,
      config: JSON.stringify({ bearerToken: proxy.token, tlsClientConfig: { caData } }),
    },
  });
  await hub.ensure({
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${name}-kubeconfig`, namespace: fluxNamespace },
    stringData: { value: proxy.kubeconfig(name) },
  });
}

async function eventually(probe: () => Promise<boolean>): Promise<void> {
  for (let left = 200; left > 0; left--) {
    if (await probe()) return;
    await sleep(50);
  }
  throw new Error('a definition is not served in time');
}

/** Where the logs of a failed run are kept. */
export async function keepLogs(fleet: FaultFleet, name: string, report: string): Promise<string> {
  const dir = join(tmpdir(), 'weir-fault-failures', name);
  await mkdir(dir, { recursive: true });
  await writeFile(join(dir, 'controller.log'), await readFile(fleet.controller.logFile));
  await writeFile(join(dir, 'report.txt'), report);
  return dir;
}
