// The one pool of evaluators of the controller, started when something is to be evaluated first: most fleets need none.
// It evaluates nothing itself.

import { createEvaluators, type Evaluators } from '@weir/upstream';

export interface Evaluation {
  /** Throws where there is no binary; the next call looks for it again. */
  open(): Promise<Evaluators>;
  close(): Promise<void>;
}

/** Two processes at most: one that a script holds up must not keep all others waiting. */
export function createEvaluation(findBinary: () => Promise<string>): Evaluation {
  let evaluators: Promise<Evaluators> | undefined;
  return {
    open: () => {
      evaluators ??= findBinary().then(
        (binary) => createEvaluators({ binary, size: 2 }),
        (error: unknown) => {
          evaluators = undefined;
          throw error;
        },
      );
      return evaluators;
    },
    close: async () => (await evaluators?.catch(() => undefined))?.close(),
  };
}
