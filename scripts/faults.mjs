// `npm run faults -- --runs 200 --seed 7`: the fault loop for longer than `npm test` runs it, say every night.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setup } from './setup.mjs';
import { root } from './steps/place.mjs';

const help = `npm run faults -- [--runs N] [--seed N] [--first N]

  --runs N    how many runs (200)
  --seed N    what all chances follow from (a new one each time; it is printed)
  --first N   number of the first run (1); with the seed of a failed run it repeats that one

What failed is kept in weir-fault-failures, in the directory for temporary files.`;

function numberOf(name, text) {
  if (/^\d{1,9}$/.test(text)) return text;
  throw new Error(`--${name} ${text}: expected a whole number`);
}

try {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '200' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      first: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) process.stdout.write(`${help}\n`);
  else {
    const env = { ...process.env };
    for (const name of ['runs', 'seed', 'first'])
      env[`WEIR_FAULT_${name.toUpperCase()}`] = numberOf(name, values[name]);
    await setup();
    const vitest = join(root, 'node_modules/vitest/vitest.mjs');
    const args = [vitest, 'run', '--project', 'integration', 'test/faults'];
    process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1;
  }
} catch (error) {
  process.stderr.write(`faults: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 2;
}
