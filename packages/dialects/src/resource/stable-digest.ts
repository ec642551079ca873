// A short digest of a JSON value that does not depend on the order of keys.
// It is an identity for comparing, never a protection against forgery.

import { isRecord } from '@weir/core';

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (!isRecord(value)) return JSON.stringify(value) ?? 'null';
  const entries = Object.keys(value)
    .sort()
    .filter((key) => value[key] !== undefined)
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
  return `{${entries.join(',')}}`;
}

export function isSame(left: unknown, right: unknown): boolean {
  return canonical(left) === canonical(right);
}

/** 16 hex digits: two FNV-1a hashes with different bases, side by side. */
export function stableDigest(value: unknown): string {
  const text = canonical(value);
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    low = Math.imul(low ^ code, 0x01000193);
    high = Math.imul(high ^ (code + index), 0x01000193);
  }
  const hex = (half: number) => (half >>> 0).toString(16).padStart(8, '0');
  return hex(high) + hex(low);
}
