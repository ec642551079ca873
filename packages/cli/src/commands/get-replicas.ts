// `weir get replicas`: which controllers share the work of the hub, and who holds which cluster. From the hub's Leases alone.

import { listReplicas, type ReplicaRow } from '@weir/engine';
import type { Hub } from '../hub/open.ts';
import { type Format, showAge, toData } from '../terminal/format.ts';
import { type Column, showTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

export async function getReplicas(input: { hub: Hub; format: Format; terminal: Terminal }): Promise<void> {
  const { hub, format, terminal } = input;
  const rows = await listReplicas(hub.client, terminal.signal);
  if (format === 'json' || format === 'yaml') terminal.out(toData({ items: rows }, format));
  else if (format === 'name') terminal.out([...new Set(rows.map(nameOf))].join(''));
  else {
    terminal.out(showTable(columnsFor(terminal, format === 'wide'), rows));
    if (rows.length === 0) terminal.err('No controller has run on this hub yet.\n');
  }
}

const nameOf = ({ replica }: ReplicaRow): string => (replica === '' ? '' : `${replica}\n`);
const orDash = (text: string): string => (text === '' ? '-' : text);

function columnsFor(terminal: Terminal, wide: boolean): Column<ReplicaRow>[] {
  const age = (time: string): string => (time === '' ? '-' : showAge(time, terminal.now()));
  return [
    { title: 'REPLICA', value: ({ replica }) => orDash(replica) },
    { title: 'CLUSTER', value: ({ cluster, key }) => orDash(cluster === '' ? key : cluster) },
    { title: 'EPOCH', value: ({ epoch }) => (epoch === 0 ? '-' : String(epoch)) },
    { title: 'SINCE', value: ({ since }) => age(since) },
    { title: 'RENEWED', value: ({ renewed }) => age(renewed) },
    ...(wide ? [{ title: 'KEY', value: ({ key }: ReplicaRow) => orDash(key) }] : []),
  ];
}
