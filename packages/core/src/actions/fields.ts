// Reading and changing fields of an object by path, without touching the object that was given.
// It never invents a mapping where the object holds something else.

import { isRecord, type KubeObject } from '../object.ts';
import type { FieldPath } from './action.ts';

/** Own members only: an object's prototype is nobody's field. */
export function fieldOf(value: unknown, ...path: FieldPath): unknown {
  let at = value;
  for (const step of path) {
    if (!isRecord(at) || !Object.hasOwn(at, step)) return undefined;
    at = at[step];
  }
  return at ?? undefined;
}

export function listOf(value: unknown, ...path: FieldPath): readonly unknown[] {
  const found = fieldOf(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function textOf(value: unknown, ...path: FieldPath): string {
  const found = fieldOf(value, ...path);
  return typeof found === 'string' ? found : '';
}

export function annotationOf(object: KubeObject, key: string): string | undefined {
  const value = fieldOf(object, 'metadata', 'annotations', key);
  return typeof value === 'string' ? value : undefined;
}

export function labelOf(object: KubeObject, key: string): string | undefined {
  const value = fieldOf(object, 'metadata', 'labels', key);
  return typeof value === 'string' ? value : undefined;
}

/** Parents that are missing or null are made; undefined where a parent is a text, a number or a list. */
export function withField(
  from: Readonly<Record<string, unknown>>,
  path: FieldPath,
  value: unknown,
): Record<string, unknown> | undefined {
  const [step, ...rest] = path;
  if (step === undefined) return undefined;
  if (rest.length === 0) return { ...from, [step]: value };
  const parent = (Object.hasOwn(from, step) ? from[step] : undefined) ?? {};
  const changed = isRecord(parent) ? withField(parent, rest, value) : undefined;
  return changed === undefined ? undefined : { ...from, [step]: changed };
}

/** A map of labels or annotations that becomes empty goes too: the API server keeps none either. */
export function withoutField(
  from: Readonly<Record<string, unknown>>,
  path: FieldPath,
): Record<string, unknown> {
  const [step, ...rest] = path;
  if (step === undefined || !Object.hasOwn(from, step)) return { ...from };
  const { [step]: parent, ...others } = from;
  if (rest.length === 0) return others;
  if (!isRecord(parent)) return { ...from };
  const changed = withoutField(parent, rest);
  const isEmptied = Object.keys(changed).length === 0 && (step === 'annotations' || step === 'labels');
  return isEmptied ? others : { ...from, [step]: changed };
}
