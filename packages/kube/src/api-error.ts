// What an API server's refusal means: its Status becomes a coded problem; nothing here decides about retries.

import {
  apiVersionOf,
  type ErrorCode,
  isRecord,
  type ObjectRef,
  type ServiceAccountRef,
  showRef,
  userOfServiceAccount,
  WeirError,
} from '@weir/core';

/** A response with a status of 400 or more. */
export class ApiError extends WeirError {
  readonly status: number;
  readonly reason: string;
  /** How long the server asks to be left alone. */
  readonly retryAfterMs: number | undefined;
  /** Paths of the fields that the schema does not have, as the server writes them: `.spec.ports[name="a"].x`. */
  readonly unknownFields: readonly string[];
  /** Reasons of the single causes: `ResourceVersionTooLarge`, `NamespaceTerminating`. */
  readonly causes: readonly string[];
  /** A field that cannot be changed once it is set: the object would have to be made anew. */
  readonly isImmutable: boolean;

  constructor(input: {
    status: number;
    reason: string;
    message: string;
    code: ErrorCode;
    object?: ObjectRef;
    retryAfterMs?: number;
    unknownFields?: readonly string[];
    causes?: readonly string[];
    isImmutable?: boolean;
  }) {
    super({
      code: input.code,
      message: input.message,
      ...(input.object === undefined ? {} : { object: input.object }),
    });
    this.status = input.status;
    this.reason = input.reason;
    this.retryAfterMs = input.retryAfterMs;
    this.unknownFields = input.unknownFields ?? [];
    this.causes = input.causes ?? [];
    this.isImmutable = input.isImmutable ?? false;
  }
}

export function isNotFound(error: unknown): boolean {
  return error instanceof ApiError && error.status === 404;
}

export function isConflict(error: unknown): boolean {
  return error instanceof ApiError && error.status === 409;
}

export function isImmutable(error: unknown): boolean {
  return error instanceof ApiError && error.isImmutable;
}

const codes: Readonly<Record<number, ErrorCode>> = {
  400: 'APPLY_INVALID',
  401: 'CLUSTER_CREDENTIALS_INVALID',
  403: 'APPLY_FORBIDDEN',
  409: 'APPLY_CONFLICT',
  413: 'OBJECT_TOO_LARGE',
  422: 'APPLY_INVALID',
};

interface Refusal {
  readonly status: number;
  readonly said: Status;
  readonly object: ObjectRef | undefined;
  /** As which the request was to be carried out. */
  readonly account: ServiceAccountRef | undefined;
}

/**
 * What a number does not tell, in the order in which it is asked. An API server says these in words only (a 500 without
 * a reason), so here and nowhere else words are matched; the words are those of Kubernetes 1.33 to 1.36.
 */
const meanings: readonly (readonly [ErrorCode, (refusal: Refusal) => boolean])[] = [
  [
    'NAMESPACE_MISSING',
    ({ status, said, object }) =>
      status === 404 && said.kind === 'namespaces' && object !== undefined && object.kind !== 'Namespace',
  ],
  [
    'NAMESPACE_TERMINATING',
    ({ said }) => said.causes.some(({ reason }) => reason === 'NamespaceTerminating'),
  ],
  ['KIND_UNKNOWN', ({ status, said, object }) => status === 404 && !said.isStatus && object !== undefined],
  [
    'API_SERVICE_DOWN',
    ({ status, said, object }) => status === 503 && !said.isStatus && object?.group.includes('.') === true,
  ],
  ['FIELD_UNKNOWN', ({ said }) => unknownFieldsIn(said.message).length > 0],
  ['OBJECT_TOO_LARGE', ({ status, said }) => status !== 413 && isTooLarge(said)],
  [
    'IMPERSONATION_FORBIDDEN',
    ({ status, said, account }) =>
      status === 403 && account !== undefined && / cannot impersonate[-:\w]* resource /.test(said.message),
  ],
  ['ADMISSION_DENIED', ({ said }) => / denied (the )?request/.test(said.message)],
  [
    'ADMISSION_UNAVAILABLE',
    ({ status, said }) =>
      status >= 500 && /failed calling webhook |conversion webhook for .* failed/.test(said.message),
  ],
  ['APPLY_INVALID', ({ status, said }) => status === 500 && invalidWords.test(said.message)],
];

/** Server-side apply answers 500 where the object does not fit the types of its kind. */
const invalidWords = /failed to create typed patch object|unable to convert unstructured object/;

/** Every kind says it in its own words; there is no reason or code for it (fluxcd/pkg `ssa` matches words too). */
const immutableWords =
  /immutable|updates to statefulset spec for fields other than|may not (be changed|change once set)|cannot be changed/i;

/** A whole object or all its annotations; other fields that are too long have names of their own. */
function isTooLarge({ message, causes }: Status): boolean {
  if (message.includes('etcdserver: request is too large')) return true;
  return causes.some(
    ({ reason, field }) =>
      reason === 'FieldValueTooLong' && ['', '[]', 'data', 'metadata.annotations'].includes(field),
  );
}

/** Each stands at the end of the message or on a line of its own. Bound: as many as there are lines in 2,000 characters. */
function unknownFieldsIn(message: string): string[] {
  return [...message.matchAll(/(?:^|: |\n\s*)(\..+): field not declared in schema(?=\n|$)/g)].map(
    ([, path = '']) => path,
  );
}

/** What helps, where the words of the server do not say so. */
function hintFor(code: ErrorCode, object: ObjectRef | undefined): string {
  if (code === 'OBJECT_TOO_LARGE') return '; split it, or keep the data outside of the cluster';
  if (code === 'ADMISSION_UNAVAILABLE') return '; look at what serves that webhook, it is tried again';
  if (code === 'FIELD_UNKNOWN') return '; remove the field, or install a version of the kind that has it';
  if (code !== 'API_SERVICE_DOWN' || object === undefined) return '';
  return `; look at the APIService ${object.version}.${object.group} and what is behind it, it is tried again`;
}

/** Turns a refused request into its error. `what` is the object or path that was asked for. */
export function apiErrorOf(input: {
  status: number;
  body: string;
  what: string;
  object?: ObjectRef;
  account?: ServiceAccountRef;
  retryAfterMs?: number;
}): ApiError {
  const { status, object, account } = input;
  const said = parseStatus(input.body);
  const refusal = { status, said, object, account };
  const code = meanings.find(([, isMeant]) => isMeant(refusal))?.[0] ?? codes[status] ?? 'APPLY_FAILED';
  const isWithheld = isSecret(object) && quotesValues.has(status);
  return new ApiError({
    status,
    reason: said.reason,
    code,
    message: messageOf({ ...refusal, what: input.what, code, isWithheld }),
    causes: said.causes.map(({ reason }) => reason),
    isImmutable: status === 422 && immutableWords.test(said.message),
    unknownFields: unknownFieldsIn(said.message),
    ...(object === undefined ? {} : { object }),
    ...(input.retryAfterMs === undefined ? {} : { retryAfterMs: input.retryAfterMs }),
  });
}

function messageOf(of: Refusal & { what: string; code: ErrorCode; isWithheld: boolean }): string {
  const { status, said, object, code } = of;
  const subject = object === undefined ? of.what : showRef(object);
  if (of.isWithheld) return `${subject}: ${withheld(said)}`;
  if (code === 'KIND_UNKNOWN' && object !== undefined)
    return `${subject}: the cluster serves no ${object.kind} in ${apiVersionOf(object)}; expected its CustomResourceDefinition to be installed`;
  const words = said.message === '' ? `the API server answered ${status}` : said.message.trim();
  return `${subject}: ${words}${accountHint(of)}${hintFor(code, object)}`;
}

/** The server names the user and the right that is missing; not that this is an account, or to whom to give what. */
function accountHint({ said, account, code }: Refusal & { code: ErrorCode }): string {
  if (account === undefined) return '';
  const shown = `service account ${account.namespace}/${account.name}`;
  if (code === 'IMPERSONATION_FORBIDDEN')
    return `; the delivery acts as ${shown}: grant weir the verb impersonate on serviceaccounts in this cluster`;
  const isRightMissing =
    code === 'APPLY_FORBIDDEN' && said.message.includes(`"${userOfServiceAccount(account)}" cannot `);
  return isRightMissing
    ? `; the delivery acts as ${shown}: grant that account the right, by a Role or ClusterRole`
    : '';
}

function isSecret(object: ObjectRef | undefined): boolean {
  return object?.kind === 'Secret' && object.group === '';
}

/** With these an API server quotes what it could not take ("expected string, got 1234"). */
const quotesValues: ReadonlySet<number> = new Set([400, 422, 500]);

/** What may be told of a refused Secret: the fields that the server names, never its words about them. */
function withheld({ causes, message }: Status): string {
  const unknown = unknownFieldsIn(message).map((path) => `${path}: field not declared in schema`);
  const fields = [...causes.map(({ field, reason }) => `${field}: ${reason}`), ...unknown];
  const named = fields.length === 0 ? '' : ` (${fields.join(', ')})`;
  return `the API server refuses it as invalid${named}; expected every value of data to be a text in base64. Its words are withheld, since they may quote the Secret`;
}

interface Status {
  readonly isStatus: boolean;
  readonly reason: string;
  readonly message: string;
  readonly kind: string;
  readonly causes: readonly { readonly field: string; readonly reason: string }[];
}

/** Causes that are read; an object may be wrong in many places. */
const maxCauses = 10;

function parseStatus(body: string): Status {
  try {
    const parsed: unknown = JSON.parse(body);
    if (isRecord(parsed)) {
      const details = isRecord(parsed.details) ? parsed.details : {};
      const causes = Array.isArray(details.causes) ? details.causes.filter(isRecord) : [];
      return {
        isStatus: true,
        reason: String(parsed.reason ?? ''),
        message: String(parsed.message ?? '').slice(0, 2000),
        kind: String(details.kind ?? ''),
        causes: causes
          .slice(0, maxCauses)
          .map(({ field, reason }) => ({ field: String(field ?? ''), reason: String(reason ?? '') })),
      };
    }
  } catch {
    // A proxy's page or plain text: shown as it is.
  }
  return { isStatus: false, reason: '', message: body.slice(0, 300), kind: '', causes: [] };
}
