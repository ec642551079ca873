import { describe, expect, it } from 'vitest';
import { driftedFields, isOwnershipLost, showDrift } from './drifted-fields.ts';
import type { KubeObject, ManagedFieldsEntry } from './object.ts';

type Json = Record<string, unknown>;

const us = 'weir-test';
const ours = (fieldsV1: Json): ManagedFieldsEntry => ({ manager: us, operation: 'Apply', fieldsV1 });
const theirs = (fieldsV1: Json, manager = 'kubectl', time = '2026-01-01T00:00:00Z'): ManagedFieldsEntry => ({
  manager,
  operation: 'Update',
  time,
  fieldsV1,
});

function widget(spec: Json, ...managedFields: ManagedFieldsEntry[]): KubeObject {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w', managedFields }, spec };
}

const inSpec = (fields: Json): Json => ({ 'f:spec': fields });
const port = 'k:{"containerPort":80,"protocol":"TCP"}';

interface Row {
  readonly fields: Json;
  readonly applied: Json;
  readonly live: Json;
  readonly liveFields?: readonly ManagedFieldsEntry[];
  readonly ignored?: Json;
  readonly expected: string;
}

const table: Record<string, Row> = {
  'nothing where all wanted values are live': {
    fields: { 'f:size': {} },
    applied: { size: 1 },
    live: { size: 1, colour: 'red' },
    expected: '',
  },
  'a changed value, and who took it': {
    fields: { 'f:size': {} },
    applied: { size: 1 },
    live: { size: 2 },
    liveFields: [theirs(inSpec({ 'f:size': {} }))],
    expected: 'spec.size (taken by kubectl)',
  },
  'of several owners the last': {
    fields: { 'f:size': {} },
    applied: { size: 1 },
    live: { size: 2 },
    liveFields: [
      theirs(inSpec({ 'f:size': {} }), 'scaler', '2026-01-02T00:00:00Z'),
      theirs(inSpec({ 'f:size': {} })),
    ],
    expected: 'spec.size (taken by scaler)',
  },
  'a value that is gone': {
    fields: { 'f:size': {} },
    applied: { size: 1 },
    live: {},
    liveFields: [theirs(inSpec({ 'f:colour': {} }))],
    expected: 'spec.size (removed)',
  },
  'every wanted field of a map that is gone': {
    fields: { 'f:labels': { 'f:a': {}, 'f:b': {} } },
    applied: { labels: { a: '1', b: '1' } },
    live: {},
    expected: 'spec.labels.a (removed), spec.labels.b (removed)',
  },
  'null where nothing is': {
    fields: { 'f:size': {} },
    applied: { size: null },
    live: {},
    expected: 'spec.size (removed)',
  },
  'a field of an item by its keys, wherever the item stands': {
    fields: { 'f:ports': { [port]: { '.': {}, 'f:name': {} } } },
    applied: { ports: [{ containerPort: 80, protocol: 'TCP', name: 'http' }] },
    live: { ports: [{ containerPort: 81 }, { containerPort: 80, protocol: 'TCP', name: 'web' }] },
    expected: 'spec.ports[containerPort=80,protocol=TCP].name',
  },
  'an item that is gone, once': {
    fields: { 'f:ports': { [port]: { '.': {}, 'f:name': {}, 'f:containerPort': {} } } },
    applied: { ports: [{ containerPort: 80, protocol: 'TCP', name: 'http' }] },
    live: { ports: [] },
    expected: 'spec.ports[containerPort=80,protocol=TCP] (removed)',
  },
  'a member of a set that is gone': {
    fields: { 'f:flags': { 'v:"a"': {}, 'v:"b"': {} } },
    applied: { flags: ['a', 'b'] },
    live: { flags: ['b', 'c'] },
    expected: 'spec.flags["a"] (removed)',
  },
  'an atomic list as a whole': {
    fields: { 'f:args': {} },
    applied: { args: ['-v'] },
    live: { args: ['-v', '-q'] },
    expected: 'spec.args',
  },
  'an atomic map whose parent another took': {
    fields: { 'f:selector': {} },
    applied: { selector: { app: 'a' } },
    live: { selector: { app: 'b' } },
    liveFields: [theirs(inSpec({ 'f:selector': {} }))],
    expected: 'spec.selector (taken by kubectl)',
  },
  'nothing where others put members into an empty map of ours': {
    fields: { 'f:limits': {} },
    applied: { limits: {} },
    live: { limits: { cpu: '1' } },
    liveFields: [theirs(inSpec({ 'f:limits': { 'f:cpu': {} } }))],
    expected: '',
  },
  'nothing where others put items into an empty list of ours': {
    fields: { 'f:ports': {} },
    applied: { ports: [] },
    live: { ports: [{ containerPort: 80, protocol: 'TCP' }] },
    liveFields: [theirs(inSpec({ 'f:ports': { [port]: { '.': {}, 'f:containerPort': {} } } }))],
    expected: '',
  },
  'keys with dots and slashes in brackets': {
    fields: { 'f:labels': { 'f:a.b/c': {} } },
    applied: { labels: { 'a.b/c': '1' } },
    live: { labels: { 'a.b/c': '2' } },
    expected: 'spec.labels[a.b/c]',
  },
  'null where a value was': {
    fields: { 'f:size': {} },
    applied: { size: 1 },
    live: { size: null },
    expected: 'spec.size',
  },
  'a map where a list was': {
    fields: { 'f:ports': { [port]: { '.': {}, 'f:name': {} } } },
    applied: { ports: [{ containerPort: 80, protocol: 'TCP', name: 'http' }] },
    live: { ports: { name: 'http' } },
    expected: `spec.ports[containerPort=80,protocol=TCP] (removed)`,
  },
  'nothing of what is ignored': {
    fields: { 'f:size': {}, 'f:ports': { [port]: { '.': {}, 'f:name': {} } } },
    applied: { size: 1, ports: [{ containerPort: 80, protocol: 'TCP', name: 'http' }] },
    live: { size: 2, ports: [{ containerPort: 80, protocol: 'TCP', name: 'web' }] },
    ignored: { 'f:size': {}, 'f:ports': { [port]: { 'f:name': {} } } },
    expected: '',
  },
  'the rest of an atomic list of which one place is ignored': {
    fields: { 'f:args': {}, 'f:more': {} },
    applied: { args: ['-v', '-q'], more: ['a', 'b'] },
    live: { args: ['-v', '-x'], more: ['c', 'b'] },
    ignored: { 'f:args': { 'i:1': {} }, 'f:more': { 'i:1': {} } },
    expected: 'spec.more',
  },
};

describe('the drifted fields of an object are', () => {
  for (const [sentence, row] of Object.entries(table))
    it(sentence, () => {
      const drift = driftedFields({
        applied: widget(row.applied, ours(inSpec(row.fields))),
        live: widget(row.live, ...(row.liveFields ?? [])),
        manager: us,
        ...(row.ignored === undefined ? {} : { ignored: inSpec(row.ignored) }),
      });
      expect(showDrift(drift)).toBe(row.expected);
    });

  it('told by number beyond the first few', () => {
    const values = Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`k${index}`, index]));
    const fields = Object.fromEntries(Object.keys(values).map((key) => [`f:${key}`, {}]));
    const drift = driftedFields({
      applied: widget(values, ours(inSpec(fields))),
      live: widget({}),
      manager: us,
    });
    expect(showDrift(drift, 2)).toBe('spec.k0 (removed), spec.k1 (removed), 6 more');
  });
});

describe('ownership is', () => {
  const wanted = widget({ size: 1, args: ['a'] }, ours(inSpec({ 'f:size': {}, 'f:args': {} })));
  const lost = (fields: Json | undefined, ignored?: Json): boolean =>
    isOwnershipLost({
      applied: wanted,
      live: widget({ size: 1, args: ['a'] }, ...(fields === undefined ? [] : [ours(inSpec(fields))])),
      manager: us,
      ...(ignored === undefined ? {} : { ignored: inSpec(ignored) }),
    });

  it('whole with all wanted fields', () =>
    expect(lost({ 'f:size': {}, 'f:args': {}, 'f:x': {} })).toBe(false));
  it('lost with one field', () => expect(lost({ 'f:size': {} })).toBe(true));
  it('lost with the entry', () => expect(lost(undefined)).toBe(true));
  it('whole where only ignored fields are lost', () =>
    expect(lost({ 'f:args': {} }, { 'f:size': {} })).toBe(false));
  it('lost where only a part of the lost field is ignored', () =>
    expect(lost({ 'f:size': {} }, { 'f:args': { 'i:0': {} } })).toBe(true));
});
