import type { KubeObject } from '@weir/core';
import { expect, it } from 'vitest';
import { withoutField } from './prune-field.ts';

const object = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'a' },
  spec: {
    fooBar: 1,
    'x.y/z': { deep: 1 },
    ports: [
      { containerPort: 80, zz: 1 },
      { containerPort: 81, zz: 1 },
    ],
    named: [{ name: 'a"]b', bogus: 1 }, { name: 'c' }],
    tolerations: [{ key: 'a' }, { key: 'a', bogus: 1 }],
  },
} as unknown as KubeObject;

const table: Record<string, [path: string, spec: Record<string, unknown> | undefined]> = {
  'a plain field': ['.spec.fooBar', { fooBar: undefined }],
  'a key with dots in it': ['.spec.x.y/z', { 'x.y/z': undefined }],
  'a field below such a key': ['.spec.x.y/z.deep', { 'x.y/z': {} }],
  'an item by its keys, one of them filled in by the server': [
    '.spec.ports[containerPort=80,protocol="TCP"].zz',
    { ports: [{ containerPort: 80 }, { containerPort: 81, zz: 1 }] },
  ],
  'an item by a key with quotes and brackets': [
    '.spec.named[name="a\\"]b"].bogus',
    { named: [{ name: 'a"]b' }, { name: 'c' }] },
  ],
  'an item by its place': ['.spec.tolerations[1].bogus', { tolerations: [{ key: 'a' }, { key: 'a' }] }],
  'a field that is not there': ['.spec.nothing', undefined],
  'an item that is not there': ['.spec.tolerations[7].bogus', undefined],
  'words that are no path': ['spec', undefined],
  'a list where there is none': ['.spec.fooBar[0].x', undefined],
  'a selector without an end': ['.spec.named[name="a', undefined],
};
for (const [sentence, [path, spec]] of Object.entries(table))
  it(`takes out exactly ${sentence}`, () => {
    const before = JSON.stringify(object);
    const expected =
      spec === undefined
        ? undefined
        : JSON.stringify({ ...object, spec: { ...(object.spec as Record<string, unknown>), ...spec } });
    const pruned = withoutField(object, path);
    expect(pruned === undefined ? undefined : JSON.stringify(pruned)).toBe(expected);
    expect(JSON.stringify(object)).toBe(before);
  });
