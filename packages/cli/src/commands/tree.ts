// `weir tree`: a delivery, its objects and what became of them, with health, addresses and events. Reads only.

import type { Command } from 'commander';
import { Exit, exitCodes, exitCodesHelp } from '../exit.ts';
import { type Declared, listDeclared } from '../hub/declared.ts';
import { namesHelp, resolveName, showName } from '../hub/names.ts';
import { type Hub, namespaceOf, type ScopeOptions, withHub, withScopeOptions } from '../hub/open.ts';
import { deliveryRow } from '../hub/rows.ts';
import { withTarget } from '../hub/target.ts';
import { parseFormat, toData } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { readEvents } from '../tree/events.ts';
import { inventoryOf } from '../tree/inventory.ts';
import { nodesOf } from '../tree/nodes.ts';
import { readTree } from '../tree/read-tree.ts';
import { nodeData, showTree } from '../tree/show.ts';

interface TreeOptions extends ScopeOptions {
  readonly output?: string;
  readonly events?: boolean;
}

const help = `${namesHelp}

Examples:
  weir tree storefront-east
  weir tree storefront-east --events   with the last events of each object
  weir tree storefront-east -o wide    with images
  weir tree ks/west-apps -o json
${exitCodesHelp}`;

export function registerTree(program: Command, terminal: Terminal): void {
  withScopeOptions(program.command('tree'))
    .description('show the objects of a delivery, down to its Pods')
    .argument('<name>', 'a delivery')
    .option('-o, --output <format>', 'wide, json or yaml')
    .option('--events', 'with the last events of each object')
    .addHelpText('after', help)
    .action((name: string, options: TreeOptions) => runTree({ name, options, terminal }));
}

async function runTree(input: { name: string; options: TreeOptions; terminal: Terminal }): Promise<void> {
  const { name, options, terminal } = input;
  const { signal } = terminal;
  const format = parseFormat(options.output, ['wide', 'json', 'yaml']);
  await withHub(options, async (hub) => {
    const delivery = await findDelivery(hub, { name, options, signal });
    const reading = delivery.dialect.read(delivery.object);
    if (reading.kind !== 'delivery')
      throw new Exit(
        exitCodes.failure,
        `${showName(delivery)} cannot be understood: ${delivery.summary.message}`,
      );
    const owned = await inventoryOf(hub, delivery, signal);
    const { nodes, isCut } = await withTarget(
      { hub, cluster: reading.delivery.cluster, signal },
      async (client) => {
        const tree = await readTree({ client, owned, signal });
        const events = options.events === true ? await readEvents({ client, tree, signal }) : new Map();
        return { nodes: nodesOf({ delivery, owned, tree, events }), isCut: tree.isCut };
      },
    );
    if (isCut) terminal.err('the tree is larger than what is shown\n');
    if (format === 'json' || format === 'yaml')
      return terminal.out(toData({ delivery: deliveryRow(delivery), objects: nodes.map(nodeData) }, format));
    const { sync, health, message } = delivery.summary;
    const view = { colors: terminal.outColors, now: terminal.now(), wide: format === 'wide' };
    terminal.out(showTree({ label: showName(delivery), sync, health, message }, nodes, view));
  });
}

async function findDelivery(
  hub: Hub,
  wanted: { name: string; options: TreeOptions; signal: AbortSignal },
): Promise<Declared> {
  const namespace = namespaceOf(wanted.options);
  const scope = {
    client: hub.client,
    dialects: hub.dialects,
    role: 'delivery',
    namespace,
    signal: wanted.signal,
  } as const;
  return resolveName(wanted.name, await listDeclared(scope), namespace);
}
