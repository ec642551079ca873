// Which lists a tree asks for: few for what Kubernetes owns, all for what nobody knows, never more than bounded.

import type { ObjectRef } from '@weir/core';
import type { Resource } from '@weir/kube';
import { expect, test } from 'vitest';
import { wantedLists } from './child-kinds.ts';

const resource = (group: string, kind: string, rest: Partial<Resource> = {}): Resource => ({
  group,
  version: 'v1',
  kind,
  plural: `${kind.toLowerCase()}s`,
  namespaced: true,
  verbs: ['get', 'list'],
  ...rest,
});
const served: readonly Resource[] = [
  resource('', 'ConfigMap'),
  resource('', 'Secret'),
  resource('', 'Pod'),
  resource('', 'PersistentVolumeClaim'),
  resource('', 'Node', { namespaced: false }),
  resource('', 'Binding', { verbs: ['create'] }),
  resource('', 'Event'),
  resource('apps', 'ReplicaSet'),
  resource('apps', 'ReplicaSet', { version: 'v1beta1' }),
  resource('apps', 'ControllerRevision'),
  resource('batch', 'Job'),
  resource('discovery.k8s.io', 'EndpointSlice'),
  resource('example.dev', 'Child'),
];
const ref = (group: string, kind: string, namespace = 'shop'): ObjectRef => ({
  group,
  version: 'v1',
  kind,
  namespace,
  name: 'web',
});

function show(roots: readonly ObjectRef[], kinds: readonly Resource[] = served): string {
  const { lists, isCut } = wantedLists(roots, kinds);
  const shown = lists.map(
    (list) =>
      `${list.namespace}/${list.resource.kind}${list.metadataOnly ? '~' : ''}${list.fieldSelector === undefined ? '' : '?'}`,
  );
  return [...shown, ...(isCut ? ['cut'] : [])].join(' ');
}

test.each([
  ['a Deployment', [ref('apps', 'Deployment')], 'shop/ReplicaSet shop/Pod'],
  [
    'a StatefulSet',
    [ref('apps', 'StatefulSet')],
    'shop/ControllerRevision~ shop/PersistentVolumeClaim shop/Pod',
  ],
  [
    'two Deployments in one namespace',
    [ref('apps', 'Deployment'), ref('apps', 'Deployment')],
    'shop/ReplicaSet shop/Pod',
  ],
  [
    'Deployments in two namespaces',
    [ref('apps', 'Deployment'), ref('apps', 'Deployment', 'b')],
    'shop/ReplicaSet shop/Pod b/ReplicaSet b/Pod',
  ],
  ['a Service', [ref('', 'Service')], 'shop/EndpointSlice~'],
  ['a ServiceAccount', [ref('', 'ServiceAccount')], 'shop/Secret~?'],
  ['configuration', [ref('', 'ConfigMap'), ref('', 'Secret'), ref('rbac.authorization.k8s.io', 'Role')], ''],
  ['an object without a namespace', [ref('example.dev', 'Parent', '')], ''],
  ['a kind that is not served', [ref('networking.k8s.io', 'Ingress')], ''],
  [
    'a custom kind',
    [ref('example.dev', 'Parent')],
    'shop/Pod shop/PersistentVolumeClaim shop/ReplicaSet shop/Job shop/ConfigMap~ shop/Secret~? shop/ControllerRevision~ shop/EndpointSlice~ shop/Child~',
  ],
])('%s', (_, roots, expected) => {
  expect(show(roots)).toBe(expected);
});

test('the number of lists is bounded, and a cut is told', () => {
  const many = Array.from({ length: 150 }, (_, i) => resource('example.dev', `K${i}`));
  const spread = Array.from({ length: 40 }, (_, i) => ref('apps', 'Deployment', `n${i}`));
  expect(show([ref('example.dev', 'Parent')], many).split(' ')).toHaveLength(101);
  expect(show(spread).split(' ')).toHaveLength(61);
  expect(
    [show([ref('example.dev', 'Parent')], many), show(spread)].map((text) => text.endsWith(' cut')),
  ).toEqual([true, true]);
});
