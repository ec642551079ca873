// The actions that argocd-cm adds to a kind, and what is wrong with them.

import { type KubeObject, showProblem } from '@weir/core';
import { load } from 'js-yaml';
import { expect, test } from 'vitest';
import { readActionCustomization } from './action-customizations.ts';

const key = 'resource.customizations.actions.example.dev_Widget';
const openKey = 'resource.customizations.useOpenLibs.example.dev_Widget';
const actions = `
mergeBuiltinActions: true
discovery.lua: return {}
definitions:
- name: spin
  action.lua: return obj
`;
const all = (text: string): string =>
  `example.dev/Widget:\n  actions: |\n    ${text.trim().replaceAll('\n', '\n    ')}\n`;

function show(data: Record<string, string>, kind = { group: 'example.dev', kind: 'Widget' }): string {
  const settings: KubeObject = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'argocd-cm' }, data };
  const read = readActionCustomization(settings, kind, (text) => load(text));
  if (!read.ok) return showProblem(read.problem);
  if (read.value === undefined) return 'none';
  const { discovery, definitions, mergesBuiltIn, openLibs } = read.value;
  const names = definitions.map(({ name, script }) => `${name}: ${script}`).join(', ');
  return `${discovery} [${names}]${mergesBuiltIn ? ' merged' : ''}${openLibs ? ' open' : ''}`;
}

test.each([
  ['the key of a kind', { [key]: actions }, 'return {} [spin: return obj] merged'],
  ['a kind of the core group', { 'resource.customizations.actions.Widget': actions }, 'none'],
  [
    'the text for all kinds',
    { 'resource.customizations': all(actions) },
    'return {} [spin: return obj] merged',
  ],
  ['both: the key', { [key]: 'discovery.lua: mine', 'resource.customizations': all(actions) }, 'mine []'],
  ['open libraries', { [key]: actions, [openKey]: 'true' }, 'return {} [spin: return obj] merged open'],
  ['nothing', {}, 'none'],
  ['another kind', { 'resource.customizations.actions.example.dev_Gadget': actions }, 'none'],
  [
    'broken YAML',
    { [key]: 'a: [' },
    `FIELD_INVALID: data.${key} is no map; expected discovery.lua and definitions`,
  ],
  [
    'a broken text for all kinds',
    { 'resource.customizations': '- a' },
    'FIELD_INVALID: data.resource.customizations is no map; expected `<group>/<kind>` with `actions`',
  ],
  [
    'a definition without a script',
    { [key]: 'definitions: [{name: spin}]' },
    `FIELD_INVALID: data.${key} has a definition without name or action.lua; expected both as texts`,
  ],
  [
    'definitions that are no list',
    { [key]: 'definitions: {}' },
    `FIELD_INVALID: data.${key} has definitions that are no list of at most 100`,
  ],
  [
    'a script that is a number',
    { [key]: 'discovery.lua: 1' },
    `FIELD_INVALID: data.${key} has a discovery.lua that is no text`,
  ],
])('%s', (_, data, expected) => {
  expect(show(data)).toBe(expected);
});

test('the core group has no name in a key', () => {
  expect(show({ 'resource.customizations.actions.Pod': actions }, { group: '', kind: 'Pod' })).toContain(
    'spin',
  );
});
