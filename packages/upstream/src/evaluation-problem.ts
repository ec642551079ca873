// The catalogue's word for each failure of the evaluate binary; it never changes the message.

import type { ErrorCode, Problem } from '@weir/core';
import type { EvaluationErrorCode, EvaluationFailure } from './evaluation-messages.ts';

const codes: Readonly<Record<EvaluationErrorCode, ErrorCode>> = {
  EVALUATION_ABORTED: 'EVALUATION_BUSY',
  EVALUATION_CLOSED: 'EVALUATION_BUSY',
  EVALUATION_CRASHED: 'EVALUATION_CRASHED',
  EVALUATION_FAILED: 'EVALUATION_FAILED',
  EVALUATION_INVALID: 'EVALUATION_INVALID',
  EVALUATION_MEMORY: 'EVALUATION_MEMORY',
  EVALUATION_PROTOCOL_MISMATCH: 'EVALUATION_PROTOCOL',
  EVALUATION_QUEUE_FULL: 'EVALUATION_BUSY',
  EVALUATION_START_FAILED: 'EVALUATION_CRASHED',
  EVALUATION_TIMEOUT: 'EVALUATION_TIMEOUT',
  EVALUATOR_PANICKED: 'EVALUATION_CRASHED',
  FRAME_INVALID: 'INTERNAL',
  FRAME_TOO_LARGE: 'EVALUATION_TOO_LARGE',
  METHOD_UNKNOWN: 'EVALUATION_PROTOCOL',
  OUTPUT_TOO_LARGE: 'EVALUATION_TOO_LARGE',
  PARAMS_INVALID: 'INTERNAL',
};

export function evaluationProblem({ code, message }: EvaluationFailure): Problem {
  return { code: codes[code], message };
}
