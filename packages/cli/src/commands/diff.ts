// `weir diff`: what a reconcile would change now, as the API servers themselves say by dry run. It writes nothing.

import { showProblem, WeirError } from '@weir/core';
import { type DeliveryDiff, diffDeliveries } from '@weir/engine';
import type { Command } from 'commander';
import { changeData, showChange } from '../diff/show.ts';
import { diffExitCodesHelp, Exit, exitCodes } from '../exit.ts';
import { type Declared, listDeclared } from '../hub/declared.ts';
import { namesHelp, selectNames, showName } from '../hub/names.ts';
import { type Hub, namespaceOf, type ScopeOptions, withHub, withScopeOptions } from '../hub/open.ts';
import { findBinary } from '../local/place.ts';
import { parseFormat, toData } from '../terminal/format.ts';
import { createProgress, type Progress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';

interface DiffCommandOptions extends ScopeOptions {
  readonly output?: string;
}

/** kubectl diff's: 1 says that there are differences, so a failure must say something else. */
const differs = 1;
const failed = 2;

const help = `${namesHelp}
Values of Secrets are masked.

Examples:
  weir diff                     of every delivery
  weir diff storefront-east     of one
  weir diff -o json || echo it differs
${diffExitCodesHelp}`;

export function registerDiff(program: Command, terminal: Terminal): void {
  withScopeOptions(program.command('diff'))
    .description('show what a reconcile would change now')
    .argument('[names...]', 'names of deliveries')
    .option('-o, --output <format>', 'json or yaml')
    .addHelpText('after', help)
    .action((names: string[], options: DiffCommandOptions) => runDiff({ names, options, terminal }));
}

interface Run {
  readonly names: readonly string[];
  readonly options: DiffCommandOptions;
  readonly terminal: Terminal;
}

async function runDiff(run: Run): Promise<void> {
  const progress = createProgress(run.terminal);
  try {
    await withHub(run.options, (hub) => compare(run, hub, progress));
  } catch (error) {
    throw asFailure(error);
  } finally {
    progress.stop();
  }
}

/** What ends other commands with 1 ends this one with 2. */
function asFailure(error: unknown): unknown {
  if (error instanceof Exit)
    return error.code === exitCodes.failure && error.message !== '' ? new Exit(failed, error.message) : error;
  return error instanceof WeirError ? new Exit(failed, showProblem(error.problem)) : error;
}

async function compare(run: Run, hub: Hub, progress: Progress): Promise<void> {
  const { options, terminal } = run;
  const format = parseFormat(options.output, ['json', 'yaml']);
  const chosen = await chosenDeliveries(run, hub);
  const renderBinary = await findBinary('render', (line) => progress.status(line));
  const items: Record<string, unknown>[] = [];
  let changes = 0;
  let problems = 0;
  progress.status(`comparing ${chosen.size === 1 ? 'one delivery' : `${chosen.size} deliveries`}`);
  const diffs = diffDeliveries({
    hub: hub.access,
    dialects: hub.dialects,
    renderBinary,
    findEvaluator: () => findBinary('evaluate', (line) => progress.status(line)),
    select: (id) => chosen.has(id),
    signal: terminal.signal,
  });
  for await (const diff of diffs) {
    const name = nameOf(chosen, diff);
    const shown = diff.changes
      .map((change) => ({
        change,
        text: showChange(change, { name, cluster: diff.cluster }, terminal.outColors),
      }))
      .filter(({ text }) => text !== '');
    changes += shown.length;
    problems += diff.problems.length;
    for (const problem of diff.problems) progress.line(`${name}: ${showProblem(problem)}`);
    if (format === 'table') terminal.out(shown.map(({ text }) => text).join(''));
    items.push({
      name,
      cluster: diff.cluster,
      problems: diff.problems,
      changes: shown.map(({ change }) => changeData(change)),
    });
  }
  progress.stop();
  if (format === 'json' || format === 'yaml') terminal.out(toData({ items }, format));
  if (problems > 0) throw new Exit(failed);
  if (changes > 0) throw new Exit(differs);
  if (format === 'table') terminal.err('No differences.\n');
}

async function chosenDeliveries(run: Run, hub: Hub): Promise<Map<string, Declared>> {
  const namespace = namespaceOf(run.options);
  const { signal } = run.terminal;
  const scope = { client: hub.client, dialects: hub.dialects, role: 'delivery', namespace, signal } as const;
  const items = selectNames(run.names, await listDeclared(scope), namespace);
  return new Map(
    items.map((item) => {
      const reading = item.dialect.read(item.object);
      const id =
        reading.kind === 'delivery' ? reading.delivery.id : reading.kind === 'invalid' ? reading.id : '';
      return [id, item];
    }),
  );
}

function nameOf(chosen: ReadonlyMap<string, Declared>, diff: DeliveryDiff): string {
  const item = chosen.get(diff.id);
  return item === undefined ? diff.id : showName(item);
}
