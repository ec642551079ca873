// What `weir up` puts on clusters: CRDs, weir's rights, registrations, and the custom resources to begin with.
// It creates what is missing, and changes nothing that is there but a registration whose credentials are old.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRecord, type KubeObject, refOf, WeirError } from '@weir/core';
import { installHub } from '@weir/engine';
import { connect, createWriter, type KubeClient, loadAccess, type Writer } from '@weir/kube';
import { loadAll } from 'js-yaml';
import type { ClusterState } from './home.ts';
import { readEntry } from './kubeconfig.ts';
import { weirRoot } from './place.ts';
import { argoNamespace, fluxNamespace, registrationsOf, startedBy } from './registration.ts';

const fieldManager = 'weir-up';

interface Cluster {
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly signal: AbortSignal;
}

export async function withCluster<T>(
  state: ClusterState,
  signal: AbortSignal,
  use: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const access = await loadAccess({
    path: state.kubeconfig,
    name: state.name,
    ...(state.context === undefined ? {} : { context: state.context }),
  });
  const client = connect(access);
  try {
    return await use({ client, writer: createWriter(client), signal });
  } finally {
    await client.close();
  }
}

/** The objects in the YAML files of `deploy/<folder>`. */
export async function readDeployFolder(folder: string): Promise<KubeObject[]> {
  const dir = join(weirRoot(), 'deploy', folder);
  const files = (await readdir(dir)).filter((file) => /\.ya?ml$/.test(file)).sort();
  const objects: KubeObject[] = [];
  for (const file of files)
    for (const document of loadAll(await readFile(join(dir, file), 'utf8'))) {
      if (document === null || document === undefined) continue;
      if (!isRecord(document) || typeof document.kind !== 'string' || !isRecord(document.metadata))
        throw new WeirError({ code: 'OBJECT_INVALID', message: `deploy/${folder}/${file} holds no object` });
      objects.push(document as unknown as KubeObject);
    }
  return objects;
}

/** The rights of weir, by its user name. Only for local clusters: elsewhere the user's own identity works. */
export async function grantRights(cluster: Cluster, part: 'hub' | 'target'): Promise<void> {
  const objects = await readDeployFolder('rbac');
  for (const object of objects)
    if (object.metadata.labels?.['weir.dev/part'] === part) await ensureEqual(cluster, object);
}

export async function prepareHub(cluster: Cluster): Promise<void> {
  const crds = await readDeployFolder('crds');
  await installHub({ client: cluster.client, writer: cluster.writer, crds });
  // The CRDs are new to this connection.
  await cluster.client.resources({ fresh: true });
  for (const name of [argoNamespace, fluxNamespace])
    await ensurePresent(cluster, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { ...startedBy } },
    });
}

/** Registers every cluster but the hub. The credentials are weir's own on local clusters. */
export async function registerClusters(hub: Cluster, clusters: readonly ClusterState[]): Promise<void> {
  for (const state of clusters.slice(1)) {
    const entry = await readEntry(state.weirKubeconfig, state.context);
    for (const secret of registrationsOf({ name: state.name, entry })) await ensureEqual(hub, secret);
  }
}

export async function ensurePresent(cluster: Cluster, object: KubeObject): Promise<void> {
  const { client, writer, signal } = cluster;
  if ((await client.get(refOf(object), signal)) === undefined)
    await writer.apply(object, { fieldManager, signal });
}

/** Applies unless everything that the object says is so already. */
async function ensureEqual(cluster: Cluster, object: KubeObject): Promise<void> {
  const { client, writer, signal } = cluster;
  const live = await client.get(refOf(object), signal);
  if (!holds(live, object)) await writer.apply(object, { fieldManager, force: true, signal });
}

/** Whether `live` has every field of `wanted` with the same value; lists are compared whole. */
export function holds(live: unknown, wanted: unknown): boolean {
  if (isRecord(wanted))
    return isRecord(live) && Object.entries(wanted).every(([key, value]) => holds(live[key], value));
  if (Array.isArray(wanted))
    return (
      Array.isArray(live) &&
      live.length === wanted.length &&
      wanted.every((value, i) => holds(live[i], value))
    );
  return live === wanted;
}
