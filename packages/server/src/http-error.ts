// Decides what an error of the HTTP API looks like: a status, and a JSON body with a code and a message.
// It never shows the inside of a defect.

export class HttpError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.name = 'HttpError';
    this.status = status;
    this.code = code;
  }
}

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string };
}

/** The answer to whatever was thrown: by a handler, by the body parser, or by a defect. */
export function answerOf(error: unknown): { readonly status: number; readonly body: ErrorBody } {
  const answer = (status: number, code: string, message: string) => ({
    status,
    body: { error: { code, message } },
  });
  if (error instanceof HttpError) return answer(error.status, error.code, error.message);
  const status = statusOf(error);
  if (status === 413) return answer(413, 'PAYLOAD_TOO_LARGE', 'The request body is larger than allowed');
  if (status !== undefined && status >= 400 && status < 500) {
    return answer(status, 'REQUEST_INVALID', 'The request cannot be understood');
  }
  return answer(500, 'INTERNAL', 'Weir failed in an unexpected way; the log says more');
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
