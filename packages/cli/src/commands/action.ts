// `weir action`: which actions an object has, and what running one would write. It asks no cluster and writes to none.

import {
  type ActionOffer,
  discoverActions,
  type KubeObject,
  refOf,
  runAction,
  showRef,
  WeirError,
} from '@weir/core';
import { type Command, InvalidArgumentError } from 'commander';
import { readObject } from '../action/read-object.ts';
import { showOffers, showOperations } from '../action/show.ts';
import { exitCodesHelp } from '../exit.ts';
import { parseFormat } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface ActionOptions {
  readonly param: Readonly<Record<string, string>>;
  readonly output?: string;
}

const help = `
Examples:
  weir action list deployment.yaml                      the actions of an object
  weir action scale deployment.yaml --param replicas=3  what it would write
  kubectl get cj/report -o yaml | weir action create-job - | kubectl create -f -
${exitCodesHelp}`;

export function registerAction(program: Command, terminal: Terminal): void {
  program
    .command('action')
    .description('show the actions of an object, or what one would write')
    .argument('<name>', 'an action, or list; a file alone lists too')
    .argument('[file]', 'a YAML or JSON file with one object; - is standard input')
    .option('-p, --param <name=value>', 'a parameter of the action; may be repeated', addParameter, {})
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

async function listActions(input: {
  file: string;
  options: ActionOptions;
  terminal: Terminal;
}): Promise<void> {
  const { options, terminal } = input;
  const format = parseFormat(options.output, ['json', 'yaml', 'name']);
  const object = await readObject(input.file, process.stdin);
  const offers = discoverActions(object);
  if (offers.length === 0) sayNothingOffered(object, terminal);
  if (offers.length > 0 || format === 'json' || format === 'yaml') terminal.out(showOffers(offers, format));
}

function sayNothingOffered(object: KubeObject, terminal: Terminal): void {
  terminal.err(`${showRef(refOf(object))} has no actions to offer\n`);
}

async function showAction(input: {
  name: string;
  file: string;
  options: ActionOptions;
  terminal: Terminal;
}): Promise<void> {
  const { name, options, terminal } = input;
  const format = parseFormat(options.output, ['json', 'yaml']);
  const object = await readObject(input.file, process.stdin);
  const result = runAction({
    object,
    action: name,
    parameters: options.param,
    now: terminal.now().toISOString(),
  });
  if (!result.ok) throw new WeirError(result.problem);
  const offer = discoverActions(object).find((one) => one.name === name);
  if (!isOnOffer(offer))
    terminal.err(
      `${name} is not on offer for ${showRef(refOf(object))} as it is; this is what it would write\n`,
    );
  terminal.out(showOperations(result.value, format));
}

const isOnOffer = (offer: ActionOffer | undefined): boolean => offer !== undefined && !offer.disabled;
