// Holds the rules of the house on every file of the checkout. rules.test.ts proves that each rule can fail.

import { describe, expect, test } from 'vitest';
import { findCycles } from './cycles.ts';
import { findForbiddenDependencies, findForbiddenEdges } from './edges.ts';
import { findForeignWrites, findImpure } from './purity.ts';
import { findLarge } from './sizes.ts';
import { isTest, listFiles, readFiles } from './source-files.ts';
import { findTiedWords } from './wording.ts';

const paths = listFiles();
const packages = readFiles(paths.filter((path) => /^packages\/[^/]+\/src\/.*\.tsx?$/.test(path)));
const code = readFiles(
  paths.filter(
    (path) => /^(packages|scripts|bench|test)\/.*\.(tsx?|mjs)$/.test(path) && !path.includes('/testdata/'),
  ),
);
const manifests = readFiles(paths.filter((path) => /^packages\/[^/]+\/package\.json$/.test(path)));

describe('the architecture', () => {
  test('there are rooms to look at', () => {
    expect(packages.length).toBeGreaterThan(10);
    expect(manifests.length).toBeGreaterThan(5);
  });

  test('a room imports only what the table allows', () => {
    expect(findForbiddenEdges(packages)).toEqual([]);
  });

  test('a package.json lists only what the table allows', () => {
    expect(findForbiddenDependencies(manifests)).toEqual([]);
  });

  test('there is no import cycle, type-only imports included', () => {
    expect(findCycles(code)).toEqual([]);
  });

  test('files and functions fit on a screen', () => {
    expect(findLarge(code)).toEqual([]);
  });

  test('core and dialects perform no I/O, read no clock and draw no random number', () => {
    expect(findImpure(packages)).toEqual([]);
  });

  test('only kube/apply writes to clusters', () => {
    expect(findForeignWrites(packages)).toEqual([]);
  });

  test('no file names a registry host, a home directory or a bare issue number', () => {
    const texts = paths.filter((path) => !isTest(path) || !path.startsWith('test/architecture/'));
    expect(findTiedWords(readFiles(texts))).toEqual([]);
  });
});
