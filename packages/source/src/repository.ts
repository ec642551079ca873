// Decides how one repository's mirror, object reader and snapshots work together.
// It never runs two makers of snapshots of one repository at a time: the second one has less to do.

import { failed, type Result } from '@weir/core';
import type { BlobStore } from './blob-store.ts';
import { type ChangedPath, parseChangedPaths, parseTree, type TreeEntry } from './changed-paths.ts';
import { problemOfExit } from './git-problem.ts';
import { type Git, isSuccess } from './git-process.ts';
import type { RepositoryUrl } from './git-url.ts';
import type { Log } from './log.ts';
import type { ManifestStore } from './manifest.ts';
import { Mirror, type MirrorFetch } from './mirror.ts';
import { mirrorFolder } from './mirror-folder.ts';
import { ObjectReader } from './object-reader.ts';
import type { FetchedRepository, RefTable } from './ref-table.ts';
import type { CommitLookup } from './resolve-ref.ts';
import { Semaphore } from './semaphore.ts';
import { type CommitSource, type Snapshot, type SnapshotLimits, Snapshots } from './snapshots.ts';

export interface RepositoryContext {
  readonly dir: string;
  readonly git: Git;
  readonly log: Log;
  readonly blobs: BlobStore;
  readonly manifests: ManifestStore;
  readonly limits: SnapshotLimits;
  readonly closing: AbortSignal;
  readonly onEvict: () => void;
}

const LOCAL_MS = 120_000;
const MAX_WAITING_SNAPSHOTS = 10_000;
const FULL_COMMIT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;

export class Repository {
  readonly key: string;
  readonly subject: string;
  readonly #git: Git;
  readonly #mirror: Mirror;
  readonly #reader: ObjectReader;
  readonly #snapshots: Snapshots;
  readonly #makers = new Semaphore({ slots: 1, maxWaiting: MAX_WAITING_SNAPSHOTS });

  constructor(url: RepositoryUrl, context: RepositoryContext) {
    this.key = url.key;
    this.subject = `Repository ${url.url}`;
    this.#git = context.git;
    const { git, log, closing } = context;
    this.#mirror = new Mirror({ git, log, closing, folder: mirrorFolder(context.dir, url.key) });
    this.#reader = new ObjectReader({ git, gitDir: this.#mirror.path });
    this.#snapshots = new Snapshots({ ...context, key: url.key });
  }

  async fetch(request: MirrorFetch): Promise<Result<FetchedRepository>> {
    const fetched = await this.#mirror.fetch(request);
    if (!fetched.ok) return fetched;
    const { table, changed, isNew } = fetched.value;
    // The reader still has the files of the folder that was replaced open.
    if (isNew) this.#reader.close();
    return { ok: true, value: { ...table, changed } };
  }

  table(): Promise<RefTable | undefined> {
    return this.#mirror.table();
  }

  lookup(signal: AbortSignal): CommitLookup {
    return {
      commit: (id) => this.#findCommit(id, signal),
      isAncestor: async ({ commit, of }) => {
        const args = ['merge-base', '--is-ancestor', commit, of];
        return isSuccess(
          await this.#git.run({ args, gitDir: this.#mirror.path, timeoutMs: LOCAL_MS, signal }),
        );
      },
    };
  }

  async snapshot(commit: string, signal: AbortSignal): Promise<Result<Snapshot>> {
    if (!FULL_COMMIT_ID.test(commit)) return this.#missing(commit);
    const ready = this.#snapshots.take(commit);
    if (ready !== undefined) return { ok: true, value: ready };
    const release = await this.#makers.acquire(signal);
    if (release === undefined) {
      return failed({ code: 'GIT_FAILED', message: `${this.subject}: the snapshot was cancelled` });
    }
    try {
      if ((await this.#mirror.table()) === undefined) return this.#missing(commit);
      const made = await this.#snapshots.make(commit, this.#source(), signal);
      if (!made.ok) return made;
      const snapshot = this.#snapshots.take(commit);
      await this.#snapshots.evict();
      return snapshot === undefined ? this.#missing(commit) : { ok: true, value: snapshot };
    } finally {
      release();
    }
  }

  async changes(
    oldCommit: string,
    newCommit: string,
    signal: AbortSignal,
  ): Promise<Result<readonly ChangedPath[]>> {
    if (!FULL_COMMIT_ID.test(oldCommit)) return this.#missing(oldCommit);
    if (!FULL_COMMIT_ID.test(newCommit)) return this.#missing(newCommit);
    const args = ['diff-tree', '-r', '-z', '--no-renames', '--raw', oldCommit, newCommit];
    return this.#read(args, parseChangedPaths, signal);
  }

  async remove(): Promise<void> {
    await this.close();
    await this.#snapshots.forget();
    await this.#mirror.remove();
  }

  async close(): Promise<void> {
    this.#reader.close();
  }

  #source(): CommitSource {
    return {
      subject: this.subject,
      reader: this.#reader,
      tree: async (commit, signal) => {
        const tree = await this.#read<readonly TreeEntry[]>(
          ['ls-tree', '-r', '-z', '--full-tree', commit],
          parseTree,
          signal,
        );
        // The commit is there, its tree is not.
        if (!tree.ok && !signal.aborted) this.#mirror.markDamaged();
        return tree;
      },
      changes: (old, commit, signal) => this.changes(old, commit, signal),
      onDamage: () => this.#mirror.markDamaged(),
    };
  }

  async #read<T>(
    args: readonly string[],
    parse: (output: Buffer) => T,
    signal: AbortSignal,
  ): Promise<Result<T>> {
    const exit = await this.#git.run({ args, gitDir: this.#mirror.path, timeoutMs: LOCAL_MS, signal });
    if (isSuccess(exit)) return { ok: true, value: parse(exit.stdout) };
    // Nothing local is a question of reach or rights.
    return failed({ ...problemOfExit(exit, { subject: this.subject }), code: 'GIT_FAILED' });
  }

  async #findCommit(id: string, signal: AbortSignal): Promise<string | undefined> {
    let commit: string | undefined;
    await this.#reader.read({
      names: [`${id.toLowerCase()}^{commit}`],
      maxBytes: 1024 * 1024,
      signal,
      onObject: (object) => {
        if (object.status !== 'missing') commit = object.oid;
      },
    });
    return commit;
  }

  #missing<T>(commit: string): Result<T> {
    return failed({
      code: 'GIT_REF_NOT_FOUND',
      message: `${this.subject}: commit "${commit}" does not exist`,
    });
  }
}
