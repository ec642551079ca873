import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64 } from './base64.ts';
import { parseGoDuration, showGoDuration } from './go-duration.ts';
import { kitchenTime } from './kube-time.ts';
import { cleanPath } from './repository-path.ts';
import { urlProblem } from './repository-url.ts';
import { isSame, stableDigest } from './stable-digest.ts';

it('base64 gives back every text, and refuses what is none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      expect(decodeBase64(Buffer.from(text).toString('base64'))).toBe(Buffer.from(text).toString());
    }),
  );
  expect([decodeBase64('a'), decodeBase64('$$$$'), decodeBase64('/////w==')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

it.each<[string, number | undefined, string]>([
  ['10m', 600_000, '10m0s'],
  ['9m30s', 570_000, '9m30s'],
  ['1h', 3_600_000, '1h0m0s'],
  ['1.5s', 1500, '1.5s'],
  ['250ms', 250, '250ms'],
  ['0', 0, '0s'],
  ['10', undefined, ''],
  ['m', undefined, ''],
  ['5 s', undefined, ''],
])('the duration %s is %s ms', (text, ms, shown) => {
  expect(parseGoDuration(text)).toBe(ms);
  if (ms !== undefined) expect(showGoDuration(ms)).toBe(shown);
});

it.each<[string, string]>([
  ['2026-01-02T00:05:00Z', '12:05AM'],
  ['2026-01-02T12:00:00Z', '12:00PM'],
  ['2026-01-02T15:04:00Z', '3:04PM'],
])('%s is %s', (iso, expected) => {
  expect(kitchenTime(Date.parse(iso))).toBe(expected);
});

it.each<[string, string | undefined]>([
  ['', '.'],
  ['./', '.'],
  ['./app/', 'app'],
  ['a//b/./c', 'a/b/c'],
  ['a/../b', 'b'],
  ['..', undefined],
  ['a/../../b', undefined],
])('the path %j is %j', (path, expected) => {
  expect(cleanPath(path)).toBe(expected);
});

it.each<[string, string]>([
  ['https://git.example.com/a.git', 'fine'],
  ['http://git.example.com:8080/a', 'fine'],
  ['file:///repo/a.git', 'fine'],
  ['https://user@git.example.com/a', 'fine'],
  ['https://user:hush@git.example.com/a', 'url: expected a URL without a password; put it into a Secret'],
  ['https:///a', 'url: expected a URL with a host'],
  ['git@git.example.com:a.git', 'url: expected an http, https or file URL'],
])('the URL %s: %s', (url, expected) => {
  expect(urlProblem(url, 'url')?.message ?? 'fine').toBe(expected);
});

describe('digests', () => {
  it('do not depend on the order of keys, but on everything else', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (value) => {
        const turned = Object.fromEntries(Object.entries(value).reverse());
        expect(stableDigest(turned)).toBe(stableDigest(value));
        expect(isSame({ ...value, more: 1 }, { ...value, more: 2 })).toBe(false);
      }),
    );
  });
});
