// Digests a directory's listing exactly as the render binary does; it never reads a directory.

import { createHash } from 'node:crypto';

/**
 * The sha1, in hex, of one line per direct child: its name, a slash if it is a directory, a line feed; in byte order of those
 * lines, which is git's order. Submodules are left out; a symlink is no directory.
 */
export function listingDigest(
  children: Iterable<{ readonly name: string; readonly isDirectory: boolean }>,
): string {
  const lines = [...children].map((child) => Buffer.from(child.isDirectory ? `${child.name}/` : child.name));
  lines.sort(Buffer.compare);
  const hash = createHash('sha1');
  for (const line of lines) {
    hash.update(line).update('\n');
  }
  return hash.digest('hex');
}
