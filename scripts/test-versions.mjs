// `npm run test:versions`: the integration tests on the older Kubernetes versions that are supported, which the local API
// server emulates. The newest is what `npm test` runs on.

import { setup } from './setup.mjs';
import { failedOutcome, runSteps, summarize } from './steps/run-steps.mjs';
import { versionSteps } from './steps/steps.mjs';

try {
  await setup({ bundle: false });
  process.exitCode = summarize(await runSteps({ steps: versionSteps(), width: 1, command: 'versions' }));
} catch (error) {
  process.exitCode = summarize([failedOutcome({ name: 'setup', error })]);
}
