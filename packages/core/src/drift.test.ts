import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyEntryOf, ownedDigest, projectOn } from './drift.ts';
import type { KubeObject, ManagedFieldsEntry } from './object.ts';

type Json = Record<string, unknown>;

const us = 'weir-test';
const digest = (text: string): string => text;

function deployment(fields: {
  spec: Json;
  metadata?: Json;
  managed?: readonly ManagedFieldsEntry[];
}): KubeObject {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'shop', ...fields.metadata, managedFields: fields.managed ?? [ourEntry] },
    spec: fields.spec,
  };
}

const ourEntry: ManagedFieldsEntry = {
  manager: us,
  operation: 'Apply',
  apiVersion: 'apps/v1',
  fieldsV1: {
    'f:metadata': { 'f:labels': { 'f:app': {} } },
    'f:spec': {
      'f:replicas': {},
      'f:selector': {},
      'f:template': {
        'f:spec': {
          'f:containers': {
            'k:{"name":"shop"}': {
              '.': {},
              'f:name': {},
              'f:image': {},
              'f:args': {},
              'f:ports': { 'k:{"containerPort":80,"protocol":"TCP"}': { '.': {}, 'f:containerPort': {} } },
            },
          },
        },
      },
    },
    'f:finalizers': { 'v:"a/keep"': {} },
  },
};

const shop: Json = {
  name: 'shop',
  image: 'shop:1',
  args: ['-v', '-q'],
  ports: [{ containerPort: 80, protocol: 'TCP' }],
};
const spec: Json = {
  replicas: 2,
  selector: { matchLabels: { app: 'shop' } },
  template: { spec: { containers: [shop] } },
};
const metadata: Json = { labels: { app: 'shop' } };

const withContainers = (...containers: Json[]): Json => ({ ...spec, template: { spec: { containers } } });

/** Of an object as we applied it, after somebody else's change: is it the same to us? */
const changes: Record<string, [Parameters<typeof deployment>[0], 'same' | 'drift']> = {
  'nothing at all': [{ spec, metadata }, 'same'],
  'a foreign annotation': [{ spec, metadata: { ...metadata, annotations: { note: 'x' } } }, 'same'],
  'a foreign label beside ours': [{ spec, metadata: { labels: { app: 'shop', team: 'x' } } }, 'same'],
  'a default of the server': [
    { spec: { ...spec, strategy: { type: 'RollingUpdate' }, revisionHistoryLimit: 10 }, metadata },
    'same',
  ],
  'a status': [{ spec: { ...spec }, metadata: { ...metadata, generation: 5 } }, 'same'],
  'a default inside our container': [
    { spec: withContainers({ ...shop, imagePullPolicy: 'Always' }), metadata },
    'same',
  ],
  'a sidecar behind ours': [
    { spec: withContainers(shop, { name: 'proxy', image: 'proxy:1' }), metadata },
    'same',
  ],
  'a sidecar before ours': [
    { spec: withContainers({ name: 'proxy', image: 'proxy:1' }, shop), metadata },
    'same',
  ],
  'an entry of another manager': [
    { spec, metadata, managed: [{ manager: 'kubectl', operation: 'Update', fieldsV1: {} }, ourEntry] },
    'same',
  ],
  'a changed field of ours': [{ spec: { ...spec, replicas: 3 }, metadata }, 'drift'],
  'a removed field of ours': [{ spec: { ...spec, replicas: undefined }, metadata }, 'drift'],
  'a changed image': [{ spec: withContainers({ ...shop, image: 'shop:2' }), metadata }, 'drift'],
  'our container gone': [{ spec: withContainers({ name: 'proxy', image: 'shop:1' }), metadata }, 'drift'],
  'all containers gone': [{ spec: withContainers(), metadata }, 'drift'],
  'an atomic list with one more item': [
    { spec: withContainers({ ...shop, args: ['-v', '-q', '-x'] }), metadata },
    'drift',
  ],
  'an atomic list in another order': [
    { spec: withContainers({ ...shop, args: ['-q', '-v'] }), metadata },
    'drift',
  ],
  'an atomic map with one more member': [
    { spec: { ...spec, selector: { matchLabels: { app: 'shop', x: 'y' } } }, metadata },
    'drift',
  ],
  'a port whose key changed': [
    { spec: withContainers({ ...shop, ports: [{ containerPort: 81, protocol: 'TCP' }] }), metadata },
    'drift',
  ],
  'our label gone': [{ spec, metadata: { labels: {} } }, 'drift'],
  'all labels gone': [{ spec, metadata: {} }, 'drift'],
  'our manager left without a field': [
    {
      spec,
      metadata,
      managed: [{ ...ourEntry, fieldsV1: { ...ourEntry.fieldsV1, 'f:spec': { 'f:selector': {} } } }],
    },
    'drift',
  ],
  'our manager gone': [{ spec, metadata, managed: [] }, 'drift'],
  'our manager left with an update only': [
    { spec, metadata, managed: [{ ...ourEntry, operation: 'Update' }] },
    'drift',
  ],
  'our manager left with the status only': [
    { spec, metadata, managed: [{ ...ourEntry, subresource: 'status' }] },
    'drift',
  ],
};

describe('to the owner of some fields', () => {
  const applied = ownedDigest(deployment({ spec, metadata }), us, digest);
  for (const [sentence, [now, expected]] of Object.entries(changes))
    it(`${sentence} is ${expected === 'same' ? 'no drift' : 'drift'}`, () => {
      expect(applied).toBeDefined();
      expect(ownedDigest(deployment(now), us, digest) === applied ? 'same' : 'drift').toBe(expected);
    });
});

describe('a projection', () => {
  const table: Record<string, [unknown, Json, unknown]> = {
    'keeps what is owned below': [{ a: { b: 1, c: 2 } }, { 'f:a': { 'f:b': {} } }, { 'f:a': { 'f:b': 1 } }],
    'leaves out what is owned and absent': [{ a: {} }, { 'f:a': { 'f:b': {} } }, { 'f:a': {} }],
    'takes a leaf as a whole': [{ a: { b: [1, { c: 2 }] } }, { 'f:a': {} }, { 'f:a': { b: [1, { c: 2 }] } }],
    'tells null from absent': [{ a: null }, { 'f:a': {}, 'f:b': {} }, { 'f:a': null }],
    'finds an item by its keys': [
      [
        { n: 'x', v: 1 },
        { n: 'y', v: 2 },
      ],
      { 'k:{"n":"y"}': { 'f:v': {} } },
      { 'k:{"n":"y"}': { 'f:v': 2 } },
    ],
    'finds an item by two keys': [
      [
        { p: 80, t: 'UDP' },
        { p: 80, t: 'TCP', v: 1 },
      ],
      { 'k:{"p":80,"t":"TCP"}': { 'f:v': {} } },
      { 'k:{"p":80,"t":"TCP"}': { 'f:v': 1 } },
    ],
    'finds a member of a set': [['a', 'b'], { 'v:"b"': {}, 'v:"c"': {} }, { 'v:"b"': 'b' }],
    'finds an item by its place': [['a', 'b'], { 'i:1': {}, 'i:2': {} }, { 'i:1': 'b' }],
    'notes that a map or list itself is owned': [
      { a: {}, b: [] },
      { 'f:a': { '.': {}, 'f:x': {} }, 'f:b': { '.': {}, 'v:1': {} } },
      { 'f:a': { '.': 'map' }, 'f:b': { '.': 'list' } },
    ],
    'of a list where a map was owned is empty': [['a'], { 'f:a': {} }, {}],
    'of a map where a list was owned is empty': [{ a: 1 }, { 'k:{"n":"y"}': {} }, {}],
    'does not take members of the prototype for fields': [
      {},
      { 'f:toString': {}, 'f:constructor': { 'f:name': {} } },
      {},
    ],
    'keeps keys with dots and slashes': [{ 'a.b/c': 1 }, { 'f:a.b/c': {} }, { 'f:a.b/c': 1 }],
  };
  for (const [sentence, [value, fields, expected]] of Object.entries(table))
    it(sentence, () => expect(projectOn(value, fields)).toEqual(expected));

  it('does not depend on what nobody of us owns', () => {
    const owned = fc.dictionary(fc.stringMatching(/^[a-m]$/), fc.jsonValue());
    const foreign = fc.dictionary(fc.stringMatching(/^[n-z]$/), fc.jsonValue());
    fc.assert(
      fc.property(owned, foreign, (ours, theirs) => {
        const fields = Object.fromEntries(Object.keys(ours).map((key) => [`f:${key}`, {}]));
        if (Object.keys(ours).length === 0) return;
        expect(projectOn({ ...theirs, ...ours }, fields)).toEqual(projectOn(ours, fields));
      }),
    );
  });
});

describe('the entry of a manager', () => {
  it('is the one of its apply on the object itself', () => {
    const managed = [
      { manager: us, operation: 'Update', fieldsV1: {} },
      { manager: us, operation: 'Apply', subresource: 'status', fieldsV1: {} },
      ourEntry,
    ];
    expect(applyEntryOf(deployment({ spec, managed }), us)).toBe(ourEntry);
    expect(applyEntryOf(deployment({ spec, managed }), 'another')).toBeUndefined();
  });
});
