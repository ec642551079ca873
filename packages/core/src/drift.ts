// Drift by field ownership: projects an object on the fields that one manager owns, so that two projections can be
// compared by digest. It needs no schema and never asks a server. Format of fieldsV1: structured-merge-diff, as
// kept in `metadata.managedFields` by server-side apply.

import { canonicalJson, type Digest } from './canonical.ts';
import { allBelow, below, type FieldSet, isLeaf, memberOf } from './field-set.ts';
import { isRecord, type KubeObject, type ManagedFieldsEntry } from './object.ts';

/**
 * Bump when the projection of an equal object changes: entries of another version are read anew, never rewritten.
 * A change that only odd objects show needs none: a mismatch only makes them suspects, and those are read.
 */
export const projectionVersion = 1;

/** The entry that the manager's last apply left; entries of updates and of subresources are of no account. */
export function applyEntryOf(object: KubeObject, manager: string): ManagedFieldsEntry | undefined {
  return object.metadata.managedFields?.find(
    (entry) => entry.manager === manager && entry.operation === 'Apply' && (entry.subresource ?? '') === '',
  );
}

/** The digest of what `manager` owns in the object; undefined when it owns nothing by apply. */
export function ownedDigest(object: KubeObject, manager: string, digest: Digest): string | undefined {
  const entry = applyEntryOf(object, manager);
  if (entry?.fieldsV1 === undefined) return undefined;
  return digest(canonicalJson(projectOn(object, entry.fieldsV1, foreignTo(entry, object))));
}

/** What everybody else owns, subresources and updates included. */
export function foreignTo(entry: ManagedFieldsEntry | undefined, object: KubeObject): FieldSet[] {
  return (object.metadata.managedFields ?? []).flatMap((other) =>
    other === entry || other.fieldsV1 === undefined ? [] : [other.fieldsV1],
  );
}

/**
 * The part of `value` that `fields` names. Members keep the names that fieldsV1 gives them (`f:`, `k:`, `v:`), a field
 * that is owned but absent is left out, so that losing it shows. `foreign`: what others own at the same place.
 */
export function projectOn(value: unknown, fields: FieldSet, foreign: readonly FieldSet[] = []): unknown {
  const names = Object.keys(fields);
  if (names.length === 0) return withoutForeign(value, foreign);
  const projection: Record<string, unknown> = {};
  for (const name of names) {
    const found = name === '.' ? undefined : memberOf(value, name);
    if (name === '.') projection['.'] = shapeOf(value);
    else if (found !== undefined)
      projection[name] = projectOn(found.value, below(fields, name) ?? {}, allBelow(foreign, name));
  }
  return projection;
}

export function shapeOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : isRecord(value) ? 'map' : String(value);
}

/**
 * A map or list that is owned as a whole. Where others own members of it, it was empty when we applied it, since an
 * atomic one has a single owner: what others put in there is no drift.
 */
function withoutForeign(value: unknown, foreign: readonly FieldSet[]): unknown {
  if (typeof value !== 'object' || value === null || foreign.length === 0) return value;
  const gone = new Set<string | number>();
  for (const set of foreign)
    for (const name of Object.keys(set)) {
      const member = name === '.' ? undefined : memberOf(value, name);
      if (member !== undefined) gone.add(member.key);
    }
  return withoutKeys(value, gone);
}

/** The value without these fields. */
export function withoutFields(value: unknown, fields: FieldSet | undefined): unknown {
  if (fields === undefined || typeof value !== 'object' || value === null) return value;
  const gone = new Set<string | number>();
  const changed = new Map<string | number, unknown>();
  for (const name of Object.keys(fields)) {
    const member = memberOf(value, name);
    const inner = below(fields, name);
    if (member === undefined || inner === undefined) continue;
    if (isLeaf(inner)) gone.add(member.key);
    else changed.set(member.key, withoutFields(member.value, inner));
  }
  const kept = Array.isArray(value)
    ? value.map((item, index) => (changed.has(index) ? changed.get(index) : item))
    : { ...value, ...Object.fromEntries(changed) };
  return withoutKeys(kept, gone);
}

function withoutKeys(value: object, gone: ReadonlySet<string | number>): object {
  if (gone.size === 0) return value;
  if (Array.isArray(value)) return value.filter((_item: unknown, index) => !gone.has(index));
  return Object.fromEntries(Object.entries(value).filter(([key]) => !gone.has(key)));
}
