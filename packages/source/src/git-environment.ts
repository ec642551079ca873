// Decides what a git process may see: its environment, its fixed configuration, and how credentials reach it.
// It never puts a credential into an argument, a URL or a file; only a CA bundle, which is public, is written.

import type { RepositoryUrl } from './git-url.ts';

/** A token wins over a user name; both go only to the host of the URL. */
export interface GitCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly bearerToken?: string;
  /** PEM certificates to trust instead of the system's. */
  readonly caBundle?: string;
}

/** A key and a value of git's configuration that is valid for one process. */
export type GitSetting = readonly [key: string, value: string];

/** In front of every command: no helper programs of the transport, no hooks, no housekeeping behind our back. */
export const fixedArguments: readonly string[] = [
  '-c',
  'protocol.ext.allow=never',
  '-c',
  'core.hooksPath=/dev/null',
  '-c',
  'gc.auto=0',
  '-c',
  'maintenance.auto=false',
  '-c',
  'advice.fetchShowForcedUpdates=false',
];

/** Needed to leave a closed network or to trust its certificates; nothing else is inherited. */
const INHERITED = [
  'PATH',
  'TMPDIR',
  'http_proxy',
  'https_proxy',
  'HTTPS_PROXY',
  'all_proxy',
  'ALL_PROXY',
  'no_proxy',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

export function gitEnvironment(settings: readonly GitSetting[]): Record<string, string> {
  const env: Record<string, string> = {
    PATH: '/usr/local/bin:/usr/bin:/bin',
    // No ~/.netrc, no ~/.gitconfig.
    HOME: '/dev/null',
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_ALLOW_PROTOCOL: 'http:https:file',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_CONFIG_COUNT: String(settings.length),
  };
  for (const name of INHERITED) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  settings.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  return env;
}

/** The settings for talking to one repository. `caFile` holds the CA bundle when there is one. */
export function transportSettings(
  repository: RepositoryUrl,
  credentials: GitCredentials | undefined,
  caFile: string | undefined,
): readonly GitSetting[] {
  // A repository in the file system may belong to another user; it is only read.
  if (repository.origin === '') return [['safe.directory', '*']];
  const settings: GitSetting[] = [];
  const header = authorizationOf(credentials);
  if (header !== undefined) {
    settings.push([`http.${repository.origin}/.extraHeader`, `Authorization: ${header}`]);
    // git would send the header on to whichever host a redirect names; redirects are followed by weir, see redirect.ts.
    settings.push(['http.followRedirects', 'false']);
  }
  if (caFile !== undefined) settings.push(['http.sslCAInfo', caFile]);
  return settings;
}

/** The value of the header `Authorization`. */
export function authorizationOf(credentials: GitCredentials | undefined): string | undefined {
  if (credentials?.bearerToken !== undefined) return `Bearer ${credentials.bearerToken}`;
  if (credentials?.username === undefined && credentials?.password === undefined) return undefined;
  const pair = `${credentials.username ?? ''}:${credentials.password ?? ''}`;
  return `Basic ${Buffer.from(pair).toString('base64')}`;
}

/** Every spelling of the secrets that could turn up in what git prints. */
export function secretsOf(credentials: GitCredentials | undefined): readonly string[] {
  if (credentials === undefined) return [];
  const { password, bearerToken } = credentials;
  const header = authorizationOf(credentials)?.replace(/^\w+ /, '');
  const given = [password, bearerToken, header].filter(
    (text): text is string => text !== undefined && text !== '',
  );
  return given.flatMap((text) => [text, encodeURIComponent(text)]);
}
