// Keeps docs/errors.md equal to the catalogue, and the catalogue free of codes that nothing reports.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorCatalogue } from '@weir/core';
import { expect, test } from 'vitest';
import { showErrorsDoc } from '../../scripts/errors-doc.ts';
import { isTest, listFiles, readFiles, root } from '../architecture/source-files.ts';

test('docs/errors.md is what `npm run generate` writes', () => {
  expect(readFileSync(join(root, 'docs/errors.md'), 'utf8')).toBe(showErrorsDoc(errorCatalogue));
});

test('every code of the catalogue is reported somewhere', () => {
  const paths = listFiles().filter((path) => /^(packages\/[^/]+\/src|native)\/.*\.(ts|go)$/.test(path));
  const own = paths.filter(
    (path) => !isTest(path) && !path.endsWith('_test.go') && !path.endsWith('/errors.ts'),
  );
  const texts = readFiles(own).map(({ text }) => text);
  const unused = Object.keys(errorCatalogue).filter((code) => {
    const word = new RegExp(`\\b${code}\\b`);
    return !texts.some((text) => word.test(text));
  });
  expect(unused).toEqual([]);
});
