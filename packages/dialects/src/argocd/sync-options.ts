// The table of sync options: which the engine carries out, and which change nothing.
// It reads the options of a whole Application only; those on single objects are the planner's business.

export interface SyncOptions {
  readonly createNamespace: boolean;
  readonly failOnShared: boolean;
  /** `Prune=false`: nothing is pruned, whatever else is said. */
  readonly neverPrune: boolean;
  /** `Delete=false`: the objects stay when the Application goes. */
  readonly keepOnDelete: boolean;
  readonly replace: boolean;
  readonly serverSide: boolean;
  readonly pruneLast: boolean;
  readonly confirmPrune: boolean;
  readonly confirmDelete: boolean;
  /** Ignored fields are not written either. */
  readonly respectIgnored: boolean;
  readonly propagation?: 'Foreground' | 'Background' | 'Orphan';
}

/** Accepted without effect, by `Name=value` or by name for every value; the reason says why nothing changes. */
export const acceptedSyncOptions: Readonly<Record<string, string>> = {
  'CreateNamespace=false': 'the default',
  'Prune=true': 'the default',
  'Delete=true': 'the default',
  'Replace=false': 'the default',
  'FailOnSharedResource=false': 'the default',
  Force: 'Argo CD reads it from objects only',
  Validate: 'validation is left to the server in both cases, as Argo CD does in effect',
  'ServerSideApply=false': 'the default',
  ClientSideApplyMigration: 'the engine takes over client-side managers by itself',
  ApplyOutOfSyncOnly: 'the engine never writes an object that is in sync',
  SkipDryRunOnMissingResource: 'kinds that the same sync brings are waited for in any case',
  RespectIgnoreDifferences: 'without ignoreDifferences it does nothing',
};

/** Options that Argo CD does not know are no error there, and none here. */
export function lowerSyncOptions(options: readonly string[]): SyncOptions {
  const has = (option: string) => options.includes(option);
  return {
    createNamespace: has('CreateNamespace=true'),
    failOnShared: has('FailOnSharedResource=true'),
    neverPrune: has('Prune=false'),
    keepOnDelete: has('Delete=false'),
    replace: has('Replace=true'),
    serverSide: has('ServerSideApply=true'),
    pruneLast: has('PruneLast=true'),
    confirmPrune: has('Prune=confirm'),
    confirmDelete: has('Delete=confirm'),
    respectIgnored: has('RespectIgnoreDifferences=true'),
    ...(has('PrunePropagationPolicy=background') ? { propagation: 'Background' } : {}),
    ...(has('PrunePropagationPolicy=foreground') ? { propagation: 'Foreground' } : {}),
    ...(has('PrunePropagationPolicy=orphan') ? { propagation: 'Orphan' } : {}),
  };
}
