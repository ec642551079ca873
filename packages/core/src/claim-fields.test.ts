import { expect, it } from 'vitest';
import { claimFields } from './claim-fields.ts';
import { driftedFields, showDrift } from './drifted-fields.ts';
import type { KubeObject } from './object.ts';

const service = (spec: Record<string, unknown>, fields?: Record<string, unknown>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 'web',
    ...(fields === undefined
      ? {}
      : { managedFields: [{ manager: 'them', operation: 'Update', fieldsV1: { 'f:spec': fields } }] }),
  },
  spec,
});
const port = { port: 80, name: 'web', secret: 'x' };
const named = (port: number): string => `k:{"port":${port},"protocol":"TCP"}`;
const ports = (list: unknown[]): Record<string, unknown> => ({ ports: list });

it.each<[string, Record<string, unknown>, Record<string, unknown>, string]>([
  [
    'fills in the keys that the server knows',
    { 'f:ports': { [named(80)]: { '.': {}, 'f:port': {} } } },
    ports([{ ...port, protocol: 'TCP', nodePort: 3 }]),
    '',
  ],
  [
    'names an item that is not there by its keys, and shows no value',
    { 'f:ports': { [named(81)]: { '.': {}, 'f:port': {} } } },
    ports([{ port: 81, protocol: 'TCP' }]),
    'spec.ports[port=80] (removed)',
  ],
  [
    'takes a list whose items nobody has by name as a whole',
    { 'f:type': {} },
    ports([{ port: 81, protocol: 'TCP' }]),
    'spec.ports',
  ],
])('what the server refuses %s', (_sentence, fields, spec, expected) => {
  const live = service(spec, fields);
  const applied = claimFields(service(ports([port])), live, 'us');
  expect(showDrift(driftedFields({ applied, live, manager: 'us' }))).toBe(expected);
});
