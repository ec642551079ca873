// Writes a resolved Git reference as Flux does: `main@sha1:<commit>`, `refs/heads/x@sha1:<commit>`, `sha1:<commit>`.
// It never shortens a commit.

import type { ResolvedRef } from '@weir/core';

export function showRevision(resolved: ResolvedRef): string {
  // Flux knows an algorithm for commits of 40 digits only.
  const algorithm = resolved.commit.length === 40 ? 'sha1' : '<unknown>';
  const digest = `${algorithm}:${resolved.commit}`;
  return resolved.name === undefined ? digest : `${resolved.name}@${digest}`;
}
