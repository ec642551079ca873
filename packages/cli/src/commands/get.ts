// `weir get`: one row per delivery and cluster, per source, or per claim on a cluster, from what the hub holds alone.

import type { Command } from 'commander';
import { exitCodesHelp } from '../exit.ts';
import { type Declared, keyOf, listDeclared, type Scope } from '../hub/declared.ts';
import { followDeclared } from '../hub/follow.ts';
import { namesHelp, selectNames } from '../hub/names.ts';
import { type Hub, namespaceOf, type ScopeOptions, withHub, withScopeOptions } from '../hub/open.ts';
import {
  type DeliveryRow,
  deliveryColumns,
  deliveryRow,
  messageColumn,
  nameLine,
  type SourceRow,
  sourceColumns,
  sourceRow,
} from '../hub/rows.ts';
import { isShadow, withShadows } from '../hub/shadow.ts';
import { type Format, parseFormat, toData } from '../terminal/format.ts';
import { type Column, showTable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { getReplicas } from './get-replicas.ts';

interface GetOptions extends ScopeOptions {
  readonly output?: string;
  readonly watch?: boolean;
}

interface View {
  readonly format: Format;
  readonly columns: readonly Column<Declared>[];
  /** Where a status alone does not tell what matters. */
  readonly columnsWithMessage: readonly Column<Declared>[];
  readonly row: (item: Declared) => DeliveryRow | SourceRow;
}

const help = `${namesHelp}
The first NAME \`sources\` lists sources in place of deliveries, \`replicas\` the controllers and their clusters.

Examples:
  weir get                               every delivery, with its cluster, sync and health
  weir get -o wide                       with full revisions and messages
  weir get app/storefront-east -o json   one delivery, as JSON
  weir get -n flux-system --watch        a row for each change
  weir get sources                       the sources and what they resolved to
  weir get replicas                      which controller works on which cluster
${exitCodesHelp}`;

export function registerGet(program: Command, terminal: Terminal): void {
  withScopeOptions(program.command('get'))
    .description('show deliveries, or sources, with their sync and health; or the controllers')
    .argument('[names...]', '`sources`, `replicas`, or names of deliveries')
    .option('-o, --output <format>', 'json, yaml, wide or name')
    .option('-w, --watch', 'go on and print what changes')
    .addHelpText('after', help)
    .action((names: string[], options: GetOptions) => runGet({ names, options, terminal }));
}

async function runGet(input: { names: string[]; options: GetOptions; terminal: Terminal }): Promise<void> {
  const { options, terminal } = input;
  if (input.names[0] === 'replicas') {
    const format = parseFormat(options.output);
    return withHub(options, (hub) => getReplicas({ hub, format, terminal }));
  }
  const isSources = input.names[0] === 'sources';
  const names = isSources ? input.names.slice(1) : input.names;
  const view = viewOf(isSources ? 'source' : 'delivery', parseFormat(options.output), terminal);
  await withHub(options, async (hub) => {
    const scope = scopeOf({ hub, options, terminal, role: isSources ? 'source' : 'delivery' });
    const listed = await listDeclared(scope);
    const items = await withShadows(selectNames(names, listed, scope.namespace), scope);
    if (options.watch === true) await watchRows({ scope, view, names, terminal });
    else terminal.out(showItems(items, view));
    if (items.length === 0 && view.format === 'table') terminal.err('No deliveries on this hub yet.\n');
  });
}

function scopeOf(input: {
  hub: Hub;
  options: ScopeOptions;
  terminal: Terminal;
  role: 'delivery' | 'source';
}): Scope {
  return {
    client: input.hub.client,
    dialects: input.hub.dialects,
    role: input.role,
    namespace: namespaceOf(input.options),
    signal: input.terminal.signal,
  };
}

function viewOf(role: 'delivery' | 'source', format: Format, terminal: Terminal): View {
  const colors = terminal.outColors;
  const wide = format === 'wide';
  if (role === 'delivery') {
    const columns = deliveryColumns(colors, wide);
    return {
      format,
      columns,
      columnsWithMessage: wide ? columns : [...columns, messageColumn],
      row: deliveryRow,
    };
  }
  const columns = sourceColumns(colors, wide);
  return { format, columns, columnsWithMessage: columns, row: sourceRow };
}

export function showItems(items: readonly Declared[], view: View): string {
  const { format } = view;
  if (format === 'json' || format === 'yaml') return toData({ items: items.map(view.row) }, format);
  if (format === 'name') return items.map(nameLine).join('');
  return showTable(items.some(isShadow) ? view.columnsWithMessage : view.columns, items);
}

/** The whole first; then a row (or one JSON document) for each change. Ends when interrupted. */
async function watchRows(input: {
  scope: Scope;
  view: View;
  names: readonly string[];
  terminal: Terminal;
}): Promise<void> {
  const { scope, view, names, terminal } = input;
  const shown = new Map<string, string>();
  const print = (item: Declared, gone: boolean): void => {
    const row = JSON.stringify(view.row(item));
    if (shown.get(keyOf(item)) === row && !gone) return;
    shown.set(keyOf(item), row);
    terminal.out(showChange(item, gone, view));
  };
  await followDeclared(scope, {
    onSynced: (known) => {
      const items = selectNames(names, [...known.values()], scope.namespace);
      for (const item of items) shown.set(keyOf(item), JSON.stringify(view.row(item)));
      terminal.out(
        view.format === 'json' ? items.map((item) => jsonLine(item, view)).join('') : showItems(items, view),
      );
    },
    onChange: ({ item, gone }) => {
      if (names.length === 0 || shown.has(keyOf(item))) print(item, gone);
    },
    onTrouble: (error) => terminal.err(`watch interrupted: ${error instanceof Error ? error.message : ''}\n`),
  });
}

const jsonLine = (item: Declared, view: View): string => `${JSON.stringify(view.row(item))}\n`;

function showChange(item: Declared, gone: boolean, view: View): string {
  if (view.format === 'json')
    return `${JSON.stringify({ ...view.row(item), ...(gone ? { deleted: true } : {}) })}\n`;
  if (view.format === 'yaml') return `---\n${toData(view.row(item), 'yaml')}`;
  if (view.format === 'name') return nameLine(item);
  const [, line = ''] = showTable(view.columns, [item]).split('\n');
  return `${line}${gone ? '   (deleted)' : ''}\n`;
}
