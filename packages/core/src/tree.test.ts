// Trees in a small notation: `Kind/name` below its parent by indent, from objects given one a line.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { KubeObject } from './object.ts';
import { concludeTreeFacts, edgesOf, growTree, type TreeFacts, type TreeNode } from './tree.ts';

type Extra = Record<string, unknown>;

/** `Kind/name uid < owner uids`; everything is in the namespace shop unless `extra` says otherwise. */
function object(line: string, extra: Extra = {}): KubeObject {
  const [left = '', right = ''] = line.split(' < ');
  const [named = '', uid = ''] = left.split(' ');
  const [kind = '', name = ''] = named.split('/');
  const { metadata, apiVersion, ...rest } = extra as { metadata?: Extra; apiVersion?: string };
  const owners = right.split(' ').filter((owner) => owner !== '');
  return {
    apiVersion: apiVersion ?? (['Deployment', 'ReplicaSet', 'StatefulSet'].includes(kind) ? 'apps/v1' : 'v1'),
    kind,
    metadata: {
      name,
      namespace: 'shop',
      uid,
      ...(owners.length === 0
        ? {}
        : {
            ownerReferences: owners.map((owner) => ({ apiVersion: 'v1', kind: 'X', name: 'x', uid: owner })),
          }),
      ...metadata,
    },
    ...rest,
  };
}

function show(nodes: readonly TreeNode[], indent = ''): string {
  return nodes
    .map(
      ({ facts, children }) =>
        `${indent}${facts.ref.kind}/${facts.ref.name}\n${show(children, `${indent}  `)}`,
    )
    .join('');
}

const showTree = (objects: readonly KubeObject[], ...roots: string[]): string =>
  show(growTree({ all: objects.map(concludeTreeFacts), roots }).nodes);

const slice = (metadata: Extra, line = 'EndpointSlice/web-x e'): KubeObject =>
  object(line, { apiVersion: 'discovery.k8s.io/v1', metadata });
const claim = (name: string): KubeObject => object(`PersistentVolumeClaim/${name} ${name}`);
const set = object('StatefulSet/db s', {
  spec: { volumeClaimTemplates: [{ metadata: { name: 'data' } }, { metadata: { name: 'log-data' } }, null] },
});
const csv = (metadata: Extra): KubeObject =>
  object('ClusterServiceVersion/v1 c', { apiVersion: 'operators.coreos.com/v1alpha1', metadata });
const group = object('OperatorGroup/og g', { apiVersion: 'operators.coreos.com/v1' });

test.each([
  [
    'owners, sorted by kind and name',
    [
      object('Deployment/web d'),
      object('ReplicaSet/web-2 r2 < d'),
      object('ReplicaSet/web-1 r1 < d'),
      object('Pod/web-1-a p < r1'),
    ],
    'd',
    'Deployment/web\n  ReplicaSet/web-1\n    Pod/web-1-a\n  ReplicaSet/web-2\n',
  ],
  [
    'an object with two owners below both',
    [object('A/a a'), object('B/b b < a'), object('C/c c < a b')],
    'a',
    'A/a\n  B/b\n    C/c\n  C/c\n',
  ],
  [
    'a cycle, once around',
    [object('A/a a < c'), object('B/b b < a'), object('C/c c < b')],
    'a',
    'A/a\n  B/b\n    C/c\n',
  ],
  ['an object that owns itself', [object('A/a a < a')], 'a', 'A/a\n'],
  ['an owner that nobody knows', [object('A/a a < gone'), object('B/b b < a')], 'a', 'A/a\n  B/b\n'],
  ['a root that nobody knows', [object('A/a a')], 'gone', ''],
  [
    'Endpoints by the name of their Service',
    [object('Service/web v'), object('Endpoints/web e')],
    'v',
    'Service/web\n  Endpoints/web\n',
  ],
  [
    'Endpoints of a Service in another namespace not',
    [object('Service/web v'), object('Endpoints/web e', { metadata: { namespace: 'other' } })],
    'v',
    'Service/web\n',
  ],
  [
    'an EndpointSlice by its label',
    [object('Service/web v'), slice({ labels: { 'kubernetes.io/service-name': 'web' } })],
    'v',
    'Service/web\n  EndpointSlice/web-x\n',
  ],
  [
    'an EndpointSlice by its owner alone',
    [
      object('Service/web v'),
      object('Service/new n'),
      slice({ labels: { 'kubernetes.io/service-name': 'new' } }, 'EndpointSlice/web-x e < v'),
    ],
    'n',
    'Service/new\n',
  ],
  [
    'the claims of a StatefulSet',
    [
      set,
      claim('data-db-0'),
      claim('data-db-12'),
      claim('data-db'),
      claim('data-db2-0'),
      claim('log-data-db-0'),
    ],
    's',
    'StatefulSet/db\n  PersistentVolumeClaim/data-db-0\n  PersistentVolumeClaim/data-db-12\n  PersistentVolumeClaim/log-data-db-0\n',
  ],
  [
    'a token below its account',
    [
      object('ServiceAccount/sa a'),
      object('Secret/sa-token t', {
        metadata: { annotations: { 'kubernetes.io/service-account.name': 'sa' } },
      }),
    ],
    'a',
    'ServiceAccount/sa\n  Secret/sa-token\n',
  ],
  [
    'a token of an account that was made anew not',
    [
      object('ServiceAccount/sa a'),
      object('Secret/sa-token t', {
        metadata: {
          annotations: {
            'kubernetes.io/service-account.name': 'sa',
            'kubernetes.io/service-account.uid': 'old',
          },
        },
      }),
    ],
    'a',
    'ServiceAccount/sa\n',
  ],
  [
    'an operator below its group',
    [group, csv({ annotations: { 'olm.operatorGroup': 'og' } })],
    'g',
    'OperatorGroup/og\n  ClusterServiceVersion/v1\n',
  ],
  [
    'a child in another namespace by uid',
    [object('A/a a'), object('B/b b < a', { metadata: { namespace: 'other' } })],
    'a',
    'A/a\n  B/b\n',
  ],
  [
    'a child of a cluster-scoped object',
    [object('A/a a', { metadata: { namespace: undefined } }), object('B/b b < a')],
    'a',
    'A/a\n  B/b\n',
  ],
])('%s', (_, objects, root, expected) => {
  expect(showTree(objects, root)).toBe(expected);
});

test('a tree is cut where it would become endless', () => {
  const wide = [object('A/a a'), ...Array.from({ length: 50 }, (_, i) => object(`B/b${i} b${i} < a`))];
  const deep = Array.from({ length: 50 }, (_, i) => object(`A/a${i} u${i}${i === 0 ? '' : ` < u${i - 1}`}`));
  const limits = { depth: 5, nodes: 10 };
  const grow = (objects: readonly KubeObject[], root: string) =>
    growTree({ all: objects.map(concludeTreeFacts), roots: [root], limits });
  expect(show(grow(wide, 'a').nodes).split('\n').length - 1).toBe(11);
  expect(show(grow(deep, 'u0').nodes).split('\n').length - 1).toBe(5);
  expect([grow(wide, 'a').isCut, grow(deep, 'u0').isCut, grow([object('A/a a')], 'a').isCut]).toEqual([
    true,
    true,
    false,
  ]);
});

test('whatever owns whatever, a tree ends, and no object stands below itself', () => {
  const facts = fc.array(fc.record({ uid: fc.nat(8), owners: fc.array(fc.nat(8), { maxLength: 3 }) }), {
    maxLength: 9,
  });
  const check = (nodes: readonly TreeNode[], above: readonly string[]): void => {
    for (const {
      facts: { uid },
      children,
    } of nodes) {
      expect(above).not.toContain(uid);
      check(children, [...above, uid]);
    }
  };
  fc.assert(
    fc.property(facts, (drawn) => {
      const all: TreeFacts[] = drawn.map(({ uid, owners }) =>
        concludeTreeFacts(object(`A/a${uid} ${uid} < ${owners.join(' ')}`)),
      );
      for (const { parent, child } of edgesOf(all)) expect(parent).not.toBe(child);
      check(growTree({ all, roots: all.map(({ uid }) => uid) }).nodes, []);
    }),
  );
});
