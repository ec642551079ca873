// Decides which repository URLs are accepted, which of them mean the same repository, and the key of its mirror.
// It never talks to a server, and never repeats user info of a URL in a message.

import { createHash } from 'node:crypto';
import { failed, ok, type Problem, type Result } from '@weir/core';

export interface RepositoryUrl {
  /** As given to git: no user info, no query, no trailing slash. */
  readonly url: string;
  /** Equal for all spellings of one repository: lower-case host, no `.git`, no trailing slash. */
  readonly identity: string;
  /** The first 16 hex digits of the sha256 of `identity`: names the folders of its mirror and snapshots. */
  readonly key: string;
  /** `https://host:port`, the scope of credentials; '' for files. */
  readonly origin: string;
}

const PROTOCOLS: ReadonlySet<string> = new Set(['http:', 'https:', 'file:']);

/** Fails with GIT_URL_INVALID. */
export function parseRepositoryUrl(input: string): Result<RepositoryUrl> {
  const refuse = (reason: string): Result<RepositoryUrl> => {
    const problem: Problem = { code: 'GIT_URL_INVALID', message: `Repository URL ${reason}` };
    return failed(problem);
  };
  // A control character would let a URL end a line of a configuration value or a log.
  if (/[\p{Cc}\s]/u.test(input)) return refuse('contains white space or control characters');
  let parsed: URL;
  try {
    parsed = new URL(input);
  } catch {
    return refuse('is not an absolute URL: expected http, https or file');
  }
  if (!PROTOCOLS.has(parsed.protocol)) {
    return refuse(`has the scheme "${parsed.protocol.slice(0, -1)}": expected http, https or file`);
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return refuse(`for host "${parsed.hostname}" holds credentials: put them into a Secret`);
  }
  if (parsed.search !== '' || parsed.hash !== '') {
    return refuse(`for host "${parsed.hostname}" has a query or a fragment: expected none`);
  }
  if (parsed.protocol === 'file:' && parsed.hostname !== '') {
    return refuse('of a file names a host: expected file:///path');
  }
  const path = parsed.pathname.replace(/\/+$/, '');
  if (path === '') return refuse('has no path: expected the path of a repository');
  const base = `${parsed.protocol}//${parsed.host}`;
  const identity = `${base}${path.replace(/\.git$/, '')}`;
  const key = createHash('sha256').update(identity).digest('hex').slice(0, 16);
  return ok({ url: `${base}${path}`, identity, key, origin: parsed.protocol === 'file:' ? '' : base });
}

interface Address {
  readonly host: string;
  /** '' is the default port of whatever scheme. */
  readonly port: string;
  readonly path: string;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = { http: '80', https: '443', ssh: '22', git: '9418' };
const SCP_FORM = /^(?:[^@/\s]+@)?(\[[^\]]+\]|[^:/\s]+):(?!\/\/)\/*(.+)$/;
const URL_FORM = /^([a-z][a-z0-9+.-]*):\/\/(?:[^@/]*@)?(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?([^?#]*)/i;

/**
 * Whether a URL of a push notice and a declared one mean the same repository: equal host (case-insensitive), port and
 * path, whatever the scheme and the user; `.git` and slashes at the end do not count. `git@host:path` is understood.
 * As in Argo CD, the case of the path and the subdomains `ssh.` and `altssh.` do not count either: a match too many costs
 * one fetch, one too few a wait for the poll interval.
 */
export function isSameRepository(a: string, b: string): boolean {
  const left = addressOf(a);
  const right = addressOf(b);
  if (left === undefined || right === undefined) return false;
  return left.host === right.host && left.port === right.port && left.path === right.path;
}

function addressOf(url: string): Address | undefined {
  const trimmed = url.trim();
  const form = URL_FORM.exec(trimmed);
  if (form !== null) {
    const [, scheme = '', host = '', port = '', path = ''] = form;
    const isDefault = port === DEFAULT_PORTS[scheme.toLowerCase()];
    return addressWith(host, isDefault ? '' : port, path);
  }
  const scp = SCP_FORM.exec(trimmed);
  return scp === null ? undefined : addressWith(scp[1] ?? '', '', scp[2] ?? '');
}

function addressWith(host: string, port: string, path: string): Address | undefined {
  let decoded = path;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    // Not percent-encoded after all: compare it as it stands.
  }
  const clean = decoded
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  if (clean === '') return undefined;
  return { host: host.toLowerCase().replace(/^(alt)?ssh\./, ''), port, path: clean.toLowerCase() };
}
