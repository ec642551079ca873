// A manifest as if a server had taken it: with an entry for the fields that it wants, named as others know them in the live
// object. For objects that the server refuses now; it fills in no default and knows no schema.

import { canonicalJson } from './canonical.ts';
import { allBelow, type FieldSet, isLeaf, itemNameOf, keysOf } from './field-set.ts';
import { isRecord, type KubeObject } from './object.ts';

interface Claim {
  readonly fields: FieldSet;
  /** With the keys of list items that the manifest leaves to the server. */
  readonly value: unknown;
}

export function claimFields(desired: KubeObject, live: KubeObject, manager: string): KubeObject {
  const known = (live.metadata.managedFields ?? [])
    .map(({ fieldsV1 }) => fieldsV1)
    .filter((fields) => fields !== undefined);
  // What an object is called is no field that anybody owns.
  const { apiVersion, kind, metadata, ...content } = desired;
  const { name, namespace, managedFields: _none, ...rest } = metadata;
  const open = Object.keys(rest).length === 0 ? content : { ...content, metadata: rest };
  const { fields, value } = claim(open, known, 0);
  const claimed = value as Partial<KubeObject>;
  const entry = { manager, operation: 'Apply', fieldsV1: fields };
  const named = { ...claimed.metadata, name, ...(namespace === undefined ? {} : { namespace }) };
  return { ...claimed, apiVersion, kind, metadata: { ...named, managedFields: [entry] } };
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
    fields[`f:${key}`] = inner.fields;
  }
  return { fields, value: claimed };
}

/** A list whose items nobody has by name is one value. */
function claimItems(list: readonly unknown[], known: readonly FieldSet[], depth: number): Claim {
  const fields: Record<string, unknown> = {};
  const items: unknown[] = [];
  for (const item of list) {
    const name = itemNameOf(item, known) ?? newName(item, known);
    if (name === undefined) return { fields: {}, value: list };
    const inner = claim(item, allBelow(known, name), depth + 1);
    const keys = keysOf(name);
    fields[name] = keys !== undefined ? { '.': {}, ...inner.fields } : {};
    items.push(keys !== undefined && isRecord(inner.value) ? { ...keys, ...inner.value } : inner.value);
  }
  return { fields, value: items };
}

/** An item that is not there, named as its neighbours are: by keys, or by its value where that is no map. */
function newName(item: unknown, known: readonly FieldSet[]): string | undefined {
  const names = known.flatMap((set) => Object.keys(set));
  if (!isRecord(item))
    return names.some((name) => name.startsWith('v:')) ? `v:${canonicalJson(item)}` : undefined;
  const neighbour = names.map(keysOf).find((keys) => keys !== undefined);
  const keys = Object.keys(neighbour ?? {}).filter((key) => Object.hasOwn(item, key));
  return keys.length === 0
    ? undefined
    : `k:${canonicalJson(Object.fromEntries(keys.map((key) => [key, item[key]])))}`;
}
