// Decides how one repository is kept as a bare mirror: cloned once, fetched in one run of git, renewed when damaged.
// It never has more than one writing git in its folder, and never makes a work tree.

import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failed, ok, type Problem, type Result } from '@weir/core';
import { type GitCredentials, type GitSetting, secretsOf, transportSettings } from './git-environment.ts';
import { type GitExit, problemOfExit } from './git-problem.ts';
import { type Git, type GitCommand, isSuccess } from './git-process.ts';
import type { RepositoryUrl } from './git-url.ts';
import type { Log } from './log.ts';
import {
  clearLocks,
  isMirrorPresent,
  type MirrorFolder,
  recordProcess,
  recoverFolder,
  TEMPORARY_PREFIX,
} from './mirror-folder.ts';
import { findMoved } from './redirect.ts';
import { isSameTable, MIRRORED_HEAD, parseRefs, type RefTable } from './ref-table.ts';
import { Semaphore } from './semaphore.ts';

export interface MirrorFetch {
  readonly repository: RepositoryUrl;
  readonly credentials?: GitCredentials;
  /** Full names of refs outside heads and tags. */
  readonly refs: readonly string[];
  readonly signal: AbortSignal;
}

export interface Fetched {
  readonly table: RefTable;
  readonly changed: boolean;
  /** The mirror's folder was replaced. */
  readonly isNew: boolean;
}

/** A run is ended by its callers' deadlines; this is the backstop. */
const BACKSTOP_MS = 60 * 60 * 1000;
const LOCAL_MS = 120_000;
const MAX_WAITING_WRITERS = 1_000;
/** `git gc --auto` costs a few milliseconds when there is nothing to do; this often it is asked. */
const FETCHES_PER_MAINTENANCE = 50;

const elsewhere = 'the server redirects to another host, which gets no credentials; declare the new URL';

interface Session {
  readonly url: string;
  readonly settings: readonly GitSetting[];
  readonly secrets: readonly string[];
  readonly refs: readonly string[];
  readonly signal: AbortSignal;
}

export class Mirror {
  readonly #git: Git;
  readonly #folder: MirrorFolder;
  readonly #log: Log;
  readonly #closing: AbortSignal;
  readonly #writers = new Semaphore({ slots: 1, maxWaiting: MAX_WAITING_WRITERS });
  #recovered: Promise<void> | undefined;
  #table: RefTable | undefined;
  #damaged = false;
  #moved: { readonly from: string; readonly to: RepositoryUrl } | undefined;
  #changesSinceMaintenance = 0;
  #maintenance: Promise<unknown> = Promise.resolve();

  constructor(options: {
    readonly git: Git;
    readonly folder: MirrorFolder;
    readonly log: Log;
    readonly closing: AbortSignal;
  }) {
    this.#git = options.git;
    this.#closing = options.closing;
    this.#folder = options.folder;
    this.#log = options.log;
  }

  get path(): string {
    return this.#folder.mirror;
  }

  /** What git says here is not to be trusted: the next fetch makes the mirror anew. */
  markDamaged(): void {
    this.#damaged = true;
  }

  /** The refs as last fetched, by an earlier process too; undefined when nothing was ever fetched. */
  async table(): Promise<RefTable | undefined> {
    await this.#recover();
    if (this.#table === undefined && (await isMirrorPresent(this.#folder))) {
      const read = await this.#readTable();
      this.#table ??= read;
    }
    return this.#table;
  }

  async fetch(request: MirrorFetch): Promise<Result<Fetched>> {
    const release = await this.#writers.acquire(request.signal);
    if (release === undefined) return failed(this.#problem(request.repository, 'the fetch was cancelled'));
    try {
      await this.#recover();
      return await this.#fetchWherever(request);
    } finally {
      release();
    }
  }

  /** With credentials git follows no redirect; where the server only says another path or https, that is fetched. */
  async #fetchWherever(request: MirrorFetch): Promise<Result<Fetched>> {
    const declared = request.repository;
    const known = this.#moved?.from === declared.url ? this.#moved.to : declared;
    const attempt = (to: RepositoryUrl): Promise<Result<Fetched>> =>
      this.#withTransport({ ...request, repository: to }, (session) => this.#update(session, declared));
    const fetched = await attempt(known);
    if (fetched.ok || request.credentials === undefined || fetched.problem.code !== 'GIT_FAILED')
      return fetched;
    const moved = await findMoved(declared, request.credentials, request.signal);
    if (moved === 'elsewhere') return failed(this.#problem(declared, elsewhere));
    if (moved === undefined || moved.url === known.url) return fetched;
    this.#moved = { from: declared.url, to: moved };
    return attempt(moved);
  }

  async remove(): Promise<void> {
    const release = await this.#writers.acquire();
    this.#table = undefined;
    await rm(this.#folder.root, { recursive: true, force: true });
    release?.();
  }

  #recover(): Promise<void> {
    this.#recovered ??= recoverFolder(this.#folder);
    return this.#recovered;
  }

  async #withTransport<T>(request: MirrorFetch, work: (session: Session) => Promise<T>): Promise<T> {
    await mkdir(this.#folder.root, { recursive: true });
    const bundle = request.credentials?.caBundle;
    const caFile =
      bundle === undefined ? undefined : join(this.#folder.root, `${TEMPORARY_PREFIX}ca-${randomUUID()}`);
    try {
      if (caFile !== undefined) await writeFile(caFile, bundle ?? '', { mode: 0o600 });
      return await work({
        url: request.repository.url,
        settings: transportSettings(request.repository, request.credentials, caFile),
        secrets: secretsOf(request.credentials),
        refs: request.refs,
        signal: request.signal,
      });
    } finally {
      if (caFile !== undefined) await rm(caFile, { force: true });
    }
  }

  async #update(session: Session, repository: RepositoryUrl): Promise<Result<Fetched>> {
    const before = await this.table();
    if (this.#damaged || !(await isMirrorPresent(this.#folder)))
      return this.#cloneAnew(session, repository, before);
    const exit = await this.#run(session, fetchArguments(session));
    if (isSuccess(exit)) return this.#settle(session, repository, { before, isSilent: exit.stderr === '' });
    if (exit.ended !== 'exited') return failed(this.#problemOf(exit, repository, session));
    const problem = this.#problemOf(exit, repository, session);
    if (problem.code !== 'GIT_FAILED' || (await this.#isSound(session))) return failed(problem);
    return this.#cloneAnew(session, repository, before);
  }

  /** What the refs are after a fetch. Git prints a line for each ref that it changed: silence means none did. */
  async #settle(
    session: Session,
    repository: RepositoryUrl,
    last: { readonly before: RefTable | undefined; readonly isSilent: boolean; readonly isNew?: boolean },
  ): Promise<Result<Fetched>> {
    if (last.isSilent && last.before !== undefined)
      return ok({ table: last.before, changed: false, isNew: false });
    let table = await this.#readTable();
    if (table !== undefined && isHeadStale(table)) {
      await this.#learnHead(session);
      table = await this.#readTable();
    }
    if (table === undefined)
      return failed(this.#problem(repository, 'the refs of the mirror cannot be read'));
    const changed = !isSameTable(last.before, table);
    this.#table = table;
    if (changed) this.#maintainSometimes();
    return ok({ table, changed, isNew: last.isNew === true });
  }

  /** Cloned beside and renamed, so that a mirror is whole or absent. */
  async #cloneAnew(
    session: Session,
    repository: RepositoryUrl,
    before: RefTable | undefined,
  ): Promise<Result<Fetched>> {
    const fresh = join(this.#folder.root, `${TEMPORARY_PREFIX}${randomUUID()}`);
    try {
      const clone = await this.#run(session, ['clone', '--bare', '--quiet', '--', session.url, fresh]);
      if (!isSuccess(clone)) return failed(this.#problemOf(clone, repository, session));
      // Brings HEAD and the refs beside heads and tags, which a clone leaves out.
      const exit = await this.#run(session, fetchArguments(session), fresh);
      if (!isSuccess(exit)) return failed(this.#problemOf(exit, repository, session));
      if (before !== undefined)
        this.#log('warn', 'mirror was damaged and is made anew', { url: repository.url });
      await rm(this.#folder.mirror, { recursive: true, force: true });
      await rename(fresh, this.#folder.mirror);
    } finally {
      await rm(fresh, { recursive: true, force: true });
    }
    this.#damaged = false;
    return this.#settle(session, repository, { before, isSilent: false, isNew: true });
  }

  /** The name behind the remote's HEAD costs a request of its own, made only when HEAD left the branch it was on. */
  async #learnHead(session: Session): Promise<void> {
    const exit = await this.#run(session, ['ls-remote', '--symref', '--', session.url, 'HEAD']);
    const name = /^ref: (refs\/\S+)\tHEAD$/m.exec(exit.stdout.toString())?.[1];
    // Written as git writes it; an unknown name stays as it was and shows as a detached head.
    if (isSuccess(exit) && name !== undefined)
      await writeFile(join(this.#folder.mirror, 'HEAD'), `ref: ${name}\n`);
  }

  async #readTable(): Promise<RefTable | undefined> {
    const exit = await this.#git.run({
      args: ['show-ref', '--dereference'],
      gitDir: this.#folder.mirror,
      timeoutMs: LOCAL_MS,
    });
    // Exit code 1 without a word: a repository without refs.
    if (!isSuccess(exit) && (exit.code !== 1 || exit.stderr !== '')) return undefined;
    const refs = parseRefs(exit.stdout.toString());
    const text = await readFile(join(this.#folder.mirror, 'HEAD'), 'utf8').catch(() => '');
    const head = /^ref: (\S+)/.exec(text)?.[1];
    return head !== undefined && refs.has(head) ? { refs, head } : { refs };
  }

  /** Are all objects there that the refs need? Asked only after a failure that nothing else explains. */
  async #isSound(session: Session): Promise<boolean> {
    const args = ['rev-list', '--objects', '--all', '--quiet'];
    const exit = await this.#git.run({
      args,
      gitDir: this.#folder.mirror,
      timeoutMs: BACKSTOP_MS,
      signal: session.signal,
    });
    return isSuccess(exit) || exit.ended !== 'exited';
  }

  #maintainSometimes(): void {
    this.#changesSinceMaintenance += 1;
    if (this.#changesSinceMaintenance < FETCHES_PER_MAINTENANCE) return;
    this.#changesSinceMaintenance = 0;
    // Beside the fetches: git guards the two against each other, and a large repository is packed for minutes.
    this.#maintenance = this.#git.run({
      args: ['-c', 'gc.auto=2000', '-c', 'gc.autoDetach=false', 'gc', '--auto', '--quiet'],
      gitDir: this.#folder.mirror,
      timeoutMs: BACKSTOP_MS,
      signal: this.#closing,
    });
  }

  async #run(session: Session, args: readonly string[], gitDir?: string): Promise<GitExit> {
    const isClone = args[0] === 'clone';
    const command: GitCommand = {
      args,
      ...(isClone ? {} : { gitDir: gitDir ?? this.#folder.mirror }),
      settings: session.settings,
      timeoutMs: BACKSTOP_MS,
      signal: session.signal,
      onStart: (processId) => recordProcess(this.#folder, processId),
    };
    const exit = await this.#git.run(command);
    if (exit.ended !== 'exited') {
      await this.#maintenance;
      await clearLocks(this.#folder.mirror);
    }
    return exit;
  }

  #problem(repository: RepositoryUrl, message: string): Problem {
    return { code: 'GIT_FAILED', message: `Repository ${repository.url}: ${message}` };
  }

  #problemOf(exit: GitExit, repository: RepositoryUrl, session: Session): Problem {
    return problemOfExit(exit, { subject: `Repository ${repository.url}`, secrets: session.secrets });
  }
}

/**
 * One connection. A pattern that matches nothing is no error and is pruned, unlike a name; that is why HEAD (absent in
 * an empty repository) and the extra refs are written as patterns.
 */
function fetchArguments(session: Session): readonly string[] {
  return [
    'fetch',
    '--prune',
    '--force',
    '--no-tags',
    '--no-write-fetch-head',
    '--no-auto-maintenance',
    '--no-recurse-submodules',
    '--no-show-forced-updates',
    '--',
    session.url,
    `+HEAD*:${MIRRORED_HEAD}*`,
    '+refs/heads/*:refs/heads/*',
    '+refs/tags/*:refs/tags/*',
    ...session.refs.map((ref) => `+${ref}*:${ref}*`),
  ];
}

function isHeadStale(table: RefTable): boolean {
  const commit = table.refs.get('HEAD');
  return commit !== undefined && (table.head === undefined || table.refs.get(table.head) !== commit);
}
