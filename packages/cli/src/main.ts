// The `weir` command: assembles one file per command, runs it, and turns its end into an exit code.

import { showProblem, WeirError } from '@weir/core';
import { Command, CommanderError } from 'commander';
import { isAbortError } from './abort.ts';
import { registerAction } from './commands/action.ts';
import { registerCompletion } from './commands/completion.ts';
import { registerController } from './commands/controller.ts';
import { registerDiff } from './commands/diff.ts';
import { registerDown } from './commands/down.ts';
import { registerEvents } from './commands/events.ts';
import { registerGet } from './commands/get.ts';
import { registerGitNotify } from './commands/git-notify.ts';
import { registerGitServer } from './commands/git-server.ts';
import { registerHealth } from './commands/health.ts';
import { registerReconcile } from './commands/reconcile.ts';
import { registerTree } from './commands/tree.ts';
import { registerUp } from './commands/up.ts';
import { registerVersion } from './commands/version.ts';
import { Exit, exitCodes, exitCodesHelp } from './exit.ts';
import { processTerminal, type Terminal } from './terminal/terminal.ts';

export function createProgram(terminal: Terminal): Command {
  const program = new Command('weir')
    .description('Runs Argo CD and Flux repositories on one engine, across many clusters.')
    .exitOverride()
    .configureOutput({ writeOut: terminal.out, writeErr: terminal.err })
    .showHelpAfterError('(see --help)')
    .addHelpText('after', `${exitCodesHelp}\n\nStart here: weir up`);
  for (const register of [
    registerUp,
    registerDown,
    registerGet,
    registerTree,
    registerDiff,
    registerReconcile,
    registerEvents,
    registerAction,
    registerHealth,
    registerController,
    registerVersion,
    registerCompletion,
    registerGitServer,
    registerGitNotify,
  ])
    register(program, terminal);
  return program;
}

/** Runs the command and sets the process's exit code. */
export async function main(args: readonly string[]): Promise<void> {
  const interrupt = new AbortController();
  const onSignal = (): void => {
    // The second one does not wait for anything.
    if (interrupt.signal.aborted) process.exit(exitCodes.interrupted);
    interrupt.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  // A reader that has seen enough (`weir get | head`) is no failure.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(exitCodes.ok);
  });
  const terminal = processTerminal(interrupt.signal);
  try {
    await createProgram(terminal).parseAsync([...args], { from: 'user' });
  } catch (error) {
    process.exitCode = reportEnd(error, terminal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** Says why the command ended and returns its exit code. */
export function reportEnd(error: unknown, terminal: Terminal): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  if (error instanceof Exit) {
    if (error.message !== '') say(terminal, error.message);
    return error.code;
  }
  if (terminal.signal.aborted || isAbortError(error)) {
    say(terminal, 'interrupted');
    return exitCodes.interrupted;
  }
  if (error instanceof WeirError) say(terminal, showProblem(error.problem));
  else say(terminal, error instanceof Error ? (error.stack ?? error.message) : String(error));
  return exitCodes.failure;
}

function say(terminal: Terminal, text: string): void {
  terminal.err(`${terminal.errColors.red('weir:')} ${text}\n`);
}
