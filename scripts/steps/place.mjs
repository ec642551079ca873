// Where things lie: the root of the checkout, and the cache outside of it that all checkouts share.

import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

export function cacheDir(environment = process.env) {
  return environment.WEIR_CACHE || join(environment.XDG_CACHE_HOME || join(homedir(), '.cache'), 'weir');
}

/** `0.4 s`, `2 min 05 s` */
export function showTime(ms) {
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${String(seconds % 60).padStart(2, '0')} s`;
}
