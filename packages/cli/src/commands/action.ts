// `weir action`: which actions an object has, and what running one would write. It asks no cluster and writes to none.

import { refOf, showRef } from '@weir/core';
import { type Command, InvalidArgumentError } from 'commander';
import { readObject } from '../action/read-object.ts';
import { showOffers, showOperations } from '../action/show.ts';
import { withActions } from '../action/sources.ts';
import { exitCodesHelp } from '../exit.ts';
import { parseFormat } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ActionOptions {
  readonly param: Readonly<Record<string, string>>;
  readonly output?: string;
  readonly customizations?: string;
}

const help = `
Examples:
  weir action list deployment.yaml                      the actions of an object
  weir action scale deployment.yaml --param replicas=3  what it would write
  weir action list widget.yaml --customizations argocd-cm.yaml
  kubectl get cj/report -o yaml | weir action create-job - | kubectl create -f -
${exitCodesHelp}`;

export function registerAction(program: Command, terminal: Terminal): void {
  program
    .command('action')
    .description('show the actions of an object, or what one would write')
    .argument('<name>', 'an action, or list; a file alone lists too')
    .argument('[file]', 'a YAML or JSON file with one object; - is standard input')
    .option('-p, --param <name=value>', 'a parameter of the action; may be repeated', addParameter, {})
    .option('--customizations <file>', 'the ConfigMap argocd-cm, whose own actions count too')
    .option('-o, --output <format>', 'json, yaml or, for a list, name')
    .addHelpText('after', help)
    .action((name: string, file: string | undefined, options: ActionOptions) =>
      file === undefined || name === 'list'
        ? listActions({ file: file ?? name, options, terminal })
        : showAction({ name, file, options, terminal }),
    );
}

function addParameter(text: string, given: Readonly<Record<string, string>>): Record<string, string> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('expected name=value');
  const name = text.slice(0, equals);
  if (Object.hasOwn(given, name)) throw new InvalidArgumentError(`${name} is given twice`);
  return { ...given, [name]: text.slice(equals + 1) };
}

interface Asked {
  readonly file: string;
  readonly options: ActionOptions;
  readonly terminal: Terminal;
}

async function listActions({ file, options, terminal }: Asked): Promise<void> {
  const format = parseFormat(options.output, ['json', 'yaml', 'name']);
  const object = await readObject(file, process.stdin);
  const { customizations } = options;
  const offers = await withActions({ object, customizations, terminal }, (source) => source.discover());
  if (offers.length === 0) terminal.err(`${showRef(refOf(object))} has no actions to offer\n`);
  if (offers.length > 0 || format === 'json' || format === 'yaml') terminal.out(showOffers(offers, format));
}

async function showAction({ name, file, options, terminal }: Asked & { name: string }): Promise<void> {
  const format = parseFormat(options.output, ['json', 'yaml']);
  const object = await readObject(file, process.stdin);
  const { customizations, param } = options;
  await withActions({ object, customizations, terminal }, async (source) => {
    const now = terminal.now().toISOString();
    const operations = await source.run({ action: name, parameters: param, now });
    const offer = (await source.discover()).find((one) => one.name === name);
    if (offer === undefined || offer.disabled)
      terminal.err(
        `${name} is not on offer for ${showRef(refOf(object))} as it is; this is what it would write\n`,
      );
    terminal.out(showOperations(operations, format));
  });
}
