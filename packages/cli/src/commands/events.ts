// `weir events`: the Events of deliveries and sources on the hub, by time. It never reads the target clusters.

import { isRecord, type KubeObject } from '@weir/core';
import type { Command } from 'commander';
import { exitCodesHelp } from '../exit.ts';
import { type Declared, listDeclared, servedKinds } from '../hub/declared.ts';
import { namesHelp, selectNames, shortKind } from '../hub/names.ts';
import { type Hub, namespaceOf, type ScopeOptions, withHub, withScopeOptions } from '../hub/open.ts';
import { parseFormat, showAge, toData } from '../terminal/format.ts';
import { type Column, showTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface EventsOptions extends ScopeOptions {
  readonly output?: string;
  readonly watch?: boolean;
}

interface EventRow {
  /** ISO 8601. */
  readonly time: string;
  readonly type: string;
  readonly reason: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly count: number;
  readonly message: string;
}

interface Subject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
}

const eventsResource = { group: '', version: 'v1', plural: 'events' };

const help = `${namesHelp}

Examples:
  weir events                     of all deliveries and sources, oldest first
  weir events east-apps           of one delivery
  weir events gitrepo/flux-fleet  of one source
  weir events --watch             go on with new ones
${exitCodesHelp}`;

export function registerEvents(program: Command, terminal: Terminal): void {
  withScopeOptions(program.command('events'))
    .description('show what happened to deliveries and sources')
    .argument('[name]', 'a delivery or source')
    .option('-o, --output <format>', 'json or yaml')
    .option('-w, --watch', 'go on with new events')
    .addHelpText('after', help)
    .action((name: string | undefined, options: EventsOptions) => runEvents({ name, options, terminal }));
}

async function runEvents(input: {
  name: string | undefined;
  options: EventsOptions;
  terminal: Terminal;
}): Promise<void> {
  const { options, terminal } = input;
  const format = parseFormat(options.output, ['json', 'yaml']);
  await withHub(options, async (hub) => {
    const isWanted = await subjectFilter({ ...input, hub });
    const namespace = namespaceOf(options);
    const query = namespace === undefined ? {} : { namespace };
    const listed = await hub.client.list(eventsResource, { ...query, signal: terminal.signal });
    const rows = listed.map(eventRow).filter(isWanted).sort(byTime);
    if (options.watch !== true && (format === 'json' || format === 'yaml'))
      return terminal.out(toData({ items: rows }, format));
    const print = (row: EventRow): string =>
      format === 'json'
        ? `${JSON.stringify(row)}\n`
        : `${showTable(columns(terminal), [row]).split('\n')[1]}\n`;
    terminal.out(format === 'json' ? rows.map(print).join('') : showTable(columns(terminal), rows));
    if (options.watch !== true) return;
    const seen = new Set(listed.map(versionOf));
    const events = hub.client.watch(eventsResource, { ...query, signal: terminal.signal });
    for await (const event of events) {
      if (event.kind !== 'put' || seen.has(versionOf(event.object))) continue;
      const row = eventRow(event.object);
      if (isWanted(row)) terminal.out(print(row));
    }
  });
}

const versionOf = (object: KubeObject): string =>
  `${object.metadata.uid ?? object.metadata.name}@${object.metadata.resourceVersion ?? ''}`;

/** With a name, events of that resource (a delivery is preferred to a source of the same name); else of all kinds. */
async function subjectFilter(input: {
  hub: Hub;
  name: string | undefined;
  options: EventsOptions;
  terminal: Terminal;
}): Promise<(row: EventRow) => boolean> {
  const { hub, name, terminal } = input;
  const scope = (role: 'delivery' | 'source') => ({
    client: hub.client,
    dialects: hub.dialects,
    role,
    namespace: namespaceOf(input.options),
    signal: terminal.signal,
  });
  if (name === undefined) {
    const served = [...(await servedKinds(scope('delivery'))), ...(await servedKinds(scope('source')))];
    const kinds = new Set(served.map(({ kind }) => kind.kind));
    return (row) => kinds.has(row.kind);
  }
  const deliveries = await listDeclared(scope('delivery'));
  const isDelivery = deliveries.some((item) => item.name === name.split('/').at(-1));
  const items: Declared[] = isDelivery
    ? [...deliveries, ...(name.includes('/') ? await listDeclared(scope('source')) : [])]
    : [...deliveries, ...(await listDeclared(scope('source')))];
  const subjects: Subject[] = selectNames([name], items, scope('delivery').namespace).map((item) => ({
    kind: item.kind.kind,
    namespace: item.namespace,
    name: item.name,
  }));
  return (row) =>
    subjects.some((s) => s.kind === row.kind && s.namespace === row.namespace && s.name === row.name);
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export function eventRow(event: KubeObject): EventRow {
  const about = isRecord(event.involvedObject) ? event.involvedObject : {};
  const series = isRecord(event.series) ? event.series : {};
  return {
    time:
      textOf(series.lastObservedTime) ||
      textOf(event.lastTimestamp) ||
      textOf(event.eventTime) ||
      textOf(event.metadata.creationTimestamp),
    type: textOf(event.type),
    reason: textOf(event.reason),
    kind: textOf(about.kind),
    namespace: textOf(about.namespace),
    name: textOf(about.name),
    count:
      typeof series.count === 'number' ? series.count : typeof event.count === 'number' ? event.count : 1,
    message: textOf(event.message).trim(),
  };
}

const byTime = (a: EventRow, b: EventRow): number => Date.parse(a.time) - Date.parse(b.time);

function columns(terminal: Terminal): Column<EventRow>[] {
  const colors = terminal.outColors;
  return [
    { title: 'AGE', value: (row) => showAge(row.time, terminal.now()) },
    {
      title: 'TYPE',
      value: (row) => row.type,
      paint: (cell) => (cell.startsWith('Warning') ? colors.yellow(cell) : cell),
    },
    { title: 'REASON', value: (row) => row.reason },
    { title: 'OBJECT', value: (row) => `${shortKind(row.kind)}/${row.namespace}/${row.name}` },
    { title: 'MESSAGE', value: (row) => row.message },
  ];
}
