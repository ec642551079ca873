// Turns an Application's sync policy, sync options and order into the neutral sync and deletion policies.
// It never decides when to sync.

import type { DeletionPolicy, KubeObject, Problem, SyncPolicy } from '@weir/core';
import { textsAt } from '../resource/read-field.ts';
import { invalidField, unsupportedField } from '../schema/problems.ts';
import type { ApplicationSpec } from './application-schema.ts';
import type { LoweredOperation } from './lower-operation.ts';
import { lowerRetry } from './lower-retry.ts';
import { resourcesFinalizer } from './names.ts';
import { lowerSyncOptions, type SyncOptions } from './sync-options.ts';

/** How often everything is compared anew (`timeout.reconciliation`). */
export const reconcileIntervalMs = 120_000;
/** Argo CD has no limit; this one only ends what would hang for ever. */
const syncTimeoutMs = 3_600_000;
/** Automated syncs that name no retry. */
const automatedRetryLimit = 5;

export function lowerPolicy(
  object: KubeObject,
  spec: ApplicationSpec,
  lowered: LoweredOperation | undefined,
): {
  readonly policy: SyncPolicy;
  readonly deletion: DeletionPolicy;
  readonly respectIgnored: boolean;
  readonly problems: readonly Problem[];
} {
  const standing = spec.syncPolicy ?? {};
  const { automated } = standing;
  const isAutomated = automated !== undefined && automated.enabled !== false;
  const options = lowerSyncOptions(standing.syncOptions ?? []);
  // An order counts with its own options; Argo CD's server copies those of the spec into it.
  const ordered = lowerSyncOptions(lowered?.operation.sync?.syncOptions ?? []);
  const metadata = standing.managedNamespaceMetadata;
  const retry =
    lowered === undefined
      ? lowerRetry({
          retry: standing.retry,
          defaultLimit: isAutomated ? automatedRetryLimit : 0,
          field: 'spec.syncPolicy.retry',
        })
      : lowerRetry({ retry: lowered.operation.retry, defaultLimit: 0, field: 'operation.retry' });
  return {
    policy: {
      mode: isAutomated ? 'automatic' : 'manual',
      prune: isAutomated && automated.prune === true && !options.neverPrune,
      selfHeal: isAutomated && automated.selfHeal === true,
      allowEmpty: isAutomated && automated.allowEmpty === true,
      wait: false,
      createNamespace: options.createNamespace || ordered.createNamespace,
      ...(metadata === undefined ? {} : { namespaceMetadata: metadata }),
      force: lowered?.force === true,
      replace: options.replace || ordered.replace,
      lastApplied: !options.serverSide && !ordered.serverSide,
      pruneLast: options.pruneLast || ordered.pruneLast,
      confirmPrune: options.confirmPrune || ordered.confirmPrune,
      atomicity: 'partial',
      failOnShared: options.failOnShared || ordered.failOnShared,
      timeoutMs: syncTimeoutMs,
      retry: retry.retry,
      intervalMs: reconcileIntervalMs,
    },
    deletion: lowerDeletion(object, options),
    respectIgnored: options.respectIgnored || ordered.respectIgnored,
    problems: retry.problems,
  };
}

function lowerDeletion(object: KubeObject, options: SyncOptions): DeletionPolicy {
  const finalizer = textsAt(object, 'metadata', 'finalizers').find(
    (each) => each === resourcesFinalizer || each.startsWith(`${resourcesFinalizer}/`),
  );
  const named = finalizer?.endsWith('/background')
    ? 'Background'
    : finalizer?.endsWith('/foreground')
      ? 'Foreground'
      : undefined;
  return {
    ...(finalizer === undefined ? {} : { finalizer }),
    ensureFinalizer: false,
    mode: finalizer === undefined || options.keepOnDelete ? 'orphan' : 'delete',
    keepsDefinitions: true,
    confirm: options.confirmDelete,
    propagation: named ?? options.propagation ?? 'Foreground',
  };
}

/** Fields of the spec that would change what is deployed if they were ignored. */
export function unsupportedSpecFields(spec: ApplicationSpec): readonly Problem[] {
  const problems: Problem[] = [];
  if (spec.project !== '' && spec.project !== 'default') {
    problems.push(
      unsupportedField(
        'spec.project',
        "the restrictions of projects other than 'default' are not supported yet",
      ),
    );
  }
  if (spec.sourceHydrator !== undefined) problems.push(unsupportedField('spec.sourceHydrator'));
  if ((spec.revisionHistoryLimit ?? 0) < 0) {
    problems.push(invalidField('spec.revisionHistoryLimit', 'expected 0 or more'));
  }
  return problems;
}
