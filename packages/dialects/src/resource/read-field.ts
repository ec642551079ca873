// Reads a field of an object that nothing has checked yet.
// It never throws: what is absent or of another type is undefined.

import { isRecord } from '@weir/core';

export function fieldAt(value: unknown, ...path: readonly string[]): unknown {
  let at = value;
  for (const key of path) {
    if (!isRecord(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = fieldAt(value, ...path);
  return typeof found === 'number' ? found : undefined;
}

export function recordAt(value: unknown, ...path: readonly string[]): Record<string, unknown> | undefined {
  const found = fieldAt(value, ...path);
  return isRecord(found) ? found : undefined;
}

export function recordsAt(value: unknown, ...path: readonly string[]): readonly Record<string, unknown>[] {
  const found = fieldAt(value, ...path);
  return Array.isArray(found) ? found.filter(isRecord) : [];
}

export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  const found = fieldAt(value, ...path);
  return Array.isArray(found) ? found.filter((item) => typeof item === 'string') : [];
}

/** Go's zero value: what its JSON encoder would leave out. */
export function isZero(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === 0 || value === false) return true;
  if (Array.isArray(value)) return value.length === 0;
  return isRecord(value) && Object.values(value).every(isZero);
}
