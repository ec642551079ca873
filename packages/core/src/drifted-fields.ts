// Which fields of an object differ from what an apply leaves there, and who has taken them. It needs no schema: the
// answer to a dry run names the wanted fields, items of lists by their keys. It never shows a value.

import { canonicalJson } from './canonical.ts';
import { applyEntryOf, foreignTo, projectOn, shapeOf, withoutFields } from './drift.ts';
import {
  allBelow,
  below,
  coversField,
  type FieldNames,
  type FieldSet,
  isLeaf,
  memberOf,
  showField,
  valueAt,
} from './field-set.ts';
import { lastAppliedAnnotation } from './last-applied.ts';
import type { KubeObject, ManagedFieldsEntry } from './object.ts';

export interface DriftedField {
  /** `spec.template.spec.containers[name=shop].image` */
  readonly path: string;
  readonly change: 'changed' | 'removed';
  /** The field manager that owns the field now. */
  readonly takenBy?: string;
}

export interface DriftInput {
  /**
   * What the server answers to a dry run of what Git wants: defaults filled in, changed by admission. Where it refuses
   * that, what `claimFields` makes of the manifest.
   */
  readonly applied: KubeObject;
  readonly live: KubeObject;
  readonly manager: string;
  readonly ignored?: FieldSet;
}

/** Fields named of one object; the rest only counts as one more. */
const maxFields = 100;

/** The wanted fields that have another value in the live object; empty: it is as Git wants it. */
export function driftedFields(input: DriftInput): readonly DriftedField[] {
  const entry = applyEntryOf(input.applied, input.manager);
  const found: FieldNames[] = [];
  const place: Place = {
    path: [],
    applied: { value: input.applied, foreign: foreignTo(entry, input.applied) },
    live: {
      value: input.live,
      foreign: foreignTo(applyEntryOf(input.live, input.manager), input.live),
    },
    ignored: input.ignored,
  };
  compare(entry?.fieldsV1 ?? {}, place, found);
  return found.map((names) => describe(names, input));
}

interface Side {
  readonly value: unknown;
  /** What others own at this place. */
  readonly foreign: readonly FieldSet[];
}

interface Place {
  readonly path: FieldNames;
  readonly applied: Side;
  readonly live: Side;
  readonly ignored: FieldSet | undefined;
}

function sameValue(a: unknown, b: unknown): boolean {
  return a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b);
}

function compare(fields: FieldSet, at: Place, found: FieldNames[]): void {
  if (found.length >= maxFields) return;
  if (isLeaf(fields)) {
    // What an apply would leave as it is has not drifted, whoever owns it (nobody, after an outage took the ownership).
    const isKept = sameValue(at.applied.value, at.live.value);
    if (!isKept && textOf(at.applied, at.ignored) !== textOf(at.live, at.ignored)) found.push(at.path);
    return;
  }
  // What clients note for themselves is no value of the object's.
  const names = Object.keys(fields).filter((name) => name !== '.' && name !== `f:${lastAppliedAnnotation}`);
  const isThere = at.live.value !== undefined;
  // What is gone is told by the wanted fields in it, where there are any.
  if (names.length < Object.keys(fields).length && (isThere || names.length === 0))
    if (shapeOf(at.applied.value) !== shapeOf(at.live.value)) {
      found.push(at.path);
      return;
    }
  for (const name of names) {
    const path = [...at.path, name];
    const ignored = below(at.ignored, name);
    if (ignored === undefined || !isLeaf(ignored)) {
      const applied = memberOf(at.applied.value, name);
      const live = memberOf(at.live.value, name);
      if (applied === undefined && live === undefined) continue;
      const inner = below(fields, name) ?? {};
      // A map that is gone lacks each wanted field; an item that is gone is told once.
      if (name.startsWith('f:') || (applied !== undefined && live !== undefined))
        compare(
          inner,
          { path, applied: inside(at.applied, name, applied), live: inside(at.live, name, live), ignored },
          found,
        );
      else found.push(path);
    }
  }
}

function inside(side: Side, name: string, member: { readonly value: unknown } | undefined): Side {
  return { value: member?.value, foreign: allBelow(side.foreign, name) };
}

function textOf({ value, foreign }: Side, ignored: FieldSet | undefined): string {
  return value === undefined ? '' : canonicalJson(withoutFields(projectOn(value, {}, foreign), ignored));
}

function describe(names: FieldNames, { live, manager }: DriftInput): DriftedField {
  const isThere = valueAt(live, names) !== undefined;
  const taker = isThere ? ownerOf(names, live, manager) : undefined;
  return {
    path: showField(names),
    change: isThere ? 'changed' : 'removed',
    ...(taker === undefined ? {} : { takenBy: taker }),
  };
}

/** Of several owners the one that wrote last. */
function ownerOf(names: FieldNames, live: KubeObject, manager: string): string | undefined {
  const ours = applyEntryOf(live, manager);
  let last: ManagedFieldsEntry | undefined;
  for (const entry of live.metadata.managedFields ?? [])
    if (entry !== ours && coversField(entry.fieldsV1, names) && (last?.time ?? '') <= (entry.time ?? ''))
      last = entry;
  return last?.manager;
}

/** Whether our manager lacks a wanted field whose value may be right all the same. */
export function isOwnershipLost({ applied, live, manager, ignored }: DriftInput): boolean {
  const wanted = applyEntryOf(applied, manager)?.fieldsV1 ?? {};
  return lacks(wanted, applyEntryOf(live, manager)?.fieldsV1, ignored);
}

function lacks(wanted: FieldSet, owned: FieldSet | undefined, ignored: FieldSet | undefined): boolean {
  return Object.keys(wanted).some((name) => {
    const out = below(ignored, name);
    if (out !== undefined && isLeaf(out)) return false;
    const ours = below(owned, name);
    const inner = below(wanted, name) ?? {};
    return isLeaf(inner) ? ours === undefined : lacks(inner, ours, out);
  });
}

/** `spec.replicas (taken by kubectl), metadata.labels[team] (removed)`: at most `limit` by name. */
export function showDrift(fields: readonly DriftedField[], limit = 5): string {
  const named = fields.slice(0, limit).map(({ path, change, takenBy }) => {
    if (takenBy !== undefined) return `${path} (taken by ${takenBy})`;
    return change === 'removed' ? `${path} (removed)` : path;
  });
  const more = fields.length - named.length;
  return [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ');
}
