// How rows become aligned columns, as kubectl prints them. It never knows what the columns mean.

export interface Column<T> {
  readonly title: string;
  readonly value: (row: T) => string;
  /** Colours a cell that is already padded. */
  readonly paint?: (cell: string, row: T) => string;
}

const gap = '   ';

export function showTable<T>(columns: readonly Column<T>[], rows: readonly T[]): string {
  const widths = columns.map((column) =>
    Math.max(column.title.length, ...rows.map((row) => oneLine(column.value(row)).length)),
  );
  const lines = [columns.map((column, i) => padded({ text: column.title, i, widths })).join(gap)];
  for (const row of rows)
    lines.push(
      columns
        .map((column, i) => {
          const cell = padded({ text: oneLine(column.value(row)), i, widths });
          return column.paint === undefined ? cell : column.paint(cell, row);
        })
        .join(gap),
    );
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

/** The last column is not padded: its cells may be long. */
function padded(cell: { text: string; i: number; widths: readonly number[] }): string {
  return cell.i === cell.widths.length - 1 ? cell.text : cell.text.padEnd(cell.widths[cell.i] ?? 0);
}

const oneLine = (text: string): string => text.replace(/\s*\n\s*/g, ' ');
