// Resolves ignore rules to the fields of one object, and makes of a desired object one that leaves ignored fields to
// whoever has them. It evaluates no jq: what the expressions select comes in as paths.

import type { OwnershipMark } from './delivery.ts';
import { applyEntryOf } from './drift.ts';
import {
  below,
  type FieldNames,
  type FieldSet,
  leavesOf,
  memberOf,
  mergeFields,
  namesOf,
  touchesField,
  valueAt,
  withField,
} from './field-set.ts';
import { type IgnoreRule, type KeyPath, parsePointer } from './ignore-rule.ts';
import { isRecord, type KubeObject, type ObjectMeta } from './object.ts';

export interface Ignoring {
  /** Those that match the object. */
  readonly rules: readonly IgnoreRule[];
  readonly desired: KubeObject;
  readonly live: KubeObject;
  /** What the jq expressions of the rules select in either object. */
  readonly jq?: { readonly desired: readonly KeyPath[]; readonly live: readonly KeyPath[] };
}

/** The fields that the rules ignore, found in the desired object and in the live one. */
export function ignoredFields({ rules, desired, live, jq }: Ignoring): FieldSet {
  const entries = live.metadata.managedFields ?? [];
  const known = entries.map(({ fieldsV1 }) => fieldsV1).filter((fields) => fields !== undefined);
  const pointers = rules
    .flatMap((rule) => rule.pointers ?? [])
    .flatMap((text) => {
      const path = parsePointer(text);
      return path === undefined ? [] : [path];
    });
  const sides = [
    { object: desired, paths: [...pointers, ...(jq?.desired ?? [])] },
    { object: live, paths: [...pointers, ...(jq?.live ?? [])] },
  ];
  let ignored: FieldSet = {};
  for (const { object, paths } of sides)
    for (const path of paths.flatMap((each) => withoutIdentity(each, object))) {
      const names = namesOf(object, path, known);
      if (names !== undefined) ignored = withField(ignored, names);
    }
  const managers = new Set(rules.flatMap((rule) => rule.managers ?? []));
  for (const { manager, fieldsV1 } of entries)
    if (manager !== undefined && managers.has(manager) && fieldsV1 !== undefined)
      ignored = mergeFields(ignored, withoutDots(fieldsV1));
  return ignored;
}

const identity: ReadonlySet<string | number> = new Set(['apiVersion', 'kind', 'metadata']);
const openMetadata: ReadonlySet<string | number> = new Set(['labels', 'annotations']);

/** What an object is called and where it lies is nobody's to ignore; the rest of a path that holds that is. */
function withoutIdentity(path: KeyPath, object: KubeObject): readonly KeyPath[] {
  const [first, second] = path;
  const metadata = [...openMetadata].map((key) => ['metadata', key]);
  if (first === undefined)
    return [
      ...Object.keys(object)
        .filter((key) => !identity.has(key))
        .map((key) => [key]),
      ...metadata,
    ];
  if (!identity.has(first)) return [path];
  if (first !== 'metadata') return [];
  if (second === undefined) return metadata;
  return openMetadata.has(second) ? [path] : [];
}

function withoutDots(fields: FieldSet): FieldSet {
  const kept: Record<string, unknown> = {};
  for (const name of Object.keys(fields))
    if (name !== '.') kept[name] = withoutDots(below(fields, name) ?? {});
  return kept;
}

/**
 * The object to apply where ignored fields are not to be written either: a field that another manager applies is left
 * out; any other keeps the live value, since leaving out what only we own would remove it (fluxcd/kustomize-controller
 * does the same for `spec.ignore`).
 */
export function keepIgnored(
  desired: KubeObject,
  of: {
    readonly live: KubeObject;
    readonly ignored: FieldSet;
    readonly manager: string;
    readonly mark: OwnershipMark;
  },
): KubeObject {
  const fields = leavesOf(of.ignored);
  if (fields.length === 0) return desired;
  let kept: unknown = desired;
  const ours = applyEntryOf(of.live, of.manager);
  for (const names of fields) {
    const live = valueAt(of.live, names);
    const isOthers = (of.live.metadata.managedFields ?? []).some(
      (entry) => entry !== ours && entry.operation === 'Apply' && touchesField(entry.fieldsV1, names),
    );
    if (live === undefined || isOthers) kept = withValue(kept, names, undefined);
    else if (valueAt(kept, names) !== undefined || touchesField(ours?.fieldsV1, names))
      kept = withValue(kept, names, live);
  }
  return stillMarked(kept as KubeObject, desired, of.mark);
}

/** The value with another one at a field, or without it; where the way there is missing, it is made. */
function withValue(value: unknown, names: FieldNames, put: { readonly value: unknown } | undefined): unknown {
  const [name, ...rest] = names;
  if (name === undefined) return put?.value;
  const member = memberOf(value, name);
  if (member === undefined && put === undefined) return value;
  const isGone = put === undefined && rest.length === 0;
  if (name.startsWith('f:')) {
    const { [name.slice(2)]: old, ...others } = isRecord(value) ? value : {};
    return isGone ? others : { ...others, [name.slice(2)]: withValue(old, rest, put) };
  }
  const items: readonly unknown[] = Array.isArray(value) ? value : [];
  if (member !== undefined)
    return isGone
      ? items.filter((_item, index) => index !== member.key)
      : items.map((item, index) => (index === member.key ? withValue(item, rest, put) : item));
  if (name.startsWith('i:')) return value;
  const selected: unknown = JSON.parse(name.slice(2));
  return [...items, withValue(selected, rest, put)];
}

/** Whatever is ignored, the mark says whose the object is. */
function stillMarked(kept: KubeObject, desired: KubeObject, mark: OwnershipMark): KubeObject {
  const member = mark.kind === 'labels' ? 'labels' : 'annotations';
  const keys = mark.kind === 'labels' ? Object.keys(mark.labels) : [mark.annotation];
  const wanted = keys.flatMap((key) => {
    const text = desired.metadata[member]?.[key];
    return text === undefined ? [] : [[key, text] as const];
  });
  const metadata: ObjectMeta = {
    ...kept.metadata,
    [member]: { ...kept.metadata[member], ...Object.fromEntries(wanted) },
  };
  return wanted.length === 0 ? kept : { ...kept, metadata };
}
