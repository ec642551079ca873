import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { KubeObject } from '@weir/core';
import { expect, it } from 'vitest';
import { createClusterCache, maxBytesPerObject } from './cache.ts';
import type { KubeClient } from './client.ts';
import type { Resource } from './discovery.ts';
import type { WatchEvent } from './watch.ts';

const count = 20_000;
const deployments: Resource = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
  verbs: ['get', 'list', 'watch'],
};

/** Some 3 KiB of JSON, as a server sends them: what is kept of an object must not hold on to its text. */
function textOf(index: number): string {
  const labels = { app: `shop-${index}`, 'app.kubernetes.io/part-of': 'shop', owner: 'us' };
  const fields = { 'f:metadata': { 'f:labels': { 'f:app': {} } }, 'f:spec': { 'f:replicas': {} } };
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: {
      name: `shop-${index}`,
      namespace: `team-${index % 200}`,
      uid: `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
      resourceVersion: String(1_000_000 + index),
      labels,
      annotations: { note: 'x'.repeat(1_500) },
      managedFields: [
        {
          manager: 'us',
          operation: 'Apply',
          apiVersion: 'apps/v1',
          fieldsType: 'FieldsV1',
          fieldsV1: fields,
        },
      ],
    },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { containers: [{ name: 'web', image: `registry.example/shop:${index}`, env: [] }] },
      },
    },
    status: { observedGeneration: 1, replicas: 2, updatedReplicas: 2, availableReplicas: 2 },
  };
  return JSON.stringify(object);
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  collect();
  return process.memoryUsage().heapUsed;
}

it(`${count} objects of one kind keep within the stated memory`, async () => {
  const client = {
    name: 'test',
    async *watch(_: Resource, { signal }: { signal: AbortSignal }): AsyncGenerator<WatchEvent> {
      yield { kind: 'restart' };
      for (let index = 0; index < count; index++)
        yield { kind: 'put', object: JSON.parse(textOf(index)) as KubeObject };
      yield { kind: 'synced' };
      await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
    },
  };
  const cache = createClusterCache(client as unknown as KubeClient, {
    marks: { labels: ['owner'], annotations: [], managers: ['us'] },
    listener: { onChange: () => undefined, onTrouble: () => undefined },
  });
  const before = heapBytes();
  await cache.follow([deployments], new AbortController().signal);
  const each = (heapBytes() - before) / cache.size();
  cache.close();
  expect(cache.size()).toBe(count);
  expect(each).toBeLessThan(maxBytesPerObject);
  // Far below would mean that the constant plans with too much.
  expect(each).toBeGreaterThan(maxBytesPerObject / 10);
});
