// `npm test`: everything, from a fresh clone. Its last line is `N passed, N failed`; exit code 1 when anything failed.

import { parseArgs } from 'node:util';
import { setup } from './setup.mjs';
import { runSteps, summarize, summarizeFailure } from './steps/run-steps.mjs';
import { checkSteps, clusterSteps, goSteps, unitSteps } from './steps/steps.mjs';

const groups = ['check', 'unit', 'go', 'integration', 'e2e'];

try {
  const wanted = readGroups();
  const ofWanted = (steps) => steps.filter((step) => wanted.includes(step.group));
  const needsBinaries = wanted.includes('integration') || wanted.includes('e2e');
  await setup(needsBinaries ? {} : { native: [], bundle: false });
  // Go and clusters get both cores each: they are what is slow, and clusters have deadlines.
  const light = ofWanted([...unitSteps(), ...checkSteps()]);
  const heavy = ofWanted([...goSteps(), ...clusterSteps()]).map((step) => [step]);
  process.exitCode = summarize(await runSteps({ phases: [light, ...heavy], command: 'test' }));
} catch (error) {
  process.exitCode = summarizeFailure({ name: 'setup', error });
}

function readGroups() {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const wanted = values.only?.split(',') ?? groups;
  const unknown = wanted.find((group) => !groups.includes(group));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: unknown; known are ${groups.join(', ')}`);
  return wanted;
}
