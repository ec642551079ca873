// How a cluster is registered on the hub, as the users of each tool do it: an Argo CD cluster Secret and a Flux
// kubeconfig Secret. Pure: it only builds the objects.

import type { KubeObject } from '@weir/core';
import { type KubeconfigEntry, kubeconfigOf } from './kubeconfig.ts';

export const argoNamespace = 'argocd';
export const fluxNamespace = 'flux-system';

/** Marks what `weir up` made on a cluster, for `weir down`. */
export const startedByLabel = 'weir.dev/started-by';
export const startedBy = { [startedByLabel]: 'weir-up' } as const;

const base64 = (text: string): string => Buffer.from(text).toString('base64');

export interface RegisteredCluster {
  readonly name: string;
  readonly entry: KubeconfigEntry;
}

export function registrationsOf(cluster: RegisteredCluster): KubeObject[] {
  return [argoSecret(cluster), fluxSecret(cluster)];
}

function argoSecret({ name, entry }: RegisteredCluster): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: `cluster-${name}`,
      namespace: argoNamespace,
      labels: { 'argocd.argoproj.io/secret-type': 'cluster', ...startedBy },
    },
    type: 'Opaque',
    data: {
      name: base64(name),
      server: base64(entry.server),
      config: base64(JSON.stringify(argoConfig(entry))),
    },
  };
}

/** Argo CD's `ClusterConfig`. */
function argoConfig(entry: KubeconfigEntry): Record<string, unknown> {
  const tls: Record<string, unknown> = {
    ...(entry.caData === undefined ? {} : { caData: entry.caData }),
    ...(entry.certData === undefined ? {} : { certData: entry.certData }),
    ...(entry.keyData === undefined ? {} : { keyData: entry.keyData }),
    ...(entry.serverName === undefined ? {} : { serverName: entry.serverName }),
    ...(entry.insecure === true ? { insecure: true } : {}),
  };
  return {
    ...(entry.username === undefined ? {} : { username: entry.username }),
    ...(entry.password === undefined ? {} : { password: entry.password }),
    ...(entry.token === undefined ? {} : { bearerToken: entry.token }),
    ...(entry.proxyUrl === undefined ? {} : { proxyUrl: entry.proxyUrl }),
    tlsClientConfig: tls,
  };
}

function fluxSecret({ name, entry }: RegisteredCluster): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: `${name}-kubeconfig`, namespace: fluxNamespace, labels: { ...startedBy } },
    type: 'Opaque',
    data: { value: base64(kubeconfigOf([{ name, entry }])) },
  };
}
