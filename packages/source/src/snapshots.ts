// Decides how the files of a commit get from a mirror to the blob store and the manifest, touching only what an older
// snapshot lacks, and which snapshots may go. It never removes one that is in use, or one of the newest two.

import { failed, ok, type Problem, type Result } from '@weir/core';
import type { BlobStore } from './blob-store.ts';
import type { ChangedPath, TreeEntry } from './changed-paths.ts';
import { describeTree, type ManifestStore } from './manifest.ts';
import type { ObjectReader, ReadObject } from './object-reader.ts';
import { Semaphore } from './semaphore.ts';
import { type FileEntry, PersistentTree, type SnapshotTree, type TreeEdit } from './snapshot-tree.ts';

export interface SnapshotLimits {
  readonly maxFiles: number;
  readonly maxBlobBytes: number;
  readonly maxTotalBytes: number;
}

export const defaultSnapshotLimits: SnapshotLimits = {
  maxFiles: 100_000,
  maxBlobBytes: 32 * 1024 * 1024,
  maxTotalBytes: 1024 * 1024 * 1024,
};

/** The files of one commit, immutable, on disk and in memory, until released. */
export interface Snapshot {
  /** The commit. */
  readonly id: string;
  readonly manifestPath: string;
  readonly blobsDir: string;
  readonly tree: SnapshotTree;
  /** `sha256:<hex>` over the sorted entries: equal trees have equal digests, whatever the commit. */
  readonly digest: string;
  /** Sum of the sizes of all files, in bytes. */
  readonly size: number;
  /** First line of the commit message. */
  readonly subject: string;
  /** Says that the caller is done with it; may be called more than once. */
  release(): void;
}

/** What a snapshot is made of, as the mirror tells it. */
export interface CommitSource {
  readonly subject: string;
  readonly reader: ObjectReader;
  tree(commit: string, signal: AbortSignal): Promise<Result<readonly TreeEntry[]>>;
  changes(old: string, commit: string, signal: AbortSignal): Promise<Result<readonly ChangedPath[]>>;
  /** Called when the objects are not what their ids say. */
  onDamage(): void;
}

interface Held {
  readonly commit: string;
  readonly tree: PersistentTree;
  readonly digest: string;
  readonly subject: string;
  users: number;
}

const KEPT_PER_REPOSITORY = 2;
const BLOB_STATS_AT_ONCE = 32;
const BLOB_WRITES_AT_ONCE = 16;
const MAX_BYTES_IN_FLIGHT = 64 * 1024 * 1024;

/** The snapshots of one repository. */
export class Snapshots {
  readonly #key: string;
  readonly #blobs: BlobStore;
  readonly #manifests: ManifestStore;
  readonly #limits: SnapshotLimits;
  readonly #onEvict: () => void;
  /** Oldest first. */
  readonly #held = new Map<string, Held>();
  /** On disk from an earlier process, newest first; undefined until looked up. */
  #leftover: string[] | undefined;
  #kept = KEPT_PER_REPOSITORY;

  constructor(options: {
    readonly key: string;
    readonly blobs: BlobStore;
    readonly manifests: ManifestStore;
    readonly limits: SnapshotLimits;
    readonly onEvict: () => void;
  }) {
    this.#key = options.key;
    this.#blobs = options.blobs;
    this.#manifests = options.manifests;
    this.#limits = options.limits;
    this.#onEvict = options.onEvict;
  }

  /** A snapshot that is there already, made the newest. */
  take(commit: string): Snapshot | undefined {
    const held = this.#held.get(commit);
    if (held === undefined) return undefined;
    this.#held.delete(commit);
    this.#held.set(commit, held);
    return this.#lend(held);
  }

  /** One caller at a time; `take` it afterwards. */
  async make(commit: string, source: CommitSource, signal: AbortSignal): Promise<Result<'made'>> {
    if (this.#held.has(commit)) return ok('made');
    this.#leftover ??= [...(await this.#manifests.commits(this.#key))];
    const subject = await readSubject(commit, source, signal);
    if (!subject.ok) return subject;
    const tree = await this.#buildTree(commit, source, signal);
    if (!tree.ok) return tree;
    const { text, digest } = describeTree(commit, tree.value);
    await this.#manifests.write(this.#key, commit, text);
    this.#held.set(commit, { commit, tree: tree.value, digest, subject: subject.value, users: 0 });
    return ok('made');
  }

  /** From now on only what is in use stays. */
  async forget(): Promise<void> {
    this.#kept = 0;
    this.#leftover ??= [...(await this.#manifests.commits(this.#key))];
    await this.evict();
  }

  /** Removes what is neither in use nor among the newest. */
  async evict(): Promise<void> {
    const keep = this.#kept;
    let surplus = this.#held.size - keep;
    for (const held of [...this.#held.values()]) {
      if (surplus <= 0) break;
      surplus -= 1;
      if (held.users > 0) continue;
      this.#held.delete(held.commit);
      await this.#remove(held.commit);
    }
    const room = Math.max(0, keep - this.#held.size);
    for (const commit of this.#leftover?.splice(room) ?? []) {
      if (!this.#held.has(commit)) await this.#remove(commit);
    }
  }

  async #remove(commit: string): Promise<void> {
    await this.#manifests.remove(this.#key, commit);
    this.#onEvict();
  }

  #lend(held: Held): Snapshot {
    held.users += 1;
    let released = false;
    return {
      id: held.commit,
      manifestPath: this.#manifests.path(this.#key, held.commit),
      blobsDir: this.#blobs.dir,
      tree: held.tree,
      digest: held.digest,
      size: held.tree.size,
      subject: held.subject,
      release: () => {
        if (released) return;
        released = true;
        held.users -= 1;
        if (held.users === 0 && this.#held.size > this.#kept) void this.evict().catch(() => undefined);
      },
    };
  }

  /** From the newest snapshot and the difference to it; from the whole tree where there is none to start from. */
  async #buildTree(
    commit: string,
    source: CommitSource,
    signal: AbortSignal,
  ): Promise<Result<PersistentTree>> {
    const base = [...this.#held.values()].at(-1);
    const changes = base === undefined ? undefined : await source.changes(base.commit, commit, signal);
    if (base !== undefined && changes?.ok === true) {
      const gone = changes.value.filter((change) => change.oid === undefined).map(({ path }) => ({ path }));
      return this.#edit(base.tree, { files: changes.value.flatMap(asEntry), gone }, source, signal);
    }
    const files = await source.tree(commit, signal);
    return files.ok
      ? this.#edit(PersistentTree.empty, { files: files.value, gone: [] }, source, signal)
      : files;
  }

  async #edit(
    base: PersistentTree,
    change: { readonly files: readonly TreeEntry[]; readonly gone: readonly TreeEdit[] },
    source: CommitSource,
    signal: AbortSignal,
  ): Promise<Result<PersistentTree>> {
    const { maxFiles, maxTotalBytes } = this.#limits;
    if (change.files.length > maxFiles)
      return failed(tooLarge(source, `${change.files.length} files`, maxFiles));
    const sizes = await this.#storeBlobs(new Set(change.files.map(({ oid }) => oid)), source, signal);
    if (!sizes.ok) return sizes;
    const added = change.files.map(({ path, mode, oid }): TreeEdit => {
      const file: FileEntry = { oid, mode, size: sizes.value.get(oid) ?? 0 };
      return { path, file };
    });
    const tree = base.with([...change.gone, ...added]);
    if (tree.fileCount > maxFiles) return failed(tooLarge(source, `${tree.fileCount} files`, maxFiles));
    if (tree.size > maxTotalBytes) return failed(tooLarge(source, `${tree.size} bytes`, maxTotalBytes));
    return ok(tree);
  }

  /** Writes the blobs that are not there yet; the sizes of all. */
  async #storeBlobs(
    oids: ReadonlySet<string>,
    source: CommitSource,
    signal: AbortSignal,
  ): Promise<Result<ReadonlyMap<string, number>>> {
    const sizes = new Map<string, number>();
    const missing: string[] = [];
    await inParallel([...oids], BLOB_STATS_AT_ONCE, async (oid) => {
      const size = await this.#blobs.sizeOf(oid);
      if (size === undefined) missing.push(oid);
      else sizes.set(oid, size);
    });
    const writer = new BlobWriter(this.#blobs, { source, limits: this.#limits, sizes });
    const read = await source.reader.read({
      names: missing,
      maxBytes: this.#limits.maxBlobBytes,
      signal,
      onObject: (object, index) => writer.accept(object, missing[index] ?? ''),
    });
    await writer.finish();
    if (writer.problem !== undefined) return failed(writer.problem);
    return read.ok ? ok(sizes) : read;
  }
}

/** Writes blobs while the next ones are read, with a bound on their number and their bytes. */
class BlobWriter {
  problem: Problem | undefined;
  readonly #blobs: BlobStore;
  readonly #context: {
    readonly source: CommitSource;
    readonly limits: SnapshotLimits;
    readonly sizes: Map<string, number>;
  };
  readonly #slots = new Semaphore({ slots: BLOB_WRITES_AT_ONCE, maxWaiting: 1 });
  readonly #running = new Set<Promise<void>>();
  #bytesInFlight = 0;
  #total = 0;

  constructor(
    blobs: BlobStore,
    context: {
      readonly source: CommitSource;
      readonly limits: SnapshotLimits;
      readonly sizes: Map<string, number>;
    },
  ) {
    this.#blobs = blobs;
    this.#context = context;
  }

  /** Throws to stop the reading; the reason is in `problem`. */
  async accept(object: ReadObject, oid: string): Promise<void> {
    const { source, limits, sizes } = this.#context;
    if (object.status === 'too-large') {
      this.#refuse(tooLarge(source, `a file of ${object.size} bytes`, limits.maxBlobBytes));
      return;
    }
    if (object.status === 'missing') return this.#refuseDamage(oid);
    sizes.set(oid, object.content.length);
    this.#total += object.content.length;
    if (this.#total > limits.maxTotalBytes) {
      this.#refuse(tooLarge(source, `more than ${limits.maxTotalBytes} bytes`, limits.maxTotalBytes));
    }
    if (this.problem !== undefined) throw new Error(this.problem.message);
    const release = await this.#slots.acquire();
    if (this.#bytesInFlight > MAX_BYTES_IN_FLIGHT) await Promise.all(this.#running);
    this.#bytesInFlight += object.content.length;
    const writing = this.#write(oid, object.content).finally(() => {
      this.#bytesInFlight -= object.content.length;
      this.#running.delete(writing);
      release?.();
    });
    this.#running.add(writing);
  }

  async finish(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #write(oid: string, content: Buffer): Promise<void> {
    try {
      if (!(await this.#blobs.write(oid, content))) this.#refuseDamage(oid);
    } catch (error) {
      this.problem ??= { code: 'INTERNAL', message: `Blob store cannot be written: ${String(error)}` };
    }
  }

  #refuseDamage(oid: string): void {
    const { source } = this.#context;
    source.onDamage();
    this.#refuse({
      code: 'GIT_FAILED',
      message: `${source.subject}: object ${oid} of the mirror is damaged; it is fetched anew`,
    });
  }

  #refuse(problem: Problem): void {
    this.problem ??= problem;
    throw new Error(problem.message);
  }
}

function tooLarge(source: CommitSource, found: string, limit: number): Problem {
  return {
    code: 'SOURCE_TOO_LARGE',
    message: `${source.subject}: the commit has ${found}, more than the limit of ${limit}; split the repository or raise the limit`,
  };
}

function asEntry({ path, mode, oid }: ChangedPath): readonly TreeEntry[] {
  return oid === undefined || mode === undefined ? [] : [{ path, mode, oid }];
}

const MAX_COMMIT_BYTES = 1024 * 1024;

async function readSubject(
  commit: string,
  source: CommitSource,
  signal: AbortSignal,
): Promise<Result<string>> {
  let subject: string | undefined;
  const read = await source.reader.read({
    names: [commit],
    maxBytes: MAX_COMMIT_BYTES,
    signal,
    onObject: (object) => {
      if (object.status === 'found' && object.type === 'commit') subject = subjectOf(object.content);
      else if (object.status === 'too-large') subject = '';
    },
  });
  if (!read.ok) return read;
  if (subject !== undefined) return ok(subject);
  return failed({ code: 'GIT_REF_NOT_FOUND', message: `${source.subject}: commit ${commit} does not exist` });
}

function subjectOf(commit: Buffer): string {
  const text = commit.toString('utf8');
  const body = text.indexOf('\n\n');
  return body < 0
    ? ''
    : (text
        .slice(body + 2)
        .trimStart()
        .split('\n', 1)[0] ?? '');
}

async function inParallel<T>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const item = items[next] as T;
      next += 1;
      await work(item);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
}
