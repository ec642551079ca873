// `weir health`: how the objects of files are, by what their own status says. It asks no cluster and writes to none.

import {
  type Health,
  judgeHealth,
  type KubeObject,
  refOf,
  showProblem,
  showRef,
  WeirError,
} from '@weir/core';
import type { Command } from 'commander';
import { Exit, exitCodes, exitCodesHelp } from '../exit.ts';
import { readObjects } from '../health/read-objects.ts';
import type { Terminal } from '../terminal/terminal.ts';

const help = `
Writes one line of JSON for every object: file, status and message; of a file with more
than one object also which object it is. An object of a kind that has no health is Healthy:
it is there, and there is nothing to wait for. A file that cannot be judged is told on
standard error, and the others are judged all the same.

Examples:
  weir health rollout.yaml
  kubectl get deployments -A -o yaml | weir health -
${exitCodesHelp}`;

export function registerHealth(program: Command, terminal: Terminal): void {
  program
    .command('health')
    .description('judge the health of the objects in files')
    .argument('<files...>', 'YAML or JSON files with objects; - is standard input')
    .addHelpText('after', help)
    .action((files: string[]) => runHealth(files, terminal));
}

async function runHealth(files: readonly string[], terminal: Terminal): Promise<void> {
  let failures = 0;
  for (const file of files) {
    terminal.signal.throwIfAborted();
    try {
      const objects = await readObjects({ path: file, stdin: process.stdin });
      for (const object of objects)
        terminal.out(`${JSON.stringify(lineOf({ file, object, isAlone: objects.length === 1 }))}\n`);
    } catch (error) {
      if (!(error instanceof WeirError)) throw error;
      failures += 1;
      terminal.err(`${terminal.errColors.red('weir:')} ${showProblem(error.problem)}\n`);
    }
  }
  if (failures > 0) throw new Exit(exitCodes.failure);
}

interface Judged {
  readonly file: string;
  readonly object: KubeObject;
  readonly isAlone: boolean;
}

function lineOf({ file, object, isAlone }: Judged): Record<string, string> {
  const { status, message = '' }: Health = judgeHealth(object) ?? { status: 'Healthy' };
  return { file, status, message, ...(isAlone ? {} : { object: showRef(refOf(object)) }) };
}
