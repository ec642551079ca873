// `npm run generate`: writes the files that are made from code: docs/errors.md and the CRDs in deploy/crds.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { setup } from './setup.mjs';
import { root } from './steps/place.mjs';

/** TypeScript of ours, as a module that this plain script can call. */
async function load(source) {
  const { build } = await import('esbuild');
  const directory = mkdtempSync(join(root, 'node_modules', '.weir-generate-'));
  try {
    const outfile = join(directory, 'module.mjs');
    await build({
      absWorkingDir: root,
      stdin: { contents: source, resolveDir: root, loader: 'ts' },
      outfile,
      bundle: true,
      platform: 'node',
      format: 'esm',
    });
    return await import(pathToFileURL(outfile).href);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

try {
  await setup({ native: [], bundle: false });
  const { showErrorsDoc, errorCatalogue } = await load(
    "export { showErrorsDoc } from './scripts/errors-doc.ts';\n" +
      "export { errorCatalogue } from './packages/core/src/errors.ts';",
  );
  writeFileSync(join(root, 'docs/errors.md'), showErrorsDoc(errorCatalogue));
  process.stderr.write('generate: docs/errors.md\n');
  const args = [join(root, 'scripts/generate-crds.mjs')];
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
} catch (error) {
  process.stderr.write(`generate: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
