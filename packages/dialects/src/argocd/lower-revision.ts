// Turns `targetRevision` into a Git reference, as Argo CD resolves it: HEAD, commit, semver range, or a name.
// It never looks into a repository: whether a name is a branch or a tag shows there.

import type { GitRef } from '@weir/core';

const version =
  'v?(?:\\d+|[xX*])(?:\\.(?:\\d+|[xX*]))?(?:\\.(?:\\d+|[xX*]))?(?:-[0-9A-Za-z.-]+)?(?:\\+[0-9A-Za-z.-]+)?';
const comparison = `(?:=|!=|>=|=>|<=|=<|>|<|~>|~|\\^)?\\s*${version}`;
const range = new RegExp(`^\\s*${comparison}(?:\\s*(?:,|\\|\\||\\s-\\s|\\s)\\s*${comparison})*\\s*$`);
/** A version that names one tag, however short: `1`, `v1.0`, `1.0.0-rc.1`. */
const pin = /^v?\d+(?:\.\d+)?(?:\.\d+)?(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

export function lowerRevision(targetRevision: string): GitRef {
  const revision = targetRevision.trim();
  if (revision === '' || revision === 'HEAD') return { kind: 'head' };
  if (/^[0-9a-f]{40}$/i.test(revision)) return { kind: 'commit', commit: revision.toLowerCase() };
  if (!pin.test(revision) && revision.length <= 256 && range.test(revision)) {
    return { kind: 'semver', range: revision };
  }
  return { kind: 'revision', revision };
}
