// Finds when a field of an object was last written, from its managed fields.
// It never asks a clock: two equal requests after one another differ only in this time.

import type { KubeObject } from '@weir/core';
import { fieldAt, recordsAt, textAt } from './read-field.ts';

/** The time of the manager that owns the field, or '' where the object does not say. `path` without the `f:` prefixes. */
export function writtenAt(object: KubeObject, ...path: readonly string[]): string {
  const fields = path.map((key) => `f:${key}`);
  const times = recordsAt(object, 'metadata', 'managedFields')
    .filter((entry) => fieldAt(entry, 'fieldsV1', ...fields) !== undefined)
    .map((entry) => textAt(entry, 'time') ?? '');
  return times.sort().at(-1) ?? '';
}
