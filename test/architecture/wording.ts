// Finds words that tie a file to one machine or one tracker: hosts of package registries, home directories, bare issue numbers.

import type { SourceFile } from './source-files.ts';

/** In parts, so that this file does not contain what it looks for. */
const registryHosts = [
  ['registry', 'npmjs', 'org'],
  ['registry', 'yarnpkg', 'com'],
  ['registry', 'npmmirror', 'com'],
  ['proxy', 'golang', 'org'],
  ['sum', 'golang', 'org'],
].map((parts) => parts.join('.'));

const homeDirectory = /(?:^|[\s"'`=:(])\/(?:root|(?:home|Users)\/[a-z][\w-]*)\//m;

/** `argo-cd#29410` is a reference to an upstream tracker and stays; a bare one would be to ours. `attempt #1` is a count. */
const bareIssue = /(?:^|[\s(])(?<!attempt )#\d{1,6}(?![\w-])/m;

/** Recorded answers and manifests of others, lock files, and formats in which `#123` is a colour. */
const exempt =
  /(^|\/)(testdata|recorded|node_modules)\/|(^|\/)(package-lock\.json|go\.sum|go\.mod)$|\.(css|svg|html|png)$/;

export function findTiedWords(files: readonly SourceFile[]): string[] {
  return files
    .filter((file) => !exempt.test(file.path) && !file.text.includes('\0'))
    .flatMap((file) => [
      ...registryHosts
        .filter((host) => file.text.includes(host))
        .map((host) => `${file.path}: names ${host}`),
      ...show(file, homeDirectory, 'names a home directory'),
      ...show(file, bareIssue, 'names a bare issue number'),
    ]);
}

function show(file: SourceFile, pattern: RegExp, problem: string): string[] {
  const match = pattern.exec(file.text);
  if (match === null) return [];
  const line = file.text.slice(0, match.index + 1).split('\n').length;
  return [`${file.path}:${line}: ${problem}: ${match[0].trim()}`];
}
