// Decides how the tests of this room speak with a real API server. It is no part of the product.

import type { KubeObject, ObjectRef, WeirError } from '@weir/core';
import { startCluster, type TestCluster } from '@weir/testkit';
import { type ClusterAccess, loadAccess } from './access.ts';
import { createWriter, type Writer } from './apply/writer.ts';
import { type ClusterCache, createClusterCache } from './cache.ts';
import { connect, type KubeClient } from './client.ts';

export class ClusterRig {
  readonly cluster: TestCluster;
  readonly access: ClusterAccess;
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly #closers: (() => unknown)[] = [];

  private constructor(cluster: TestCluster, access: ClusterAccess) {
    this.cluster = cluster;
    this.access = access;
    this.client = connect(access);
    this.writer = createWriter(this.client);
    this.#closers.push(() => this.client.close());
  }

  static async start(): Promise<ClusterRig> {
    const cluster = await startCluster();
    return new ClusterRig(cluster, await loadAccess({ path: cluster.kubeconfigPath }));
  }

  async stop(): Promise<void> {
    for (const close of this.#closers) await close();
    await this.cluster.stop();
  }

  /** A client of its own, by default as the administrator. */
  connect(access: ClusterAccess = this.access): KubeClient {
    const client = connect(access);
    this.#closers.push(() => client.close());
    return client;
  }

  cache(options: { silenceMs?: number } = {}): {
    cache: ClusterCache;
    troubles: string[];
    changes: string[];
  } {
    const troubles: string[] = [];
    const changes: string[] = [];
    const cache = createClusterCache(this.connect(), {
      marks: { labels: ['owner'], annotations: [], managers: ['weir-test'] },
      listener: {
        onChange: ({ before, after }) =>
          changes.push(
            `${(after ?? before)?.ref.name} ${before === undefined ? 'came' : after === undefined ? 'went' : 'changed'}`,
          ),
        onTrouble: (error) => troubles.push(error === undefined ? 'back' : error.problem.code),
      },
      ...options,
    });
    this.#closers.push(() => cache.close());
    return { cache, troubles, changes };
  }
}

export function configMap(
  name: string,
  data: Record<string, string> = {},
  namespace = 'default',
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace, labels: { owner: 'us' } },
    data,
  };
}

export function configMapRef(name: string): ObjectRef {
  return { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'default', name };
}

/** `ok`, or the code of the problem. */
export async function codeOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => 'ok',
    (error: WeirError) => error.problem?.code ?? String(error),
  );
}

/** Waits until it is so; the limit of the test is the limit. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setTimeout(resolve, 50));
}
