// `weir git-server` (hidden): the Git server that `weir up` keeps running on loopback for its example repositories.

import { startGitServer } from '@weir/testkit';
import type { Command } from 'commander';
import type { Terminal } from '../terminal/terminal.ts';

interface GitServerOptions {
  readonly dir: string;
  readonly port: string;
}

export function registerGitServer(program: Command, terminal: Terminal): void {
  program
    .command('git-server', { hidden: true })
    .description('serve the bare repositories of a directory on loopback, pushes included')
    .requiredOption('--dir <dir>', 'where the bare repositories lie')
    .requiredOption('--port <port>', 'port on 127.0.0.1')
    .action(async (options: GitServerOptions) => {
      const server = await startGitServer({ dir: options.dir, port: Number(options.port) });
      terminal.err(`git server ready on ${server.url}\n`);
      await new Promise<void>((done) => {
        terminal.signal.addEventListener('abort', () => done(), { once: true });
      });
      await server.stop();
    });
}
