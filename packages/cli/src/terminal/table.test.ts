// Tables: alignment, line breaks in cells, and the header of an empty list.

import { expect, test } from 'vitest';
import { type Column, showTable } from './table.ts';

interface Row {
  readonly name: string;
  readonly message: string;
}

const columns: readonly Column<Row>[] = [
  { title: 'NAME', value: (row) => row.name },
  { title: 'MESSAGE', value: (row) => row.message },
];

test('columns are as wide as their widest cell, and the last is not padded', () => {
  expect(
    showTable(columns, [
      { name: 'storefront-east', message: 'ok' },
      { name: 'a', message: 'two\n  lines' },
    ]),
  ).toBe('NAME              MESSAGE\nstorefront-east   ok\na                 two lines\n');
});

test('no rows leave the header', () => {
  expect(showTable(columns, [])).toBe('NAME   MESSAGE\n');
});

test('paint is given the padded cell, so that colours do not count as width', () => {
  const painted: Column<Row> = { title: 'NAME', value: (row) => row.name, paint: (cell) => `<${cell}>` };
  expect(showTable([painted, ...columns.slice(1)], [{ name: 'a', message: 'm' }])).toBe(
    'NAME   MESSAGE\n<a   >   m\n',
  );
});
