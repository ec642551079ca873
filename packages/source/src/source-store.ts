// Decides how all repositories of a process share mirrors, fetches, blobs and snapshots: the entrance of this room.
// It never decides when to fetch or which revision is wanted, and one directory belongs to one process.

import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { failed, type GitRef, ok, type ResolvedRef, type Result } from '@weir/core';
import { BlobStore } from './blob-store.ts';
import type { ChangedPath } from './changed-paths.ts';
import { Flights, left } from './flights.ts';
import type { GitCredentials } from './git-environment.ts';
import { Git } from './git-process.ts';
import { parseRepositoryUrl, type RepositoryUrl } from './git-url.ts';
import type { Log } from './log.ts';
import { ManifestStore } from './manifest.ts';
import type { FetchedRepository } from './ref-table.ts';
import { Repository } from './repository.ts';
import { resolveRef } from './resolve-ref.ts';
import { defaultSnapshotLimits, type Snapshot, type SnapshotLimits } from './snapshots.ts';
import { SweepLock } from './sweep-lock.ts';

export interface SourceStoreOptions {
  /** Holds `repos/`, `snapshots/` and `blobs/`; may be thrown away while no process uses it. */
  readonly dir: string;
  readonly log?: Log;
  readonly limits?: Partial<SnapshotLimits>;
  /** Git processes at a time, the ones that stay apart; default 16. */
  readonly maxGitProcesses?: number;
  /** Snapshots removed before unused blobs are looked for; default 100. */
  readonly evictionsPerSweep?: number;
}

export interface FetchRequest {
  readonly url: string;
  readonly credentials?: GitCredentials;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** Full names of refs outside `refs/heads/` and `refs/tags/` that are wanted too (`refs/pull/7/head`). */
  readonly refs?: readonly string[];
}

export interface SourceStats {
  /** Git processes started, by subcommand. */
  readonly gitProcesses: Readonly<Record<string, number>>;
  readonly blobsWritten: number;
  readonly repositories: number;
}

/** Every answer is a value; nothing rejects but for a defect. */
export interface SourceStore {
  /**
   * Brings the mirror up to date in one run of git. Calls for one repository with the same credentials share a run that
   * starts after them. GIT_URL_INVALID, GIT_UNREACHABLE, GIT_AUTH_FAILED, GIT_REPOSITORY_NOT_FOUND, GIT_FAILED.
   */
  fetch(request: FetchRequest): Promise<Result<FetchedRepository>>;
  /** From what was fetched last, by an earlier process too. GIT_REF_NOT_FOUND; SOURCE_NOT_READY before the first fetch. */
  resolve(url: string, ref: GitRef, signal?: AbortSignal): Promise<Result<ResolvedRef>>;
  /** The files of a commit of the mirror; to be released. GIT_REF_NOT_FOUND, GIT_FAILED. */
  snapshot(url: string, commit: string, signal: AbortSignal): Promise<Result<Snapshot>>;
  /** GIT_FAILED when one of the commits is gone: then everything is to be taken as changed. */
  changedPaths(
    url: string,
    oldCommit: string,
    newCommit: string,
    signal?: AbortSignal,
  ): Promise<Result<readonly ChangedPath[]>>;
  /** Removes the mirror of a repository that nobody declares any more, and its snapshots as they are released. */
  forget(url: string): Promise<void>;
  /** Removes blobs that no snapshot needs. */
  sweep(): Promise<number>;
  stats(): SourceStats;
  /** Ends all processes; the store is not to be used afterwards. */
  close(): Promise<void>;
}

const DEFAULT_GIT_PROCESSES = 16;
const DEFAULT_EVICTIONS_PER_SWEEP = 100;

export function createSourceStore(options: SourceStoreOptions): SourceStore {
  return new GitSourceStore(options);
}

class GitSourceStore implements SourceStore {
  readonly #dir: string;
  readonly #log: Log;
  readonly #git: Git;
  readonly #blobs: BlobStore;
  readonly #manifests: ManifestStore;
  readonly #limits: SnapshotLimits;
  readonly #evictionsPerSweep: number;
  readonly #repositories = new Map<string, Repository>();
  readonly #fetches = new Flights<Result<FetchedRepository>>();
  readonly #sweepLock = new SweepLock();
  readonly #closing = new AbortController();
  #evictions = 0;

  constructor(options: SourceStoreOptions) {
    // Every git process that runs listens to it.
    setMaxListeners(0, this.#closing.signal);
    this.#dir = options.dir;
    this.#log = options.log ?? (() => undefined);
    this.#git = new Git({ maxProcesses: options.maxGitProcesses ?? DEFAULT_GIT_PROCESSES });
    this.#blobs = new BlobStore(join(options.dir, 'blobs'));
    this.#manifests = new ManifestStore(join(options.dir, 'snapshots'));
    this.#limits = { ...defaultSnapshotLimits, ...options.limits };
    this.#evictionsPerSweep = options.evictionsPerSweep ?? DEFAULT_EVICTIONS_PER_SWEEP;
  }

  async fetch(request: FetchRequest): Promise<Result<FetchedRepository>> {
    const parsed = parseRepositoryUrl(request.url);
    if (!parsed.ok) return parsed;
    const url = parsed.value;
    const refs = [...new Set(request.refs ?? [])].filter(isExtraRef).sort();
    const deadline = AbortSignal.timeout(request.timeoutMs);
    const signal = AbortSignal.any([request.signal, deadline, this.#closing.signal]);
    const fetched = await this.#fetches.join(
      flightKey(url, request.credentials, refs),
      (flight) => this.#repository(url).fetch({ ...request, repository: url, refs, signal: flight }),
      signal,
    );
    if (fetched !== left) return fetched;
    const seconds = request.timeoutMs / 1000;
    return deadline.aborted
      ? failed({ code: 'GIT_UNREACHABLE', message: `Repository ${url.url}: no answer within ${seconds} s` })
      : failed({ code: 'GIT_FAILED', message: `Repository ${url.url}: the fetch was cancelled` });
  }

  async resolve(url: string, ref: GitRef, signal?: AbortSignal): Promise<Result<ResolvedRef>> {
    const found = this.#find(url);
    if (!found.ok) return found;
    const repository = found.value;
    const table = await repository.table();
    if (table === undefined) {
      return failed({ code: 'SOURCE_NOT_READY', message: `${repository.subject}: it was never fetched` });
    }
    const lookup = repository.lookup(this.#signal(signal));
    return resolveRef(table, ref, { subject: repository.subject, lookup });
  }

  async snapshot(url: string, commit: string, signal: AbortSignal): Promise<Result<Snapshot>> {
    const found = this.#find(url);
    if (!found.ok) return found;
    const release = await this.#sweepLock.enterShared();
    try {
      return await found.value.snapshot(commit, this.#signal(signal));
    } finally {
      release();
    }
  }

  async changedPaths(
    url: string,
    oldCommit: string,
    newCommit: string,
    signal?: AbortSignal,
  ): Promise<Result<readonly ChangedPath[]>> {
    const found = this.#find(url);
    return found.ok ? found.value.changes(oldCommit, newCommit, this.#signal(signal)) : found;
  }

  async forget(url: string): Promise<void> {
    const found = this.#find(url);
    if (!found.ok) return;
    this.#repositories.delete(found.value.key);
    await found.value.remove();
  }

  async sweep(): Promise<number> {
    const release = await this.#sweepLock.enterAlone();
    try {
      return await this.#blobs.sweep(await this.#manifests.referencedBlobs());
    } finally {
      release();
    }
  }

  stats(): SourceStats {
    return {
      gitProcesses: this.#git.counts(),
      blobsWritten: this.#blobs.written,
      repositories: this.#repositories.size,
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#fetches.abortAll();
    await Promise.all([...this.#repositories.values()].map((repository) => repository.close()));
  }

  #find(url: string): Result<Repository> {
    const parsed = parseRepositoryUrl(url);
    return parsed.ok ? ok(this.#repository(parsed.value)) : parsed;
  }

  #repository(url: RepositoryUrl): Repository {
    let repository = this.#repositories.get(url.key);
    if (repository === undefined) {
      repository = new Repository(url, {
        dir: this.#dir,
        git: this.#git,
        log: this.#log,
        blobs: this.#blobs,
        manifests: this.#manifests,
        limits: this.#limits,
        closing: this.#closing.signal,
        onEvict: () => this.#countEviction(),
      });
      this.#repositories.set(url.key, repository);
    }
    return repository;
  }

  #countEviction(): void {
    this.#evictions += 1;
    if (this.#evictions < this.#evictionsPerSweep) return;
    this.#evictions = 0;
    void this.sweep().catch((error: unknown) => {
      this.#log('warn', 'unused blobs could not be removed', { error: String(error) });
    });
  }

  #signal(signal: AbortSignal | undefined): AbortSignal {
    return signal === undefined ? this.#closing.signal : AbortSignal.any([signal, this.#closing.signal]);
  }
}

/** Whoever has other credentials has other rights, and never shares a run. */
function flightKey(
  url: RepositoryUrl,
  credentials: GitCredentials | undefined,
  refs: readonly string[],
): string {
  return createHash('sha256')
    .update(JSON.stringify([url.url, credentials ?? null, refs]))
    .digest('hex');
}

/** The rules of `git check-ref-format`, as far as they keep a refspec from meaning something else. */
function isExtraRef(ref: string): boolean {
  if (ref.startsWith('refs/heads/') || ref.startsWith('refs/tags/') || ref.startsWith('refs/weir/'))
    return false;
  return /^refs\/[^\s\p{Cc}~^:?*[\\]+$/u.test(ref) && !/\.\.|@\{|\/\/|\/$|\.$/.test(ref);
}
