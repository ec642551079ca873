// `weir health`: how the objects of files are, by what their own status says. It asks no cluster and writes to none.

import { type Health, type KubeObject, refOf, showProblem, showRef, WeirError } from '@weir/core';
import type { Command } from 'commander';
import { Exit, exitCodes, exitCodesHelp } from '../exit.ts';
import { createObjectJudge, type ObjectJudge } from '../health/judge-objects.ts';
import { readCustomizations } from '../health/read-customizations.ts';
import { readObjects } from '../health/read-objects.ts';
import { findBinary } from '../local/place.ts';
import { createProgress } from '../terminal/progress.ts';
import type { Terminal } from '../terminal/terminal.ts';

const help = `
Writes one line of JSON for every object: file, status and message; of a file with more
than one object also which object it is. An object of a kind that has no health is Healthy:
it is there, and there is nothing to wait for. A file that cannot be judged is told on
standard error, and the others are judged all the same. A script that fails leaves its
object Unknown.

Examples:
  weir health rollout.yaml
  kubectl get deployments -A -o yaml | weir health -
  weir health --customizations argocd-cm.yaml widget.yaml
${exitCodesHelp}`;

export function registerHealth(program: Command, terminal: Terminal): void {
  program
    .command('health')
    .description('judge the health of the objects in files')
    .argument('<files...>', 'YAML or JSON files with objects; - is standard input')
    .option(
      '--customizations <file>',
      "a file with Argo CD's ConfigMap argocd-cm, for health scripts of yours",
    )
    .addHelpText('after', help)
    .action((files: string[], options: HealthOptions) => runHealth({ files, options, terminal }));
}

interface HealthOptions {
  readonly customizations?: string;
}

interface Run {
  readonly files: readonly string[];
  readonly options: HealthOptions;
  readonly terminal: Terminal;
}

async function runHealth(run: Run): Promise<void> {
  const { customizations } = run.options;
  const scripts =
    customizations === undefined
      ? []
      : await readCustomizations({ path: customizations, stdin: process.stdin });
  const progress = createProgress(run.terminal);
  const judge = createObjectJudge({
    scripts,
    findBinary: () => findBinary('evaluate', (line) => progress.status(line)),
    signal: run.terminal.signal,
  });
  try {
    const failures = await judgeFiles(run, judge);
    if (failures > 0) throw new Exit(exitCodes.failure);
  } finally {
    progress.stop();
    await judge.close();
  }
}

/** How many files could not be judged; each was told. */
async function judgeFiles({ files, terminal }: Run, judge: ObjectJudge): Promise<number> {
  let failures = 0;
  for (const file of files) {
    terminal.signal.throwIfAborted();
    try {
      const objects = await readObjects({ path: file, stdin: process.stdin });
      const healths = await judge.judge(objects);
      const isAlone = objects.length === 1;
      for (const [index, object] of objects.entries())
        terminal.out(`${JSON.stringify(lineOf({ file, object, isAlone, health: healths[index] }))}\n`);
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      failures += 1;
      terminal.err(`${terminal.errColors.red('weir:')} ${showProblem(error.problem)}\n`);
    }
  }
  return failures;
}

interface Judged {
  readonly file: string;
  readonly object: KubeObject;
  readonly isAlone: boolean;
  readonly health: Health | undefined;
}

function lineOf({ file, object, isAlone, health }: Judged): Record<string, string> {
  const { status, message = '' }: Health = health ?? { status: 'Healthy' };
  return { file, status, message, ...(isAlone ? {} : { object: showRef(refOf(object)) }) };
}
