// Names: each accepted form, and the errors that list candidates.

import type { DialectKind } from '@weir/core';
import { expect, test } from 'vitest';
import { type Named, resolveName, selectNames, showName } from './names.ts';

const kind = (name: string, plural: string, group: string): DialectKind => ({
  group,
  version: 'v1',
  kind: name,
  plural,
  role: 'delivery',
  statusSubresource: false,
});
const app = kind('Application', 'applications', 'argoproj.io');
const ks = kind('Kustomization', 'kustomizations', 'kustomize.toolkit.fluxcd.io');

const items: Named[] = [
  { kind: app, namespace: 'argocd', name: 'web' },
  { kind: app, namespace: 'argocd', name: 'storefront-east' },
  { kind: app, namespace: 'team', name: 'storefront-east' },
  { kind: ks, namespace: 'flux-system', name: 'web' },
  { kind: ks, namespace: 'flux-system', name: 'east-apps' },
  { kind: ks, namespace: 'ks', name: 'odd' },
];

test.each([
  ['a name that is unique', 'east-apps', undefined, 'ks/flux-system/east-apps'],
  ['namespace and name', 'team/storefront-east', undefined, 'app/team/storefront-east'],
  ['short kind and name', 'app/web', undefined, 'app/argocd/web'],
  ['kind in any case', 'KUSTOMIZATION/web', undefined, 'ks/flux-system/web'],
  ['plural', 'applications/web', undefined, 'app/argocd/web'],
  ['plural and group', 'kustomizations.kustomize.toolkit.fluxcd.io/web', undefined, 'ks/flux-system/web'],
  ['all three', 'app/team/storefront-east', undefined, 'app/team/storefront-east'],
  ['a namespace that reads like a kind', 'ks/odd', undefined, 'ks/ks/odd'],
  ['a namespace from the option', 'storefront-east', 'team', 'app/team/storefront-east'],
  ['kind and a namespace from the option', 'app/storefront-east', 'argocd', 'app/argocd/storefront-east'],
])('%s', (_, input, namespace, expected) => {
  expect(showName(resolveName(input, items, namespace))).toBe(expected);
});

test.each([
  [
    'an ambiguous name lists its meanings',
    'web',
    /ambiguous.*\n {2}app\/argocd\/web\n {2}ks\/flux-system\/web/,
  ],
  ['a misspelt name lists similar ones', 'storefrnt-east', /unknown; similar names:\n {2}app\/argocd\/store/],
  ['an unknown name lists all', 'zzzzzzz', /unknown; there are:\n {2}app\/argocd\/storefront-east/],
  ['a wrong kind is unknown', 'gitrepo/web', /unknown/],
  ['too many parts are no name', 'a/b/c/d', /is no name/],
  ['an empty part is no name', 'app//web', /is no name/],
])('%s', (_, input, message) => {
  expect(() => resolveName(input, items)).toThrow(message);
});

test('no names select everything, and a name given twice selects once', () => {
  expect(selectNames([], items)).toHaveLength(items.length);
  expect(selectNames(['app/web', 'app/argocd/web'], items)).toHaveLength(1);
});

test('an empty hub says so', () => {
  expect(() => resolveName('web', [], 'x')).toThrow('no such resources in namespace x');
});
