// Drift by field ownership: projects an object on the fields that one manager owns, so that two projections can be
// compared by digest. It needs no schema and never asks a server. Format of fieldsV1: structured-merge-diff, as
// kept in `metadata.managedFields` by server-side apply.

import { canonicalJson, type Digest } from './canonical.ts';
import { isRecord, type KubeObject, type ManagedFieldsEntry } from './object.ts';

/** Bump when the projection of an equal object changes: entries of another version are read anew, never rewritten. */
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
  return digest(canonicalJson(projectOn(object, entry.fieldsV1)));
}

/**
 * The part of `value` that `fields` names. Members keep the names that fieldsV1 gives them (`f:`, `k:`, `v:`), a field
 * that is owned but absent is left out, so that losing it shows.
 */
export function projectOn(value: unknown, fields: Readonly<Record<string, unknown>>): unknown {
  const names = Object.keys(fields);
  if (names.length === 0) return value;
  const projection: Record<string, unknown> = {};
  for (const name of names) {
    const found = name === '.' ? undefined : memberOf(value, name);
    const below = fields[name];
    if (name === '.')
      projection['.'] = Array.isArray(value) ? 'list' : isRecord(value) ? 'map' : String(value);
    else if (found !== undefined) projection[name] = projectOn(found.value, isRecord(below) ? below : {});
  }
  return projection;
}

/** Follows one path element of fieldsV1; undefined when the object has no such member. */
function memberOf(value: unknown, name: string): { readonly value: unknown } | undefined {
  const selector = name.slice(2);
  if (name.startsWith('f:'))
    return isRecord(value) && Object.hasOwn(value, selector) ? { value: value[selector] } : undefined;
  if (!Array.isArray(value)) return undefined;
  if (name.startsWith('i:'))
    return Number(selector) < value.length ? { value: value[Number(selector)] } : undefined;
  const wanted: unknown = JSON.parse(selector);
  if (name.startsWith('v:')) {
    const text = canonicalJson(wanted);
    return value.some((item) => canonicalJson(item) === text) ? { value: wanted } : undefined;
  }
  const item = value.find((candidate) => isRecord(candidate) && hasKeys(candidate, wanted));
  return item === undefined ? undefined : { value: item };
}

function hasKeys(item: Record<string, unknown>, keys: unknown): boolean {
  return (
    isRecord(keys) && Object.keys(keys).every((key) => canonicalJson(item[key]) === canonicalJson(keys[key]))
  );
}

/** Dotted paths at which two values differ, at most `limit`. For people: Secret values are never part of a path. */
export function differingPaths(before: unknown, after: unknown, limit = 20): string[] {
  const paths: string[] = [];
  collectPaths({ before, after, path: '', paths, limit });
  return paths;
}

function collectPaths(at: {
  before: unknown;
  after: unknown;
  path: string;
  paths: string[];
  limit: number;
}): void {
  const { before, after, path, paths, limit } = at;
  if (paths.length >= limit || canonicalJson(before) === canonicalJson(after)) return;
  if (isRecord(before) && isRecord(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)]))
      collectPaths({
        before: before[key],
        after: after[key],
        path: path === '' ? key : `${path}.${key}`,
        paths,
        limit,
      });
    return;
  }
  if (Array.isArray(before) && Array.isArray(after)) {
    for (let index = 0; index < Math.max(before.length, after.length); index++)
      collectPaths({
        before: before[index],
        after: after[index],
        path: `${path}[${labelOf(before[index] ?? after[index], index)}]`,
        paths,
        limit,
      });
    return;
  }
  paths.push(path);
}

function labelOf(item: unknown, index: number): string {
  return isRecord(item) && typeof item.name === 'string' ? item.name : String(index);
}
