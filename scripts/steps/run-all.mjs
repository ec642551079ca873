// All groups of steps, in the order in which they say most for their time. One that cannot be prepared is a failure.

import { setup } from '../setup.mjs';
import { failedOutcome, runSteps } from './run-steps.mjs';
import { checkSteps, clusterSteps, goSteps, unitSteps } from './steps.mjs';

export const groups = ['check', 'unit', 'go', 'integration', 'e2e'];

/** `prepare` may answer with the path of another Node for the vitest projects. */
export async function runAll({ wanted = groups, command, prepare = async () => undefined }) {
  const outcomes = [];
  const run = async (steps, width) => {
    const asked = steps.filter((step) => wanted.includes(step.group));
    outcomes.push(...(await runSteps({ steps: asked, width, command })));
  };
  try {
    // First what needs no Go binary: a program that does not build must not hide what the tests say.
    await setup({ native: [], bundle: false });
    const node = await prepare();
    await run([...unitSteps({ node }), ...checkSteps()], 2);
    // Go and clusters get both cores each: they are what is slow, and clusters have deadlines.
    await run(goSteps(), 1);
    const needsClusters = wanted.includes('integration') || wanted.includes('e2e');
    if (needsClusters) await setup({ bundle: wanted.includes('e2e') });
    await run(clusterSteps({ node }), 1);
  } catch (error) {
    outcomes.push(failedOutcome({ name: 'setup', error }));
  }
  return outcomes;
}
