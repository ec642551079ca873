// Decides how a test runs the controller in its own process, over a real cluster and a real Git server.
// It is no part of the product.

import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { canonicalJson, isRecord, type KubeObject, type ObjectRef } from '@weir/core';
import { argocd, flux } from '@weir/dialects';
import { type Controller, installHub, startController } from '@weir/engine';
import { connect, createWriter, type KubeClient, loadAccess, type Writer } from '@weir/kube';
import {
  type AuditEntry,
  type AuditMarker,
  type GitServer,
  startCluster,
  startGitServer,
  type TestCluster,
  type WorkingCopy,
  workingCopy,
} from '@weir/testkit';
import { load } from 'js-yaml';

const root = fileURLToPath(new URL('../../', import.meta.url));
const anyUser = 'weir-controller';

interface RigOptions {
  /** Who the controller is; by default somebody who may do everything. */
  readonly user?: string;
  /** What that user may do; also whatever else is to be there before it starts. */
  readonly rights?: readonly KubeObject[];
}

export class ControllerRig {
  readonly cluster: TestCluster;
  readonly git: GitServer;
  readonly copy: WorkingCopy;
  readonly url: string;
  /** As the administrator, whom the audit log leaves out. */
  readonly client: KubeClient;
  readonly writer: Writer;
  /** Warnings and errors of the controller. */
  readonly complaints: string[] = [];
  readonly #dir: string;
  readonly #user: string;
  #controller: Controller | undefined;

  private constructor(of: {
    dir: string;
    user: string;
    cluster: TestCluster;
    git: GitServer;
    copy: WorkingCopy;
    client: KubeClient;
  }) {
    this.#dir = of.dir;
    this.#user = of.user;
    this.cluster = of.cluster;
    this.git = of.git;
    this.copy = of.copy;
    this.url = of.git.repoUrl('fleet');
    this.client = of.client;
    this.writer = createWriter(of.client);
  }

  /** The cluster has all definitions, the repository these files; no controller runs yet. */
  static async start(
    files: Readonly<Record<string, string>>,
    { user = anyUser, rights = [allowAll] }: RigOptions = {},
  ): Promise<ControllerRig> {
    const dir = await mkdtemp(join(tmpdir(), 'weir-controller-'));
    const [cluster, git] = await Promise.all([startCluster(), startGitServer({ dir: join(dir, 'git') })]);
    try {
      const url = await git.createRepo('fleet');
      const copy = await workingCopy({ url, dir: join(dir, 'copy') });
      const client = connect(await loadAccess({ path: cluster.kubeconfigPath }));
      const rig = new ControllerRig({ dir, user, cluster, git, copy, client });
      await copy.write(files);
      await copy.commit('first');
      await copy.push();
      await installHub({ client, writer: rig.writer, crds: await definitions() });
      await rig.declare(...rights);
      return rig;
    } catch (error) {
      await Promise.all([cluster.stop(), git.stop()]);
      throw error;
    }
  }

  /** A controller over what deliveries of both dialects need: their namespaces, a namespace `apps`, and the source. */
  static async startDelivering(files: Readonly<Record<string, string>>): Promise<ControllerRig> {
    const rig = await ControllerRig.start(files);
    await rig.declare(...['apps', 'flux-system', 'argocd'].map(namespaceObject), gitRepository(rig.url));
    await rig.startController();
    return rig;
  }

  async startController(): Promise<void> {
    const path = await this.cluster.kubeconfigFor(this.#user);
    this.#controller = await startController({
      hub: await loadAccess({ path }),
      dialects: [argocd, flux],
      dataDir: join(this.#dir, 'data'),
      renderBinary: await nativeBinary('render'),
      findEvaluator: () => nativeBinary('evaluate'),
      parseYaml: (text) => load(text),
      log: ({ level, message, ...fields }) => {
        if (level !== 'info') this.complaints.push(`${level} ${message} ${canonicalJson(fields)}`);
      },
    });
  }

  async stopController(): Promise<void> {
    await this.#controller?.stop();
    this.#controller = undefined;
  }

  async stop(): Promise<void> {
    await this.stopController();
    await this.client.close();
    await Promise.all([this.cluster.stop(), this.git.stop()]);
    await rm(this.#dir, { recursive: true, force: true });
  }

  /** Commits, pushes, and tells the controller as a webhook would; answers the commit. */
  async commit(files: Readonly<Record<string, string | null>>): Promise<string> {
    await this.copy.write(files);
    const commit = await this.copy.commit(Object.keys(files).join(', '));
    await this.copy.push();
    this.#controller?.notifyPush({ urls: [this.url], ref: 'refs/heads/main' });
    return commit;
  }

  async declare(...objects: KubeObject[]): Promise<void> {
    for (const object of objects) await this.writer.apply(object, { fieldManager: 'user' });
  }

  get(ref: ObjectRef): Promise<KubeObject | undefined> {
    return this.client.get(ref);
  }

  /** What the objects that the controller wrote were asked for since the marker: `patch configmaps web/a`. */
  async writesSince(marker: AuditMarker): Promise<string[]> {
    return (await this.#writes(marker)).filter(({ dryRun }) => !dryRun).map(showEntry);
  }

  /** The same, dry runs included, with the account as which it was asked for and the answer. */
  async accountsSince(marker: AuditMarker): Promise<string[]> {
    return (await this.#writes(marker)).map(
      (entry) => `${entry.impersonated ?? entry.user}: ${showEntry(entry)} ${entry.code}`,
    );
  }

  async #writes(marker: AuditMarker): Promise<AuditEntry[]> {
    const all = await this.cluster.requestsSince(marker);
    return all.filter((entry) => entry.user === this.#user && isObjectWrite(entry));
  }
}

/** By a binding, since the audit log leaves out the administrators' group. */
const allowAll = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: anyUser },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: anyUser }],
};

/** Weir's own bookkeeping and the statuses of custom resources are no writes of objects. */
function isObjectWrite(entry: AuditEntry): boolean {
  const isWrite = ['create', 'update', 'patch', 'delete'].includes(entry.verb);
  const isOwn =
    /^(inventories\.weir\.dev|leases\.coordination\.k8s\.io|events|applications\.argoproj\.io|.*\.fluxcd\.io)(\/|$)/.test(
      entry.resource,
    );
  return isWrite && !isOwn;
}

function showEntry({ verb, resource, namespace, name }: AuditEntry): string {
  return `${verb} ${resource} ${namespace === undefined ? '' : `${namespace}/`}${name ?? ''}`;
}

async function definitions(): Promise<KubeObject[]> {
  const dir = join(root, 'deploy', 'crds');
  const files = (await readdir(dir)).filter((file) => file.endsWith('.yaml'));
  return Promise.all(files.map(async (file) => load(await readFile(join(dir, file), 'utf8')) as KubeObject));
}

async function nativeBinary(name: string): Promise<string> {
  // A computed address: the script is plain JavaScript, without types.
  const script = new URL('../../scripts/build-native.mjs', import.meta.url).href;
  const builder = (await import(script)) as { buildNative(name: string): Promise<{ path: string }> };
  return (await builder.buildNative(name)).path;
}

/** Waits until the probe answers what is wanted; says what it answered last when the signal ends the wait. */
export async function eventually<T>(
  probe: () => Promise<T>,
  isWanted: (value: T) => boolean,
  timeoutMs = 60_000,
): Promise<T> {
  const until = performance.now() + timeoutMs;
  for (;;) {
    const value = await probe();
    if (isWanted(value)) return value;
    if (performance.now() > until)
      throw new Error(`did not come to be; last seen: ${JSON.stringify(value, undefined, 1)}`);
    await sleep(100);
  }
}

/** What lies at that path, in whatever an API server answered. */
export const valueAt = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((found, key) => (isRecord(found) ? found[key] : undefined), value);

export const configMapRef = (place: string): ObjectRef => {
  const [namespace = '', name = ''] = place.split('/');
  return { group: '', version: 'v1', kind: 'ConfigMap', namespace, name };
};

export const configMapText = (name: string, value: string, namespace?: string): string =>
  [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    `  name: ${name}`,
    ...(namespace === undefined ? [] : [`  namespace: ${namespace}`]),
    'data:',
    `  value: "${value}"`,
    '',
  ].join('\n');

export const namespaceObject = (name: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name },
});

export function gitRepository(url: string): KubeObject {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'fleet', namespace: 'flux-system' },
    spec: { interval: '10m', url, ref: { branch: 'main' } },
  };
}

export function kustomization(name: string, spec: Readonly<Record<string, unknown>>): KubeObject {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: 'flux-system' },
    spec: { interval: '10m', prune: true, sourceRef: { kind: 'GitRepository', name: 'fleet' }, ...spec },
  };
}

export function application(name: string, of: { url: string; path: string; namespace: string }): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: 'argocd', finalizers: ['resources-finalizer.argocd.argoproj.io'] },
    spec: {
      project: 'default',
      source: { repoURL: of.url, path: of.path, targetRevision: 'main' },
      destination: { server: 'https://kubernetes.default.svc', namespace: of.namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true }, syncOptions: ['CreateNamespace=true'] },
    },
  };
}
