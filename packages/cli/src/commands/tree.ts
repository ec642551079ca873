// `weir tree`: a delivery, its objects and what became of them, with the health of each. Reads only.

import type { Command } from 'commander';
import { Exit, exitCodes, exitCodesHelp } from '../exit.ts';
import { listDeclared } from '../hub/declared.ts';
import { namesHelp, resolveName, showName } from '../hub/names.ts';
import { namespaceOf, type ScopeOptions, withHub, withScopeOptions } from '../hub/open.ts';
import { deliveryRow } from '../hub/rows.ts';
import { withTarget } from '../hub/target.ts';
import { parseFormat, toData } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { inventoryOf, treeOf } from '../tree/nodes.ts';
import { nodeData, showTree } from '../tree/show.ts';

interface TreeOptions extends ScopeOptions {
  readonly output?: string;
}

const help = `${namesHelp}

Examples:
  weir tree storefront-east
  weir tree ks/west-apps -o json
${exitCodesHelp}`;

export function registerTree(program: Command, terminal: Terminal): void {
  withScopeOptions(program.command('tree'))
    .description('show the objects of a delivery, down to its Pods')
    .argument('<name>', 'a delivery')
    .option('-o, --output <format>', 'json or yaml')
    .addHelpText('after', help)
    .action((name: string, options: TreeOptions) => runTree({ name, options, terminal }));
}

async function runTree(input: { name: string; options: TreeOptions; terminal: Terminal }): Promise<void> {
  const { name, options, terminal } = input;
  const { signal } = terminal;
  const format = parseFormat(options.output, ['json', 'yaml']);
  await withHub(options, async (hub) => {
    const namespace = namespaceOf(options);
    const scope = {
      client: hub.client,
      dialects: hub.dialects,
      role: 'delivery',
      namespace,
      signal,
    } as const;
    const delivery = resolveName(name, await listDeclared(scope), namespace);
    const reading = delivery.dialect.read(delivery.object);
    if (reading.kind !== 'delivery')
      throw new Exit(
        exitCodes.failure,
        `${showName(delivery)} cannot be understood: ${delivery.summary.message}`,
      );
    const owned = await inventoryOf(hub, delivery, signal);
    const nodes = await withTarget({ hub, cluster: reading.delivery.cluster, signal }, (client) =>
      treeOf({ client, delivery, owned, signal }),
    );
    if (format === 'json' || format === 'yaml')
      return terminal.out(toData({ delivery: deliveryRow(delivery), objects: nodes.map(nodeData) }, format));
    const { sync, health, message } = delivery.summary;
    terminal.out(showTree({ label: showName(delivery), sync, health, message }, nodes, terminal.outColors));
  });
}
