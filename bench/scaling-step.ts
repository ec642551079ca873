// The same one-line change in fleets of several sizes: what it costs must follow the change, not the fleet.

import type { Bench } from './bench.ts';
import { median } from './figures.ts';
import { installAll } from './install-step.ts';
import { changeOneLine, type OneLine } from './one-line-step.ts';

export const scalingObjects = 5;
const runs = 5;

export interface ScalingRow {
  readonly name: string;
  readonly deliveries: number;
  readonly lines: readonly OneLine[];
}

export async function scaling(bench: Bench): Promise<ScalingRow> {
  const { workload, log } = bench;
  log(`${bench.name}: installing ${workload.deliveries} deliveries`);
  await installAll(bench, undefined);
  const lines: OneLine[] = [];
  // The first change after an install meets cold code.
  for (let turn = 0; turn <= runs; turn++) {
    const line = await changeOneLine(bench, turn);
    if (turn > 0) lines.push(line);
    log(`${bench.name}, ${workload.deliveries} deliveries: ${line.ms.toFixed(0)} ms, CPU ${line.cpuMs} ms`);
  }
  return { name: bench.name, deliveries: workload.deliveries, lines };
}

export function showScaling(rows: readonly ScalingRow[]): string {
  const middle = (lines: readonly OneLine[], of: (line: OneLine) => number): string =>
    median(lines.map(of)).toFixed(0);
  return [
    `One line of one delivery, ${scalingObjects} objects each, median of ${runs}:`,
    '',
    '| fleet | until seen | CPU with all that follows | CPU a delivery | objects written | other writes |',
    '| --- | --- | --- | --- | --- | --- |',
    ...rows.map(({ name, deliveries, lines }) =>
      [
        '',
        ` ${name}, ${deliveries} deliveries `,
        ` ${middle(lines, ({ ms }) => ms)} ms `,
        ` ${middle(lines, ({ cpuMs }) => cpuMs)} ms `,
        ` ${(median(lines.map(({ cpuMs }) => cpuMs)) / deliveries).toFixed(2)} ms `,
        ` ${middle(lines, ({ objectWrites }) => objectWrites)} `,
        ` ${middle(lines, ({ otherWrites }) => otherWrites)} `,
        '',
      ].join('|'),
    ),
  ].join('\n');
}
