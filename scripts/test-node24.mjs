// `npm run test:node24`: the vitest projects on Node 24, which npm carries as a package; it lies outside of the work tree.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { withLock } from './steps/lock.mjs';
import { cacheDir } from './steps/place.mjs';
import { runAll } from './steps/run-all.mjs';
import { summarize } from './steps/run-steps.mjs';

const wanted = ['unit', 'integration', 'e2e'];
process.exitCode = summarize(await runAll({ wanted, command: 'node24', prepare }));

async function prepare() {
  const node = await ensureNode24();
  // What tests start by `#!/usr/bin/env node` has to be on Node 24 too.
  process.env.PATH = `${dirname(node)}${delimiter}${process.env.PATH}`;
  return node;
}

async function ensureNode24() {
  const directory = join(cacheDir(), 'node24');
  const name = `node-linux-${process.arch}`;
  const node = join(directory, 'node_modules', name, 'bin', 'node');
  return await withLock({ name: directory }, async () => {
    if (!existsSync(node)) {
      process.stderr.write(`setup: npm install ${name}@24 ...\n`);
      mkdirSync(directory, { recursive: true });
      const args = ['install', '--prefix', directory, '--no-save', '--ignore-scripts', `${name}@24`];
      const result = spawnSync('npm', args, { cwd: directory, encoding: 'utf8', timeout: 300_000 });
      if (!existsSync(node)) throw new Error(`npm install ${name}@24 failed:\n${result.stderr}`);
    }
    return node;
  });
}
