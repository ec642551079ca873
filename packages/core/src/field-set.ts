// Sets of fields of one object, named as server-side apply records them (fieldsV1 of structured-merge-diff).
// It follows names into values and shows them to people; it never says what a set is for.

import { canonicalJson } from './canonical.ts';
import { isRecord } from './object.ts';

/**
 * Nested names: `f:<key>` a member of a map, `k:<keys>` an item of a list by its keys, `v:<value>` a member of a set,
 * `i:<index>` an item by its place, `.` the map, list or item itself. A name without names below is a leaf.
 */
export type FieldSet = Readonly<Record<string, unknown>>;
/** One field: the names that lead to it. */
export type FieldNames = readonly string[];

const nothing: FieldSet = {};

export function isLeaf(set: FieldSet): boolean {
  for (const _name in set) return false;
  return true;
}

/** What the set holds below a name; undefined when it does not hold the name. */
export function below(set: FieldSet | undefined, name: string): FieldSet | undefined {
  if (set === undefined || !Object.hasOwn(set, name)) return undefined;
  const found = set[name];
  return isRecord(found) ? found : nothing;
}

export function allBelow(sets: readonly FieldSet[], name: string): readonly FieldSet[] {
  return sets.map((set) => below(set, name)).filter((set) => set !== undefined);
}

/** Follows one name; undefined when the value has no such member. */
export function memberOf(
  value: unknown,
  name: string,
): { readonly value: unknown; readonly key: string | number } | undefined {
  const selector = name.slice(2);
  if (name.startsWith('f:'))
    return isRecord(value) && Object.hasOwn(value, selector)
      ? { value: value[selector], key: selector }
      : undefined;
  if (!Array.isArray(value)) return undefined;
  const key = name.startsWith('i:') ? Number(selector) : indexOf(value, name);
  return key >= 0 && key < value.length ? { value: value[key], key } : undefined;
}

function indexOf(list: readonly unknown[], name: string): number {
  const wanted = selectorOf(name);
  if (wanted === undefined) return -1;
  if (name.startsWith('v:')) {
    const text = canonicalJson(wanted.value);
    return list.findIndex((item) => canonicalJson(item) === text);
  }
  return list.findIndex((item) => isRecord(item) && hasKeys(item, wanted.value));
}

/** The value of a `k:` or `v:` name. A server writes them; what is no JSON names nothing. */
function selectorOf(name: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(name.slice(2)) };
  } catch {
    return undefined;
  }
}

function hasKeys(item: Readonly<Record<string, unknown>>, keys: unknown): boolean {
  return (
    isRecord(keys) && Object.keys(keys).every((key) => canonicalJson(item[key]) === canonicalJson(keys[key]))
  );
}

/** The value at a field; undefined where a step on the way is missing. */
export function valueAt(value: unknown, names: FieldNames): { readonly value: unknown } | undefined {
  let at: { readonly value: unknown } | undefined = { value };
  for (const name of names) {
    at = at === undefined ? undefined : memberOf(at.value, name);
  }
  return at;
}

/**
 * The names of a place that is given by keys and indexes. Items of keyed lists and sets get the names by which any of
 * `known` has them, so that the field stays the same when the list is ordered otherwise. Undefined where nothing is there.
 */
export function namesOf(
  value: unknown,
  path: readonly (string | number)[],
  known: readonly FieldSet[],
): FieldNames | undefined {
  const names: string[] = [];
  let at: unknown = value;
  let sets = known;
  for (const step of path) {
    const name = Array.isArray(at) ? itemName(at, Number(step), sets) : `f:${step}`;
    const member = name === undefined ? undefined : memberOf(at, name);
    if (name === undefined || member === undefined) return undefined;
    names.push(name);
    at = member.value;
    sets = allBelow(sets, name);
  }
  return names;
}

function itemName(list: readonly unknown[], index: number, known: readonly FieldSet[]): string | undefined {
  if (!Number.isInteger(index) || index < 0 || index >= list.length) return undefined;
  // An index means nothing where items have names: what nobody owns is another item on the other side.
  return hasItemNames(known) ? itemNameOf(list[index], known) : `i:${index}`;
}

const isItemName = (name: string): boolean => name.startsWith('k:') || name.startsWith('v:');

/** Whether any of the sets has items of this list by their keys or values. */
function hasItemNames(known: readonly FieldSet[]): boolean {
  return known.some((set) => Object.keys(set).some(isItemName));
}

/** The name by which any of the sets has the item. */
export function itemNameOf(item: unknown, known: readonly FieldSet[]): string | undefined {
  for (const set of known)
    for (const name of Object.keys(set)) if (isItemName(name) && isNameOf(item, name)) return name;
  return undefined;
}

/** The keys in a `k:` name. */
export function keysOf(name: string): Readonly<Record<string, unknown>> | undefined {
  const found = name.startsWith('k:') ? selectorOf(name)?.value : undefined;
  return isRecord(found) ? found : undefined;
}

/** A manifest may leave out keys that the server fills in (a port's protocol): what it says must agree. */
function isNameOf(item: unknown, name: string): boolean {
  const wanted = selectorOf(name)?.value;
  if (name.startsWith('v:')) return wanted !== undefined && canonicalJson(item) === canonicalJson(wanted);
  if (!isRecord(item) || !isRecord(wanted)) return false;
  const keys = Object.keys(wanted);
  const said = keys.filter((key) => Object.hasOwn(item, key));
  return said.length > 0 && said.every((key) => canonicalJson(item[key]) === canonicalJson(wanted[key]));
}

/** The set with one more field, and everything below it. */
export function withField(set: FieldSet, names: FieldNames): FieldSet {
  const [name, ...rest] = names;
  if (name === undefined) return nothing;
  const known = below(set, name);
  if (known !== undefined && isLeaf(known)) return set;
  return { ...set, [name]: withField(known ?? nothing, rest) };
}

/** All fields of both; a leaf takes in what the other has below it. */
export function mergeFields(a: FieldSet, b: FieldSet): FieldSet {
  const merged: Record<string, unknown> = { ...a };
  for (const name of Object.keys(b)) {
    const theirs = below(b, name) ?? nothing;
    const ours = below(a, name);
    merged[name] =
      ours === undefined ? theirs : isLeaf(ours) || isLeaf(theirs) ? nothing : mergeFields(ours, theirs);
  }
  return merged;
}

/** The leaves of a set, as the names that lead to them; `.` is no leaf of its own. */
export function leavesOf(set: FieldSet, path: FieldNames = []): FieldNames[] {
  const names = Object.keys(set).filter((name) => name !== '.');
  if (names.length === 0) return path.length === 0 ? [] : [path];
  return names.flatMap((name) => leavesOf(below(set, name) ?? nothing, [...path, name]));
}

/** Whether the set has the field, or a leaf above it. */
export function coversField(set: FieldSet | undefined, names: FieldNames): boolean {
  let at = set;
  for (const name of names) {
    if (at === undefined) return false;
    if (at !== set && isLeaf(at)) return true;
    at = below(at, name);
  }
  return at !== undefined && (isLeaf(at) || Object.hasOwn(at, '.'));
}

/** Whether the set has the field, something above it as a whole, or anything below it. */
export function touchesField(set: FieldSet | undefined, names: FieldNames): boolean {
  let at = set;
  for (const name of names) {
    if (at === undefined) return false;
    if (at !== set && isLeaf(at)) return true;
    at = below(at, name);
  }
  return at !== undefined;
}

/** `spec.template.spec.containers[name=shop].image`, as people read a field. */
export function showField(names: FieldNames): string {
  return names.reduce((path, name) => path + showName(name, path === ''), '');
}

function showName(name: string, isFirst: boolean): string {
  const selector = name.slice(2);
  if (name.startsWith('f:')) {
    if (!/^[\w-]+$/.test(selector)) return `[${selector}]`;
    return isFirst ? selector : `.${selector}`;
  }
  const found = keysOf(name);
  if (found === undefined) return `[${selector}]`;
  const keys = Object.entries(found).map(
    ([key, at]) => `${key}=${typeof at === 'string' ? at : canonicalJson(at)}`,
  );
  return `[${keys.join(',')}]`;
}
