// The table of sync options: which the engine carries out, which change nothing, which are unsupported.
// It reads the options of a whole Application only; those on single objects are the planner's business.

import type { Problem } from '@weir/core';
import { unsupportedField } from '../schema/problems.ts';

export interface SyncOptions {
  readonly createNamespace: boolean;
  readonly failOnShared: boolean;
  /** `Prune=false`: nothing is pruned, whatever else is said. */
  readonly neverPrune: boolean;
  /** `Delete=false`: the objects stay when the Application goes. */
  readonly keepOnDelete: boolean;
  readonly propagation?: 'Foreground' | 'Background';
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
  ServerSideApply: 'the engine always applies on the server side',
  ClientSideApplyMigration: 'the engine takes over client-side managers by itself',
  ApplyOutOfSyncOnly: 'the engine never writes an object that is in sync',
  SkipDryRunOnMissingResource: 'kinds that the same sync brings are waited for in any case',
  PruneLast: 'the order of deletion, not what is deleted',
  RespectIgnoreDifferences: 'without ignoreDifferences, which is unsupported, it does nothing',
};

const unsupportedOptions: Readonly<Record<string, string>> = {
  'Prune=confirm': 'confirmation of pruning is not supported yet',
  'Delete=confirm': 'confirmation of deletion is not supported yet',
  'Replace=true': 'replacing instead of applying is not supported yet',
  'PrunePropagationPolicy=orphan': 'orphaning dependents is not supported yet',
};

/** Options that Argo CD does not know are no error there, and none here. */
export function lowerSyncOptions(
  options: readonly string[],
  field: string,
): { readonly options: SyncOptions; readonly problems: readonly Problem[] } {
  const has = (option: string) => options.includes(option);
  const problems: Problem[] = [];
  options.forEach((option, index) => {
    const why = Object.hasOwn(unsupportedOptions, option) ? unsupportedOptions[option] : undefined;
    if (why !== undefined) problems.push(unsupportedField(`${field}[${index}]`, `${option}: ${why}`));
  });
  return {
    problems,
    options: {
      createNamespace: has('CreateNamespace=true'),
      failOnShared: has('FailOnSharedResource=true'),
      neverPrune: has('Prune=false'),
      keepOnDelete: has('Delete=false'),
      ...(has('PrunePropagationPolicy=background') ? { propagation: 'Background' } : {}),
      ...(has('PrunePropagationPolicy=foreground') ? { propagation: 'Foreground' } : {}),
    },
  };
}
