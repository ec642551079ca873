// `npm run check`: types, lint and format, dead code, unit and architecture tests. Seconds, no Go, no cluster.

import { setup } from './setup.mjs';
import { failedOutcome, runSteps, summarize } from './steps/run-steps.mjs';
import { checkSteps, unitSteps } from './steps/steps.mjs';

try {
  await setup({ native: [], bundle: false });
  process.exitCode = summarize(
    await runSteps({ steps: [...unitSteps(), ...checkSteps()], command: 'check' }),
  );
} catch (error) {
  process.exitCode = summarize([failedOutcome({ name: 'setup', error })]);
}
