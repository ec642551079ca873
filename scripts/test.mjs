// `npm test`: everything, from a fresh clone. Its last line is `N passed, N failed`; exit code 1 when anything failed.

import { parseArgs } from 'node:util';
import { setup } from './setup.mjs';
import { failedOutcome, runSteps, summarize } from './steps/run-steps.mjs';
import { checkSteps, clusterSteps, goSteps, unitSteps } from './steps/steps.mjs';

const groups = ['check', 'unit', 'go', 'integration', 'e2e'];
const command = 'test';

async function main() {
  const outcomes = [];
  try {
    const wanted = readGroups();
    const ofWanted = (steps) => steps.filter((step) => wanted.includes(step.group));
    // First what needs no Go binary: a program that does not build must not hide what the tests say.
    await setup({ native: [], bundle: false });
    outcomes.push(...(await runSteps({ steps: ofWanted([...unitSteps(), ...checkSteps()]), command })));
    // Go and clusters get both cores each: they are what is slow, and clusters have deadlines.
    outcomes.push(...(await runSteps({ steps: ofWanted(goSteps()), width: 1, command })));
    const onClusters = ofWanted(clusterSteps());
    if (onClusters.length > 0) await setup({ bundle: wanted.includes('e2e') });
    outcomes.push(...(await runSteps({ steps: onClusters, width: 1, command })));
  } catch (error) {
    outcomes.push(failedOutcome({ name: 'setup', error }));
  }
  process.exitCode = summarize(outcomes);
}

function readGroups() {
  const { values } = parseArgs({ options: { only: { type: 'string' } } });
  const wanted = values.only?.split(',') ?? groups;
  const unknown = wanted.find((group) => !groups.includes(group));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: unknown; known are ${groups.join(', ')}`);
  return wanted;
}

await main();
