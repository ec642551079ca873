import { readFile } from 'node:fs/promises';
import * as core from '@weir/core';
import * as engine from '@weir/engine';
import { expect, it } from 'vitest';

const page = new URL('../../docs/library.md', import.meta.url);

/** Functions and values that a table of the page names in its first column, and that begin with a small letter. */
async function namedIn(title: string): Promise<string[]> {
  const text = await readFile(page, 'utf8');
  const section = text.split(`## \`${title}\``)[1]?.split('\n## ')[0] ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('| `'));
  const names = rows.flatMap((row) =>
    [...(row.split('|')[1] ?? '').matchAll(/`([A-Za-z]+)/g)].map(([, name = '']) => name),
  );
  return names.filter((name) => /^[a-z]/.test(name));
}

it.each([
  ['@weir/engine', engine],
  ['@weir/core', core],
])('what the page says of %s is exported', async (title, exports) => {
  const names = await namedIn(title);
  expect(names.length).toBeGreaterThan(0);
  expect(names.filter((name) => !(name in exports))).toEqual([]);
});

it('fits on a page', async () => {
  expect((await readFile(page, 'utf8')).split('\n').length).toBeLessThan(60);
});
