// How figures are written down: one line each in a table, and the words for medians. It measures nothing.

export interface Figure {
  readonly what: string;
  readonly value: string;
  readonly floor?: string;
  readonly ratio?: string;
  readonly aim?: string;
}

export function showFigures(figures: readonly Figure[]): string {
  const rows = figures.map(
    ({ what, value, floor, ratio, aim }) =>
      `| ${what} | ${value} | ${floor ?? ''} | ${ratio ?? ''} | ${aim ?? ''} |`,
  );
  return ['| what | weir | floor | ratio | aim |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** `90 ms (84-151)` */
export function showMedian(values: readonly number[], unit: string): string {
  return `${median(values).toFixed(0)} ${unit} (${Math.min(...values).toFixed(0)}-${Math.max(...values).toFixed(0)})`;
}
