// The public face of source.

export type { ChangedPath } from './changed-paths.ts';
export type { GitCredentials } from './git-environment.ts';
export { isSameRepository } from './git-url.ts';
export type { Log } from './log.ts';
export { isAffected, type ReadSet } from './read-set.ts';
export type { FetchedRepository } from './ref-table.ts';
export type { FileEntry, SnapshotTree } from './snapshot-tree.ts';
export { digestOfListing } from './snapshot-tree.ts';
export type { Snapshot, SnapshotLimits } from './snapshots.ts';
export {
  createSourceStore,
  type FetchRequest,
  type SourceStats,
  type SourceStore,
  type SourceStoreOptions,
} from './source-store.ts';
