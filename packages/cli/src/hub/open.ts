// Which cluster is the hub, and a connection to it: the given kubeconfig, what `weir up` started, or the user's own.

import type { Dialect } from '@weir/core';
import {
  type ClusterAccess,
  connect,
  createWriter,
  type KubeClient,
  loadAccess,
  type Writer,
} from '@weir/kube';
import type { Command } from 'commander';
import { dialects } from '../dialects.ts';
import { homeOf, readState } from '../local/home.ts';

export interface HubOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly home?: string;
}

export interface ScopeOptions extends HubOptions {
  readonly namespace?: string;
  readonly allNamespaces?: boolean;
}

export interface Hub {
  readonly access: ClusterAccess;
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly dialects: readonly Dialect[];
}

export function withHubOptions(command: Command): Command {
  return command
    .option('--kubeconfig <file>', 'kubeconfig of the hub')
    .option('--context <name>', 'context of the hub in that kubeconfig')
    .option('--home <dir>', 'directory of `weir up` (default: $WEIR_HOME or ~/.weir)');
}

export function withScopeOptions(command: Command): Command {
  return withHubOptions(command)
    .option('-n, --namespace <namespace>', 'only this namespace of the hub')
    .option('-A, --all-namespaces', 'all namespaces (the default)');
}

export function namespaceOf(options: ScopeOptions): string | undefined {
  return options.allNamespaces === true ? undefined : options.namespace;
}

export async function hubAccess(options: HubOptions): Promise<ClusterAccess> {
  if (options.kubeconfig === undefined && options.context === undefined) {
    const hub = (await readState(homeOf(options.home)))?.clusters[0];
    if (hub !== undefined)
      return loadAccess({
        path: hub.kubeconfig,
        name: hub.name,
        ...(hub.context === undefined ? {} : { context: hub.context }),
      });
  }
  return loadAccess({
    ...(options.kubeconfig === undefined ? {} : { path: options.kubeconfig }),
    ...(options.context === undefined ? {} : { context: options.context }),
  });
}

/** Opens the hub for the time of `use`. */
export async function withHub<T>(options: HubOptions, use: (hub: Hub) => Promise<T>): Promise<T> {
  const access = await hubAccess(options);
  const client = connect(access);
  try {
    return await use({ access, client, writer: createWriter(client), dialects });
  } finally {
    await client.close();
  }
}
