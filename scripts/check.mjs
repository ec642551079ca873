// `npm run check`: types, lint and format, dead code, unit and architecture tests. Seconds, no Go, no cluster.

import { setup } from './setup.mjs';
import { runSteps, summarize, summarizeFailure } from './steps/run-steps.mjs';
import { checkSteps, unitSteps } from './steps/steps.mjs';

try {
  await setup({ native: [], bundle: false });
  process.exitCode = summarize(
    await runSteps({ phases: [[...unitSteps(), ...checkSteps()]], command: 'check' }),
  );
} catch (error) {
  process.exitCode = summarizeFailure({ name: 'setup', error });
}
