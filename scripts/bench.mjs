// `npm run bench`: makes the clone ready, bundles bench/main.ts and runs it with the same arguments.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { bundle } from './build.mjs';
import { buildNative } from './build-native.mjs';
import { setup } from './setup.mjs';
import { buildBenchFloor } from './steps/bench-floor.mjs';
import { root } from './steps/place.mjs';

try {
  await setup();
  const output = join(root, 'bench/dist/main.mjs');
  await bundle({ entry: join(root, 'bench/main.ts'), output });
  // The bundle lies elsewhere than its sources, so it is told where the programs are.
  const env = {
    ...process.env,
    WEIR_LOCALKUBE: (await buildNative('localkube')).path,
    WEIR_RENDER: (await buildNative('render')).path,
    WEIR_BENCH_FLOOR: await buildBenchFloor(),
  };
  const args = ['--enable-source-maps', output, ...process.argv.slice(2)];
  process.exitCode = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', env }).status ?? 1;
} catch (error) {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
