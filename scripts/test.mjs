// `npm test`: everything, from a fresh clone. Its last line is `N passed, N failed`; exit code 1 when anything failed.

import { parseArgs } from 'node:util';
import { groups, runAll } from './steps/run-all.mjs';
import { summarize } from './steps/run-steps.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const wanted = values.only?.split(',') ?? groups;
const unknown = wanted.filter((group) => !groups.includes(group));
if (unknown.length > 0) {
  process.stderr.write(`--only ${unknown.join(',')}: unknown; known are ${groups.join(', ')}\n`);
  process.exitCode = 2;
} else {
  process.exitCode = summarize(await runAll({ wanted, command: 'test' }));
}
