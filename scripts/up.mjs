// `npm run up`: makes the clone ready, then becomes `weir up` with the same arguments.
// In this very process: so that Ctrl-C, exit codes and a kill reach weir itself.

import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setup } from './setup.mjs';
import { root } from './steps/place.mjs';

try {
  await setup();
  const command = join(root, 'packages/cli/bin/weir.mjs');
  process.argv = [process.argv[0], command, 'up', ...process.argv.slice(2)];
  await import(pathToFileURL(command).href);
} catch (error) {
  process.stderr.write(`up: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
