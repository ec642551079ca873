// Decides which commit a ref means, from the refs of a mirror. It never fetches: what is not mirrored does not exist.

import { failed, type GitRef, ok, type ResolvedRef, type Result } from '@weir/core';
import type { RefTable } from './ref-table.ts';
import { parseSemverRange, pickHighest } from './semver-range.ts';

/** What only the object database of the mirror can answer. */
export interface CommitLookup {
  /** The full id of a commit from its full or abbreviated id; undefined where there is none or more than one. */
  commit(id: string): Promise<string | undefined>;
  isAncestor(input: { readonly commit: string; readonly of: string }): Promise<boolean>;
}

const COMMIT_ID = /^[0-9a-f]{7,64}$/i;

/** Fails with GIT_REF_NOT_FOUND; `subject` opens the message. */
export async function resolveRef(
  table: RefTable,
  ref: GitRef,
  context: { readonly subject: string; readonly lookup: CommitLookup },
): Promise<Result<ResolvedRef>> {
  const found = await find(table, ref, context.lookup);
  if (found !== undefined) return ok(found);
  return failed({
    code: 'GIT_REF_NOT_FOUND',
    message: `${context.subject}: ${describe(ref)} does not exist; correct it or push it`,
  });
}

async function find(table: RefTable, ref: GitRef, lookup: CommitLookup): Promise<ResolvedRef | undefined> {
  switch (ref.kind) {
    case 'head':
      return head(table);
    case 'branch':
      return named(table.refs.get(`refs/heads/${ref.branch}`), ref.branch);
    case 'tag':
      return named(table.refs.get(`refs/tags/${ref.tag}`), ref.tag);
    case 'name': {
      const commit = table.refs.get(ref.name);
      return commit === undefined ? undefined : { commit, name: ref.name, full: true };
    }
    case 'semver':
      return highestTag(table, ref.range);
    case 'commit':
      return pinned(table, ref, lookup);
    case 'revision':
      return revision(table, ref.revision, lookup);
  }
}

function named(commit: string | undefined, name: string): ResolvedRef | undefined {
  return commit === undefined ? undefined : { commit, name };
}

function head(table: RefTable): ResolvedRef | undefined {
  const branch = table.head === undefined ? undefined : table.refs.get(table.head);
  const commit = table.refs.get('HEAD') ?? branch;
  if (commit === undefined) return undefined;
  // A detached HEAD, or one that moved to a branch whose name is not known yet, has a commit only.
  return commit === branch ? { commit, name: (table.head ?? '').replace(/^refs\/heads\//, '') } : { commit };
}

function highestTag(table: RefTable, text: string): ResolvedRef | undefined {
  const range = parseSemverRange(text);
  if (range === undefined) return undefined;
  const prefix = 'refs/tags/';
  const tags: string[] = [];
  for (const name of table.refs.keys()) if (name.startsWith(prefix)) tags.push(name.slice(prefix.length));
  const tag = pickHighest(tags, range);
  return tag === undefined ? undefined : named(table.refs.get(prefix + tag), tag);
}

async function pinned(
  table: RefTable,
  ref: Extract<GitRef, { kind: 'commit' }>,
  lookup: CommitLookup,
): Promise<ResolvedRef | undefined> {
  const commit = COMMIT_ID.test(ref.commit) ? await lookup.commit(ref.commit) : undefined;
  if (commit === undefined || ref.branch === undefined) return commit === undefined ? undefined : { commit };
  const tip = table.refs.get(`refs/heads/${ref.branch}`);
  if (tip === undefined || !(await lookup.isAncestor({ commit, of: tip }))) return undefined;
  return { commit, name: ref.branch };
}

async function revision(
  table: RefTable,
  text: string,
  lookup: CommitLookup,
): Promise<ResolvedRef | undefined> {
  if (text === '' || text === 'HEAD') return head(table);
  const byName =
    named(table.refs.get(`refs/heads/${text}`), text) ?? named(table.refs.get(`refs/tags/${text}`), text);
  if (byName !== undefined) return byName;
  const full = text.startsWith('refs/') ? table.refs.get(text) : undefined;
  if (full !== undefined) return { commit: full, name: text, full: true };
  const commit = COMMIT_ID.test(text) ? await lookup.commit(text) : undefined;
  return commit === undefined ? highestTag(table, text) : { commit };
}

function describe(ref: GitRef): string {
  switch (ref.kind) {
    case 'head':
      return 'the default branch';
    case 'branch':
      return `branch "${ref.branch}"`;
    case 'tag':
      return `tag "${ref.tag}"`;
    case 'name':
      return `ref "${ref.name}"`;
    case 'semver':
      return parseSemverRange(ref.range) === undefined
        ? `"${ref.range}" is not a version range, so a tag for it`
        : `a tag in the range "${ref.range}"`;
    case 'commit':
      return ref.branch === undefined
        ? `commit "${ref.commit}"`
        : `commit "${ref.commit}" on branch "${ref.branch}"`;
    case 'revision':
      return `a branch, tag, commit or version "${ref.revision}"`;
  }
}
