// The faults that can be injected, as data, and which requests each concerns. It injects none.

export type Fault =
  /** The request waits so long before it is forwarded; the jitter comes on top, evenly drawn. */
  | { readonly kind: 'latency'; readonly ms: number; readonly jitterMs?: number }
  /** The connection is reset (all streams of it): before the request is forwarded, before its answer, or halfway through. */
  | { readonly kind: 'reset'; readonly at: 'request' | 'answer' | 'body' }
  /** Nothing ever comes back; with `answer` the server has executed the request. */
  | { readonly kind: 'half-open'; readonly at: 'request' | 'answer' }
  /** A Status in the place of the server's answer; `executed`: the server has done what it was asked all the same. */
  | {
      readonly kind: 'answer';
      readonly status: AnswerStatus;
      readonly retryAfterSeconds?: number;
      readonly executed?: true;
    }
  /** The Date header is wrong by so much. */
  | { readonly kind: 'clock-skew'; readonly seconds: number }
  | WatchFault;

/** Drawn for each event of a watch, and once for each open watch when the rules are set. */
export type WatchFault =
  /** Half an event, then the stream ends in order, or the connection is reset. */
  | { readonly kind: 'watch-cut'; readonly by: 'end' | 'reset' }
  /** The event comes twice. */
  | { readonly kind: 'watch-repeat' }
  /** The event changes places with the next one, where that is of another object. */
  | { readonly kind: 'watch-swap' }
  /** An ERROR event with 410, then the end. */
  | { readonly kind: 'watch-expire' }
  /** Bookmarks are swallowed, but the one that ends the initial list; `all`: that one too. */
  | { readonly kind: 'watch-no-bookmarks'; readonly all?: true }
  /** Not a byte any more, and no end, until the rules are set anew. */
  | { readonly kind: 'watch-silence' };

export type AnswerStatus = 401 | 403 | 404 | 409 | 410 | 429 | 500 | 502 | 503 | 504;

/** What is left out fits everything. */
export interface RequestMatch {
  /** As the audit log names them: get, list, watch, create, update, patch, delete. */
  readonly verbs?: readonly string[];
  /** `pods`, `deployments.apps`, `deployments.apps/status`; a path where it is no resource. */
  readonly resources?: readonly string[];
  readonly namespaces?: readonly string[];
  readonly names?: readonly string[];
}

export interface FaultRule {
  readonly fault: Fault;
  readonly match?: RequestMatch;
  /** Of each request or event that matches; 1 by default. */
  readonly probability?: number;
  /** At most so often; without a limit by default. */
  readonly times?: number;
}

/** A request as rules see it. */
export interface RequestInfo {
  readonly verb: string;
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
}

export function isWatchFault(fault: Fault): fault is WatchFault {
  return fault.kind.startsWith('watch-');
}

export function fits(match: RequestMatch | undefined, request: RequestInfo): boolean {
  const has = (wanted: readonly string[] | undefined, value: string | undefined): boolean =>
    wanted === undefined || (value !== undefined && wanted.includes(value));
  return (
    has(match?.verbs, request.verb) &&
    has(match?.resources, request.resource) &&
    has(match?.namespaces, request.namespace) &&
    has(match?.names, request.name)
  );
}

/** `reset answer`, `answer 429 executed`, `watch-cut end`: the key of the counters. */
export function showFault(fault: Fault): string {
  switch (fault.kind) {
    case 'reset':
    case 'half-open':
      return `${fault.kind} ${fault.at}`;
    case 'answer':
      return `answer ${fault.status}${fault.executed === true ? ' executed' : ''}`;
    case 'watch-cut':
      return `watch-cut ${fault.by}`;
    default:
      return fault.kind;
  }
}

export function showRequest({ verb, resource, namespace, name }: RequestInfo): string {
  const place = [namespace, name].filter((part) => part !== undefined).join('/');
  return `${verb} ${resource}${place === '' ? '' : ` ${place}`}`;
}

const verbsOfMethods: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Reads a request as the API server does; `path` with its query. */
export function readRequest(method: string, path: string): RequestInfo {
  const url = new URL(path, 'https://cluster.invalid');
  const parts = url.pathname.split('/').filter((part) => part !== '');
  const group = parts[0] === 'apis' ? parts[1] : '';
  const rest = parts.slice(parts[0] === 'apis' ? 3 : 2);
  if (!['api', 'apis'].includes(parts[0] ?? '') || rest.length === 0 || group === undefined)
    return { verb: method.toLowerCase(), resource: url.pathname, namespace: undefined, name: undefined };
  // /namespaces/x and /namespaces/x/status are about the namespace, /namespaces/x/pods about what is in it.
  const isInNamespace =
    rest[0] === 'namespaces' && rest.length > 2 && !['status', 'finalize'].includes(rest[2] ?? '');
  const [plural = '', name, subresource] = isInNamespace ? rest.slice(2) : rest;
  return {
    verb: verbOf(method, { url, name }),
    resource: `${plural}${group === '' ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`,
    namespace: isInNamespace ? rest[1] : undefined,
    name,
  };
}

function verbOf(method: string, of: { url: URL; name: string | undefined }): string {
  if (method === 'DELETE' && of.name === undefined) return 'deletecollection';
  if (method !== 'GET') return verbsOfMethods[method] ?? method.toLowerCase();
  const watch = of.url.searchParams.get('watch');
  if (watch !== null && watch !== 'false' && watch !== '0') return 'watch';
  return of.name === undefined ? 'list' : 'get';
}
