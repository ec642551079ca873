import { describe, expect, it } from 'vitest';
import { compareVersions, isInRange, parseSemverRange, parseVersion, pickHighest } from './semver-range.ts';

describe('a range allows', () => {
  const table: Record<string, [allowed: string, refused: string]> = {
    '>=1.0.0 <2.0.0': ['1.0.0 1.9.9 v1.2.3', '0.9.9 2.0.0 1.5.0-rc.1'],
    '>=1.2.0, <2.0.0': ['1.2.0 1.9.0', '1.1.9 2.0.0'],
    '>= 1.2.0,<2.0.0': ['1.2.0 1.9.0', '1.1.9 2.0.0'],
    '1.x': ['1.0.0 1.99.0', '0.9.0 2.0.0'],
    '1.2.x': ['1.2.0 1.2.9', '1.3.0 1.1.0'],
    '1.*': ['1.0.0 1.99.0', '2.0.0'],
    '*': ['0.0.1 99.0.0', '1.0.0-alpha'],
    '1.2': ['1.2.0 1.2.7', '1.3.0'],
    '1.2.3': ['1.2.3 v1.2.3 1.2.3+build', '1.2.4 1.2.3-rc.1'],
    '=1.2.3': ['1.2.3', '1.2.4'],
    '~1.2': ['1.2.0 1.2.9', '1.1.9 1.3.0'],
    '~1': ['1.0.0 1.9.0', '2.0.0'],
    '~1.2.3': ['1.2.3 1.2.9', '1.2.2 1.3.0'],
    '~> 1.2.3': ['1.2.3 1.2.9', '1.3.0'],
    '^1': ['1.0.0 1.9.0', '0.9.0 2.0.0'],
    '^1.2.3': ['1.2.3 1.9.0', '1.2.2 2.0.0'],
    '^0.2.3': ['0.2.3 0.2.9', '0.3.0 0.2.2'],
    '^0.0.3': ['0.0.3', '0.0.4 0.0.2'],
    '^0.0': ['0.0.0 0.0.9', '0.1.0'],
    '^0': ['0.0.1 0.9.0', '1.0.0'],
    '>1.2': ['1.3.0 2.0.0', '1.2.0 1.2.9'],
    '>1': ['2.0.0', '1.9.0'],
    '<=1.2': ['1.2.9 1.0.0', '1.3.0'],
    '<=1': ['1.9.0', '2.0.0'],
    '<1.2': ['1.1.9', '1.2.0'],
    '=<1.2.0 || =>2': ['1.2.0 2.0.0', '1.2.1'],
    '1.2 || ^3': ['1.2.4 3.4.0', '2.0.0 1.3.0'],
    '!=1.2.3': ['1.2.4', '1.2.3'],
    '^1 !=1.2.x': ['1.1.0 1.3.0', '1.2.0 1.2.9'],
    '1.2.0 - 1.4.5': ['1.2.0 1.4.5 1.3.0', '1.4.6 1.1.9'],
    '1.2 - 2': ['1.2.0 2.9.0', '3.0.0'],
    '>=1.0.0-0': ['1.0.0-alpha 1.0.0 2.0.0-rc.1', '0.9.0'],
    '>=1.0.0-0 <2.0.0': ['1.5.0-rc.1 1.9.0', '2.0.0'],
    '~1.2.0-beta.2': ['1.2.0-beta.3 1.2.0', '1.2.0-beta.1 1.3.0'],
    'v1.2.x': ['v1.2.0', 'v1.3.0'],
  };
  for (const [text, [allowed, refused]] of Object.entries(table)) {
    it(text, () => {
      const range = parseSemverRange(text);
      const verdicts = [...allowed.split(' '), ...refused.split(' ')].map((name) => {
        const version = parseVersion(name);
        return `${name} ${range !== undefined && version !== undefined && isInRange(version, range)}`;
      });
      expect(verdicts).toEqual([
        ...allowed.split(' ').map((name) => `${name} true`),
        ...refused.split(' ').map((name) => `${name} false`),
      ]);
    });
  }
});

describe('these are no ranges', () => {
  for (const text of [
    '',
    'main',
    'release-1.2',
    '1.2.3.4',
    '>=',
    '1.0 ||',
    '>= foo',
    '1.2.3 main',
    'v',
    'x1',
  ]) {
    it(JSON.stringify(text), () => expect(parseSemverRange(text)).toBeUndefined());
  }
});

describe('versions are ordered', () => {
  it('as the specification lists them', () => {
    const order =
      '1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.1 1.1.0 2.0.0';
    const sorted = order
      .split(' ')
      .reverse()
      .sort((a, b) => {
        const [left, right] = [parseVersion(a), parseVersion(b)];
        return left === undefined || right === undefined ? 0 : compareVersions(left, right);
      });
    expect(sorted.join(' ')).toBe(order);
  });
});

describe('of many tags', () => {
  const pick = (range: string, tags: string): string | undefined =>
    pickHighest(tags.split(' '), parseSemverRange(range) ?? []);
  const table: Record<string, [range: string, tags: string, picked: string | undefined]> = {
    'the highest by number is picked': ['^1', '1.2.0 1.10.0 1.9.0 2.0.0', '1.10.0'],
    'other tags do not count': ['*', 'nightly app/1.0.0 v0.1.0', 'v0.1.0'],
    'prereleases do not count': ['*', '1.0.0 1.1.0-rc.1', '1.0.0'],
    'nothing may fit': ['^3', '1.0.0 2.0.0', undefined],
    'the order of the tags does not matter': ['*', 'v1.0.0 1.0.0', 'v1.0.0'],
    'the order of the tags does not matter, reversed': ['*', '1.0.0 v1.0.0', 'v1.0.0'],
  };
  for (const [name, [range, tags, picked]] of Object.entries(table)) {
    it(name, () => expect(pick(range, tags)).toBe(picked));
  }
});
