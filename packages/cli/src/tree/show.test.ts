// Trees: branches and columns as text, and data without empty fields; and how children hang below their owners.

import type { KubeObject } from '@weir/core';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { nodeOf } from './nodes.ts';
import { nodeData, showTree } from './show.ts';

const object = (kind: string, name: string, uid: string, owner?: string): KubeObject => ({
  apiVersion: kind === 'Pod' ? 'v1' : 'apps/v1',
  kind,
  metadata: {
    name,
    namespace: 'shop',
    uid,
    generation: 1,
    ...(owner === undefined
      ? {}
      : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'X', name: 'x', uid: owner }] }),
  },
  spec: { replicas: 0 },
  status: { observedGeneration: 1, phase: 'Running' },
});

const children = new Map([
  ['d', [object('ReplicaSet', 'web-2', 'r2', 'd'), object('ReplicaSet', 'web-1', 'r1', 'd')]],
  ['r1', [object('Pod', 'web-1-a', 'p', 'r1')]],
]);

test('children are sorted below their owners', () => {
  const tree = { ...nodeOf(object('Deployment', 'web', 'd'), children), sync: 'Synced' };
  const root = { label: 'app/argocd/web', sync: 'Synced', health: 'Healthy', message: '' };
  const text = showTree(root, [tree], pc.createColors(false));
  expect(text.split('\n').map((line) => line.slice(0, 30).trimEnd())).toEqual([
    'OBJECT',
    'app/argocd/web',
    '└─ Deployment/shop/web',
    '   ├─ ReplicaSet/shop/web-1',
    '   │  └─ Pod/shop/web-1-a',
    '   └─ ReplicaSet/shop/web-2',
    '',
  ]);
});

test('data leaves out what is empty', () => {
  const config: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', namespace: 'shop' },
  };
  expect(nodeData({ ...nodeOf(config, new Map()), sync: 'Synced' })).toEqual({
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: 'shop',
    name: 'c',
    sync: 'Synced',
  });
});
