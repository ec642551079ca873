// Turns a path as a custom resource names it into a repository-relative one; `.` is the root.
// It never lets a path leave the repository.

/** Undefined where the path leads out of the repository. */
export function cleanPath(path: string): string | undefined {
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') kept.push(part);
    else if (kept.pop() === undefined) return undefined;
  }
  return kept.length === 0 ? '.' : kept.join('/');
}
