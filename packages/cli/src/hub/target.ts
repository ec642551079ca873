// The cluster that a delivery goes to, as the Secrets on the hub describe it. It never writes there.

import { type ClusterRef, isRecord, type KubeObject, WeirError } from '@weir/core';
import { accessOfKubeconfig, accessOfRecord, type ClusterAccess, connect, type KubeClient } from '@weir/kube';
import type { Hub } from './open.ts';

export async function withTarget<T>(
  input: { hub: Hub; cluster: ClusterRef; signal: AbortSignal },
  use: (client: KubeClient) => Promise<T>,
): Promise<T> {
  if (input.cluster.kind === 'hub') return use(input.hub.client);
  const client = connect(await targetAccess({ ...input, cluster: input.cluster }));
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

type RemoteRef = Exclude<ClusterRef, { kind: 'hub' }>;

async function targetAccess(input: {
  hub: Hub;
  cluster: RemoteRef;
  signal: AbortSignal;
}): Promise<ClusterAccess> {
  const { hub, cluster, signal } = input;
  if (cluster.kind !== 'kubeconfig-secret') return registeredAccess({ hub, cluster, signal });
  const { namespace, name, key } = cluster;
  const secret = await hub.client.get({ group: '', version: 'v1', kind: 'Secret', namespace, name }, signal);
  const text = textIn(secret, key === undefined ? ['value', 'value.yaml'] : [key]);
  if (text === undefined)
    throw new WeirError({
      code: 'CLUSTER_CREDENTIALS_INVALID',
      message: `Secret ${namespace}/${name}: holds no kubeconfig under ${key ?? 'value'}; expected one`,
    });
  const access = await accessOfKubeconfig(text, { name });
  if (!access.ok) throw new WeirError(access.problem);
  return access.value;
}

function textIn(secret: KubeObject | undefined, keys: readonly string[]): string | undefined {
  const data = secret?.data;
  if (!isRecord(data)) return undefined;
  const value = keys.map((key) => data[key]).find((each) => typeof each === 'string');
  return typeof value === 'string' ? Buffer.from(value, 'base64').toString('utf8') : undefined;
}

async function registeredAccess(input: {
  hub: Hub;
  cluster: Exclude<RemoteRef, { kind: 'kubeconfig-secret' }>;
  signal: AbortSignal;
}): Promise<ClusterAccess> {
  const { hub, cluster, signal } = input;
  const wanted = cluster.kind === 'name' ? cluster.name : cluster.server;
  for (const { secrets } of hub.dialects) {
    if (secrets.readCluster === undefined || secrets.labelSelector === undefined) continue;
    const found = await hub.client.list(
      { group: '', version: 'v1', plural: 'secrets' },
      { labelSelector: secrets.labelSelector, signal },
    );
    for (const secret of found) {
      const record = secrets.readCluster(secret);
      if (
        record?.ok === true &&
        (cluster.kind === 'name' ? record.value.name : record.value.server) === wanted
      )
        return accessOfRecord(record.value);
    }
  }
  throw new WeirError({
    code: 'CLUSTER_NOT_FOUND',
    message: `cluster ${wanted} is not registered on the hub; expected a cluster Secret that names it`,
  });
}
