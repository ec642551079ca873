import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { findHealthScript, readHealthScripts } from './resource-customizations.ts';

const settings = (data: Readonly<Record<string, unknown>>) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'argocd-cm' },
  data,
});
const parse = (text: string): unknown => load(text);

/** One line for each script, or the problem. */
function read(data: Readonly<Record<string, unknown>>): string {
  const scripts = readHealthScripts(settings(data), parse);
  if (!scripts.ok) return `${scripts.problem.code} ${scripts.problem.message}`;
  return scripts.value
    .map(({ kinds, script, openLibs }) => `${kinds}: ${script.trim()}${openLibs ? ' (open libs)' : ''}`)
    .join('\n');
}

const readCases: Record<string, [data: Readonly<Record<string, unknown>>, expected: string]> = {
  'no customizations': [{ url: 'x' }, ''],
  'one text for all kinds': [
    {
      'resource.customizations':
        '"*.example.com/*":\n  health.lua: |\n    a\nexample.com/Widget:\n  health.lua: b\n  health.lua.useOpenLibs: true\nPod:\n  ignoreDifferences: x\n',
    },
    '*.example.com/*: a\nexample.com/Widget: b (open libs)',
  ],
  'an empty text': [{ 'resource.customizations': '' }, ''],
  'keys for one kind each': [
    {
      'resource.customizations.health.example.com_Widget': 'a',
      'resource.customizations.health.Pod': 'b',
      'resource.customizations.useOpenLibs.Pod': 'true',
      'resource.customizations.actions.Pod': 'c',
    },
    'example.com/Widget: a\nPod: b (open libs)',
  ],
  'both, of which the key for one kind counts': [
    {
      'resource.customizations.health.example.com_Widget': 'new',
      'resource.customizations': 'example.com/Widget:\n  health.lua: old\n  health.lua.useOpenLibs: true\n',
    },
    'example.com/Widget: new (open libs)',
  ],
  'libraries without a script': [{ 'resource.customizations.useOpenLibs.Pod': 'true' }, ''],
  'broken YAML': [
    { 'resource.customizations': 'a: [' },
    'FIELD_INVALID data.resource.customizations is not valid YAML',
  ],
  'a list': [
    { 'resource.customizations': '[a]' },
    'FIELD_INVALID data.resource.customizations is no map; expected `<group>/<kind>` with `health.lua`',
  ],
  'a script that is a number': [
    { 'resource.customizations': 'Pod:\n  health.lua: 1\n' },
    'FIELD_INVALID data.resource.customizations has a health.lua of Pod that is no text',
  ],
  'a key that names no kind': [
    { 'resource.customizations.health.a_b_c': 'x' },
    'FIELD_INVALID data.resource.customizations.health.a_b_c does not end in `<group>_<kind>`, nor in a kind alone',
  ],
};

describe('reads', () => {
  for (const [sentence, [data, expected]] of Object.entries(readCases))
    it(sentence, () => expect(read(data)).toBe(expected));
});

const scripts = ['*.example.com/*', 'a.example.com/Widget', '*/Gadget', 'Pod'].map((kinds) => ({
  kinds,
  script: kinds,
  openLibs: false,
}));

describe('finds', () => {
  it.each([
    ['the exact kind before a glob', 'a.example.com', 'Widget', 'a.example.com/Widget'],
    ['a glob of a group', 'b.example.com', 'Gadget', '*.example.com/*'],
    ['a glob of a kind', 'other.dev', 'Gadget', '*/Gadget'],
    ['a kind of the core group', '', 'Pod', 'Pod'],
    ['nothing for a kind of the same name in another group', 'other.dev', 'Pod', undefined],
    ['nothing for a group that only ends alike', 'example.com', 'Widget', undefined],
  ])('%s', (_, group, kind, expected) => {
    expect(findHealthScript(scripts, { group, kind })?.kinds).toBe(expected);
  });
});
