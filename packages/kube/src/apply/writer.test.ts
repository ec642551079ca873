import { expect, it } from 'vitest';
import type { KubeClient } from '../client.ts';
import { createWriter } from './writer.ts';

it('nothing is written or deleted at the path of a whole kind', async () => {
  const sent: string[] = [];
  const client = {
    transport: { send: async ({ path }: { path: string }) => void sent.push(path) },
    resourceOf: async () => ({ group: '', version: 'v1', plural: 'configmaps', namespaced: true }),
  };
  const writer = createWriter(client as unknown as KubeClient);
  for (const [namespace, name] of [
    ['web', ''],
    ['web', '..'],
    ['..', 'a'],
  ] as const) {
    const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace, name };
    await expect(writer.remove(ref, { propagation: 'Background' })).rejects.toThrow('has no name');
  }
  expect(sent).toEqual([]);
});
