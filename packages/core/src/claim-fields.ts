// A manifest as if a server had taken it: with an entry for the fields that it wants, named as others know them in the live
// object. For objects that the server refuses now; it fills in no default and knows no schema.

import { allBelow, type FieldSet, hasItemNames, isLeaf, itemNameOf, keysOf } from './field-set.ts';
import { isRecord, type KubeObject } from './object.ts';

interface Claim {
  readonly fields: FieldSet;
  /** With the keys of list items that the manifest leaves to the server. */
  readonly value: unknown;
}

const identity = new Set(['apiVersion', 'kind', 'name', 'namespace']);

export function claimFields(desired: KubeObject, live: KubeObject, manager: string): KubeObject {
  const known = (live.metadata.managedFields ?? [])
    .map(({ fieldsV1 }) => fieldsV1)
    .filter((fields) => fields !== undefined);
  const { managedFields: _none, ...metadata } = desired.metadata;
  const { fields, value } = claim({ ...desired, metadata }, known, 0);
  const claimed = value as KubeObject;
  const entry = { manager, operation: 'Apply', fieldsV1: fields };
  return { ...claimed, metadata: { ...claimed.metadata, managedFields: [entry] } };
}

function claim(value: unknown, known: readonly FieldSet[], depth: number): Claim {
  if (known.some((set) => depth > 0 && isLeaf(set))) return { fields: {}, value };
  if (Array.isArray(value)) return claimItems(value, known, depth);
  if (!isRecord(value)) return { fields: {}, value };
  const fields: Record<string, unknown> = {};
  const claimed: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const inner = claim(member, allBelow(known, `f:${key}`), depth + 1);
    claimed[key] = inner.value;
    if (depth > 1 || !identity.has(key)) fields[`f:${key}`] = inner.fields;
  }
  return { fields, value: claimed };
}

/** A list whose items nobody has by name is one value. */
function claimItems(list: readonly unknown[], known: readonly FieldSet[], depth: number): Claim {
  const fields: Record<string, unknown> = {};
  const items: unknown[] = [];
  for (const item of list) {
    const name = itemNameOf(item, known);
    if (name === undefined) {
      if (!hasItemNames(known)) return { fields: {}, value: list };
      // A new item: it is wanted, and not there.
      fields[`v:${JSON.stringify(item)}`] = {};
      items.push(item);
      continue;
    }
    const inner = claim(item, allBelow(known, name), depth + 1);
    const keys = keysOf(name);
    fields[name] = keys !== undefined ? { '.': {}, ...inner.fields } : {};
    items.push(keys !== undefined && isRecord(inner.value) ? { ...keys, ...inner.value } : inner.value);
  }
  return { fields, value: items };
}
