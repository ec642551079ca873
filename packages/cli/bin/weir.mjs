#!/usr/bin/env node
// Starts the bundled command, and says what to do when the bundle is missing or older than the sources.

import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const bundle = join(dirname(fileURLToPath(import.meta.url)), '../dist/weir.mjs');
const packages = join(dirname(fileURLToPath(import.meta.url)), '../..');

if (!existsSync(bundle)) {
  console.error('weir: the command is not built yet; run: npm run setup');
  process.exit(1);
}
// Processes that weir starts itself are of the same build as the one that started them.
if (process.env.WEIR_CHILD === undefined && isOlder())
  console.error('weir: the sources are newer than the built command; run: npm run setup');
const { main } = await import('../dist/weir.mjs');
await main(process.argv.slice(2));

function isOlder() {
  const built = statSync(bundle).mtimeMs;
  return readdirSync(packages, { withFileTypes: true }).some((entry) => {
    const sources = join(packages, entry.name, 'src');
    return entry.isDirectory() && existsSync(sources) && holdsNewer(sources, built);
  });
}

function holdsNewer(directory, built) {
  return readdirSync(directory, { withFileTypes: true }).some((entry) => {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) return entry.name !== 'testdata' && holdsNewer(path, built);
    return entry.name.endsWith('.ts') && !entry.name.endsWith('.test.ts') && statSync(path).mtimeMs > built;
  });
}
