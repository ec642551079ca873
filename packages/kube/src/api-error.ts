// What an API server's refusal means: its Status becomes a coded problem; nothing here decides about retries.

import { type ErrorCode, isRecord, type ObjectRef, showRef, WeirError } from '@weir/core';

/** A response with a status of 400 or more. */
export class ApiError extends WeirError {
  readonly status: number;
  readonly reason: string;

  constructor(input: {
    status: number;
    reason: string;
    message: string;
    code: ErrorCode;
    object?: ObjectRef;
  }) {
    super({
      code: input.code,
      message: input.message,
      ...(input.object === undefined ? {} : { object: input.object }),
    });
    this.status = input.status;
    this.reason = input.reason;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'APPLY_INVALID',
  401: 'CLUSTER_CREDENTIALS_INVALID',
  403: 'APPLY_FORBIDDEN',
  409: 'APPLY_CONFLICT',
  413: 'APPLY_INVALID',
  422: 'APPLY_INVALID',
};

/** Turns a refused request into its error. `what` is the object or path that was asked for. */
export function apiErrorOf(input: {
  status: number;
  body: string;
  what: string;
  object?: ObjectRef;
}): ApiError {
  const status = parseStatus(input.body);
  const missingNamespace =
    input.status === 404 && status.kind === 'namespaces' && input.object?.kind !== 'Namespace';
  const code = missingNamespace ? 'NAMESPACE_MISSING' : (codes[input.status] ?? 'APPLY_FAILED');
  const subject = input.object === undefined ? input.what : showRef(input.object);
  const said = isSecret(input.object) && quotesValues.has(input.status) ? withheld(status) : status.message;
  return new ApiError({
    status: input.status,
    reason: status.reason,
    code,
    message: `${subject}: ${said === '' ? `the API server answered ${input.status}` : said}`,
    ...(input.object === undefined ? {} : { object: input.object }),
  });
}

function isSecret(object: ObjectRef | undefined): boolean {
  return object?.kind === 'Secret' && object.group === '';
}

/** With these an API server quotes what it could not take ("expected string, got 1234"). */
const quotesValues: ReadonlySet<number> = new Set([400, 422, 500]);

/** What may be told of a refused Secret: the fields that the server names, never its words about them. */
function withheld({ fields }: Status): string {
  const named = fields.length === 0 ? '' : ` (${fields.join(', ')})`;
  return `the API server refuses it as invalid${named}; expected every value of data to be a text in base64. Its words are withheld, since they may quote the Secret`;
}

interface Status {
  readonly reason: string;
  readonly message: string;
  readonly kind: string;
  /** `data[tls.key]: FieldValueRequired` */
  readonly fields: readonly string[];
}

function parseStatus(body: string): Status {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isRecord(parsed)) {
      const details = isRecord(parsed.details) ? parsed.details : {};
      const causes = Array.isArray(details.causes) ? details.causes.filter(isRecord) : [];
      return {
        reason: String(parsed.reason ?? ''),
        message: String(parsed.message ?? '').slice(0, 2000),
        kind: String(details.kind ?? ''),
        fields: causes.slice(0, 10).map(({ field, reason }) => `${field ?? ''}: ${reason ?? ''}`),
      };
    }
  } catch {
    // A proxy's page or plain text: shown as it is.
  }
  return { reason: '', message: body.slice(0, 300), kind: '', fields: [] };
}
