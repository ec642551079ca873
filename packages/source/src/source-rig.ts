// Decides how the tests of this room get a store, a real Git server and repositories. It is no part of the product.

import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GitRef } from '@weir/core';
import { type GitServer, startGitServer, type WorkingCopy, workingCopy } from '@weir/testkit';
import {
  createSourceStore,
  type FetchedRepository,
  type FetchRequest,
  type Snapshot,
  type SourceStore,
  type SourceStoreOptions,
} from './index.ts';

const signal = new AbortController().signal;
const timeoutMs = 30_000;

export interface Repo {
  readonly url: string;
  readonly copy: WorkingCopy;
  /** The commit that it begins with. */
  readonly first: string;
}

export class SourceRig {
  readonly dir: string;
  server: GitServer;
  store: SourceStore;
  readonly #stores: SourceStore[] = [];

  private constructor(dir: string, server: GitServer) {
    this.dir = dir;
    this.server = server;
    this.store = this.open();
  }

  static async start(): Promise<SourceRig> {
    const dir = await mkdtemp(join(tmpdir(), 'weir-source-'));
    return new SourceRig(dir, await startGitServer({ dir: join(dir, 'server') }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#stores.map((opened) => opened.close()));
    await this.server.stop();
    await rm(this.dir, { recursive: true, force: true });
  }

  /** A store on the same directory, as the next process would have it. */
  open(options: Partial<SourceStoreOptions> = {}): SourceStore {
    this.store = createSourceStore({ dir: join(this.dir, 'store'), ...options });
    this.#stores.push(this.store);
    return this.store;
  }

  async makeRepo(name: string, files: Record<string, string>): Promise<Repo> {
    const url = await this.server.createRepo(name);
    const copy = await workingCopy({ url, dir: join(this.dir, `copy-${name}`) });
    await copy.write(files);
    const first = await copy.commit('first');
    await copy.push();
    return { url, copy, first };
  }

  async fetch(url: string, more: Partial<FetchRequest> = {}): Promise<FetchedRepository> {
    const fetched = await this.store.fetch({ url, timeoutMs, signal, ...more });
    if (!fetched.ok) throw new Error(fetched.problem.message);
    return fetched.value;
  }

  /** `ok`, or the code of the problem. */
  async fetchCode(url: string, more: Partial<FetchRequest> = {}): Promise<string> {
    const fetched = await this.store.fetch({ url, timeoutMs, signal, ...more });
    return fetched.ok ? 'ok' : fetched.problem.code;
  }

  async snapshot(url: string, commit: string): Promise<Snapshot> {
    const made = await this.store.snapshot(url, commit, signal);
    if (!made.ok) throw new Error(made.problem.message);
    return made.value;
  }

  /** `<name> <commit> [full]`, or the code of the problem. */
  async resolve(url: string, ref: GitRef): Promise<string> {
    const resolved = await this.store.resolve(url, ref);
    if (!resolved.ok) return resolved.problem.code;
    const { commit, name, full } = resolved.value;
    return `${name ?? '-'} ${commit}${full === true ? ' full' : ''}`;
  }

  processes(name: string): number {
    return this.store.stats().gitProcesses[name] ?? 0;
  }

  /** The folder of the only repository. */
  repositoryFolder(): string {
    const root = join(this.dir, 'store', 'repos');
    return join(root, readdirSync(root)[0] ?? '');
  }
}

export function readBlob(snapshot: Snapshot, path: string): string {
  const oid = snapshot.tree.entry(path)?.oid ?? '';
  return readFileSync(join(snapshot.blobsDir, oid.slice(0, 2), oid.slice(2)), 'utf8');
}
