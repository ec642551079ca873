// `weir version`: which build this is, and on request which Kubernetes the hub runs.

import type { Command } from 'commander';
import { exitCodesHelp } from '../exit.ts';
import { type HubOptions, withHub, withHubOptions } from '../hub/open.ts';
import { parseFormat, toData } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';

export const weirVersion = '0.1.0';

interface VersionOptions extends HubOptions {
  readonly hub?: boolean;
  readonly output?: string;
}

export function registerVersion(program: Command, terminal: Terminal): void {
  withHubOptions(program.command('version'))
    .description('show the version of weir')
    .option('--hub', "also ask the hub for Kubernetes' version")
    .option('-o, --output <format>', 'json or yaml')
    .addHelpText('after', `\nExamples:\n  weir version\n  weir version --hub -o json\n${exitCodesHelp}`)
    .action(async (options: VersionOptions) => {
      const format = parseFormat(options.output, ['json', 'yaml']);
      const facts: Record<string, string> = { weir: weirVersion, node: process.versions.node };
      if (options.hub === true)
        await withHub(options, async (hub) => {
          facts.hub = hub.access.server;
          facts.kubernetes = (await hub.client.version()).gitVersion;
        });
      if (format === 'json' || format === 'yaml') terminal.out(toData(facts, format));
      else
        terminal.out(
          Object.entries(facts)
            .map(([name, value]) => `${name.padEnd(11)}${value}\n`)
            .join(''),
        );
    });
}
