// Decides where a repository moved that its server redirects, so that credentials go only to the host they are for.
// It never follows a redirect to another host or from https to http.

import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { authorizationOf, type GitCredentials } from './git-environment.ts';
import { parseRepositoryUrl, type RepositoryUrl } from './git-url.ts';

const SERVICE = '/info/refs?service=git-upload-pack';
const MAX_HOPS = 5;
const TIMEOUT_MS = 10_000;

/** Undefined when the server does not redirect. */
export async function findMoved(
  repository: RepositoryUrl,
  credentials: GitCredentials,
  signal: AbortSignal,
): Promise<RepositoryUrl | 'elsewhere' | undefined> {
  let at = repository;
  for (let hop = 0; hop < MAX_HOPS; hop += 1) {
    const location = await locationOf(`${at.url}${SERVICE}`, credentials, signal);
    if (location === undefined) break;
    const target = parseTarget(location, at);
    if (target === undefined || !isSameHost(at, target)) return 'elsewhere';
    at = target;
  }
  return at === repository ? undefined : at;
}

function parseTarget(location: string, from: RepositoryUrl): RepositoryUrl | undefined {
  try {
    const parsed = parseRepositoryUrl(new URL(location, `${from.url}${SERVICE}`).href.replace(SERVICE, ''));
    return parsed.ok ? parsed.value : undefined;
  } catch {
    return undefined;
  }
}

function isSameHost(from: RepositoryUrl, to: RepositoryUrl): boolean {
  if (from.origin === to.origin) return true;
  const [a, b] = [new URL(from.url), new URL(to.url)];
  return a.hostname === b.hostname && a.protocol === 'http:' && b.protocol === 'https:' && b.port === '';
}

/** The target of a redirect; undefined for every other answer, and for none. */
function locationOf(
  url: string,
  credentials: GitCredentials,
  signal: AbortSignal,
): Promise<string | undefined> {
  const authorization = authorizationOf(credentials);
  const options = {
    headers: { ...(authorization === undefined ? {} : { authorization }), 'user-agent': 'git/weir' },
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
    ...(credentials.caBundle === undefined ? {} : { ca: credentials.caBundle }),
  };
  return new Promise((done) => {
    const request = (url.startsWith('https:') ? requestHttps : requestHttp)(url, options, (response) => {
      const isRedirect = [301, 302, 303, 307, 308].includes(response.statusCode ?? 0);
      done(isRedirect ? response.headers.location : undefined);
      response.destroy();
    });
    request.on('error', () => done(undefined));
    request.end();
  });
}
