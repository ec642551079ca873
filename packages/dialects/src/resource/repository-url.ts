// Decides whether weir can fetch a repository URL.
// It never fetches, and never repeats credentials that stand in a URL.

import type { Problem } from '@weir/core';
import { invalidUrl } from '../schema/problems.ts';

/** The problem with a Git URL, if any: http, https or file, and no password in it. */
export function urlProblem(url: string, field: string): Problem | undefined {
  const parts = /^(https?|file):\/\/(?:([^/@]*)@)?([^/]*)(\/.*)?$/.exec(url);
  if (parts === null) return invalidUrl(field, 'expected an http, https or file URL');
  const [, scheme, userInfo, host] = parts;
  if (userInfo?.includes(':') === true)
    return invalidUrl(field, 'expected a URL without a password; put it into a Secret');
  if (scheme !== 'file' && (host === undefined || host === ''))
    return invalidUrl(field, 'expected a URL with a host');
  return undefined;
}
