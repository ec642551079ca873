import { expect, it } from 'vitest';
import { lowerRevision } from './lower-revision.ts';

it.each<[string, string]>([
  ['', 'head'],
  ['HEAD', 'head'],
  ['main', 'revision main'],
  ['refs/heads/main', 'revision refs/heads/main'],
  ['v1.2.3', 'revision v1.2.3'],
  ['1.0', 'revision 1.0'],
  ['release-1.x', 'revision release-1.x'],
  ['feature/a b', 'revision feature/a b'],
  ['1.x', 'semver 1.x'],
  ['*', 'semver *'],
  ['v1.*', 'semver v1.*'],
  ['>=1.0.0 <2.0.0', 'semver >=1.0.0 <2.0.0'],
  ['^1.2', 'semver ^1.2'],
  ['1.2 - 1.4', 'semver 1.2 - 1.4'],
  ['~1.2 || 2.x', 'semver ~1.2 || 2.x'],
  ['0123456789ABCDEF0123456789abcdef01234567', 'commit 0123456789abcdef0123456789abcdef01234567'],
  ['0123456', 'revision 0123456'],
])('%j is %s', (targetRevision, expected) => {
  const { kind, ...rest } = lowerRevision(targetRevision);
  expect([kind, ...Object.values(rest)].join(' ')).toBe(expected);
});
