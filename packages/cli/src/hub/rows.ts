// What `weir get` shows of a delivery or source: its fields in data formats and its columns in a table.

import { isRecord } from '@weir/core';
import type { Column } from '../terminal/table.ts';
import type { Colors } from '../terminal/terminal.ts';
import type { Declared } from './declared.ts';
import { showName } from './names.ts';

export interface DeliveryRow {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly dialect: string;
  readonly cluster: string;
  readonly revision: string;
  readonly sync: string;
  readonly health: string;
  readonly message?: string;
  readonly suspended?: true;
}

export interface SourceRow {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly dialect: string;
  readonly url: string;
  readonly revision: string;
  readonly health: string;
  readonly message?: string;
  readonly suspended?: true;
}

export function deliveryRow(item: Declared): DeliveryRow {
  const { summary } = item;
  return {
    ...identity(item),
    cluster: summary.cluster,
    revision: summary.revision,
    sync: summary.sync,
    health: summary.health,
    ...extras(item),
  };
}

export function sourceRow(item: Declared): SourceRow {
  const spec = item.object.spec;
  return {
    ...identity(item),
    url: isRecord(spec) && typeof spec.url === 'string' ? spec.url : '',
    revision: item.summary.revision,
    health: item.summary.health,
    ...extras(item),
  };
}

const identity = (item: Declared) => ({
  kind: item.kind.kind,
  namespace: item.namespace,
  name: item.name,
  dialect: item.dialect.name,
});

const extras = ({ summary }: Declared): { message?: string; suspended?: true } => ({
  ...(summary.message === '' ? {} : { message: summary.message }),
  ...(summary.suspended ? { suspended: true } : {}),
});

/** `main@sha1:0123456789abcdef...` becomes `main@sha1:01234567`; a bare commit its first eight digits. */
export function shortRevision(revision: string): string {
  return revision.replace(/([0-9a-f]{8})[0-9a-f]{32,56}$/, '$1');
}

const good: ReadonlySet<string> = new Set(['Synced', 'Healthy']);
const bad: ReadonlySet<string> = new Set(['Degraded', 'Missing', 'Failed']);

export function paintStatus(colors: Colors, cell: string): string {
  const word = cell.trim();
  if (good.has(word)) return colors.green(cell);
  return bad.has(word) ? colors.red(cell) : colors.yellow(cell);
}

export function deliveryColumns(colors: Colors, wide: boolean): Column<Declared>[] {
  const paint = (cell: string): string => paintStatus(colors, cell);
  return [
    ...identityColumns,
    { title: 'CLUSTER', value: (item) => item.summary.cluster },
    { title: 'REVISION', value: (item) => shownRevision(item, wide) },
    { title: 'SYNC', value: (item) => item.summary.sync, paint },
    { title: 'HEALTH', value: shownHealth, paint },
    ...(wide ? [messageColumn] : []),
  ];
}

export function sourceColumns(colors: Colors, wide: boolean): Column<Declared>[] {
  return [
    ...identityColumns,
    { title: 'URL', value: (item) => sourceRow(item).url },
    { title: 'REVISION', value: (item) => shownRevision(item, wide) },
    { title: 'HEALTH', value: shownHealth, paint: (cell) => paintStatus(colors, cell) },
    ...(wide ? [messageColumn] : []),
  ];
}

const identityColumns: readonly Column<Declared>[] = [
  { title: 'NAMESPACE', value: (item) => item.namespace },
  { title: 'NAME', value: (item) => item.name },
  { title: 'KIND', value: (item) => item.kind.kind },
  { title: 'DIALECT', value: (item) => item.dialect.name },
];

export const messageColumn: Column<Declared> = { title: 'MESSAGE', value: (item) => item.summary.message };

const shownRevision = (item: Declared, wide: boolean): string =>
  wide ? item.summary.revision : shortRevision(item.summary.revision);

const shownHealth = (item: Declared): string =>
  item.summary.suspended && item.summary.health !== 'Suspended'
    ? `${item.summary.health} (suspended)`
    : item.summary.health;

export const nameLine = (item: Declared): string => `${showName(item)}\n`;
