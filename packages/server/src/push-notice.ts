// Decides what a webhook payload says: which repository got which commit on which ref, and which paths changed.
// It never trusts the payload's shape, and never decides what to do about a push.

import { isRecord } from '@weir/core';

export interface PushNotice {
  /** Every URL under which the payload knows the repository; at least one. */
  readonly urls: readonly string[];
  /** Full ref name. */
  readonly ref: string;
  /** Forty zeros where the ref is new. */
  readonly before: string;
  /** Forty zeros where the ref was deleted. */
  readonly after: string;
  /** Absent where the payload does not list all of them. */
  readonly changedPaths?: readonly string[];
}

const URL_FIELDS = ['clone_url', 'html_url', 'ssh_url', 'git_url', 'git_http_url', 'git_ssh_url', 'web_url'];

/** Forges list this many commits at most in one payload; with more, the paths are not all there. */
const MAX_LISTED_COMMITS = 20;
const MAX_PATHS = 10_000;

/** Undefined when it is not a push of a known shape. */
export function parsePush(payload: unknown): PushNotice | undefined {
  if (!isRecord(payload)) return undefined;
  const urls = urlsOf(payload);
  const ref = textOf(payload.ref);
  const after = textOf(payload.after);
  if (urls.length === 0 || ref === undefined || after === undefined) return undefined;
  const changedPaths = changedPathsOf(payload);
  return {
    urls,
    ref,
    before: textOf(payload.before) ?? '',
    after,
    ...(changedPaths === undefined ? {} : { changedPaths }),
  };
}

/** GitHub and Gogs say `repository`, GitLab `project` and `repository`. */
function urlsOf(payload: Readonly<Record<string, unknown>>): readonly string[] {
  const urls = new Set<string>();
  for (const holder of [payload.repository, payload.project]) {
    if (!isRecord(holder)) continue;
    for (const field of URL_FIELDS) {
      const url = textOf(holder[field]);
      if (url !== undefined) urls.add(url);
    }
  }
  return [...urls];
}

function changedPathsOf(payload: Readonly<Record<string, unknown>>): readonly string[] | undefined {
  const { commits } = payload;
  const total = payload.total_commits_count;
  if (!Array.isArray(commits) || commits.length === 0 || commits.length >= MAX_LISTED_COMMITS)
    return undefined;
  // What a forced push took away is in no commit of the payload.
  if (payload.forced === true || (typeof total === 'number' && total > commits.length)) return undefined;
  const paths = new Set<string>();
  for (const commit of commits) {
    if (!isRecord(commit)) return undefined;
    for (const list of [commit.added, commit.modified, commit.removed]) {
      if (!Array.isArray(list)) return undefined;
      for (const path of list) if (typeof path === 'string') paths.add(path);
    }
    if (paths.size > MAX_PATHS) return undefined;
  }
  return [...paths];
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
