// Projects what the engine knows of each object on `status.resources` and on the results of a sync.
// It never judges an object.

import type { ObjectRef, ResourceVerdict } from '@weir/core';
import { textAt } from '../resource/read-field.ts';
import type { ResourceResult, ResourceStatus } from './application-schema.ts';
import type { ApplicationView } from './application-view.ts';

const byIdentity = (left: ObjectRef, right: ObjectRef): number => {
  for (const key of ['group', 'kind', 'namespace', 'name'] as const) {
    if (left[key] !== right[key]) return left[key] < right[key] ? -1 : 1;
  }
  return 0;
};

/** Health is not repeated here: since 3.0 Argo CD keeps it in the resource tree only. */
export function projectResources(view: ApplicationView): readonly ResourceStatus[] {
  return [...view.verdict.resources]
    .sort((left, right) => byIdentity(left.ref, right.ref))
    .map(({ ref, sync, requiresPruning }) => ({
      ...(ref.group === '' ? {} : { group: ref.group }),
      version: ref.version,
      kind: ref.kind,
      ...(ref.namespace === '' ? {} : { namespace: ref.namespace }),
      name: ref.name,
      // Without a target everything that lives looks superfluous, and nothing is known.
      status: view.isLoadFailure ? 'Unknown' : sync,
      ...(requiresPruning || view.isLoadFailure ? { requiresPruning: true } : {}),
    }));
}

export interface RunOptions {
  readonly prune: boolean;
  readonly isFailed: boolean;
  readonly isDryRun: boolean;
}

export function projectResult(
  view: ApplicationView,
  resource: ResourceVerdict,
  options: RunOptions,
): ResourceResult {
  const { ref } = resource;
  return {
    group: ref.group,
    version: ref.version,
    kind: ref.kind,
    // Cluster-scoped objects are listed with the destination namespace, as Argo CD does.
    namespace: ref.namespace || (textAt(view.object, 'spec', 'destination', 'namespace') ?? ''),
    name: ref.name,
    ...outcomeFields(resource, options),
    syncPhase: 'Sync',
  };
}

function outcomeFields(resource: ResourceVerdict, options: RunOptions) {
  const done = options.isFailed ? 'Succeeded' : 'Running';
  switch (resource.outcome) {
    case 'failed':
      return { status: 'SyncFailed', message: failureText(resource), hookPhase: 'Failed' };
    case 'pruned':
      return { status: 'Pruned', message: 'pruned', hookPhase: 'Succeeded' };
    case 'skipped':
      return resource.requiresPruning
        ? { status: 'PruneSkipped', message: pruneSkipped(options.prune), hookPhase: 'Succeeded' }
        : { status: 'Synced', message: resource.message ?? 'skipped', hookPhase: done };
    default: {
      const suffix = options.isDryRun ? ' (dry run)' : '';
      const text = `${resourceName(resource.ref)} ${resource.outcome ?? 'unchanged'}${suffix}`;
      return { status: 'Synced', message: text, hookPhase: done };
    }
  }
}

function pruneSkipped(isPruning: boolean): string {
  return isPruning ? 'ignored (no prune)' : 'ignored (requires pruning)';
}

/** The server's own words; a kind that it does not know gets Argo CD's. */
export function failureText(resource: ResourceVerdict): string {
  const { ref, problem, message } = resource;
  if (problem?.code === 'KIND_UNKNOWN') {
    const place = ref.namespace === '' ? ref.name : `${ref.namespace}/${ref.name}`;
    return (
      `The Kubernetes API could not find ${ref.group}/${ref.kind} for requested resource ${place}. ` +
      `Make sure the "${ref.kind}" CRD is installed on the destination cluster.`
    );
  }
  return problem?.message ?? message ?? 'failed';
}

/** `deployment.apps/web`, as kubectl says it. */
function resourceName(ref: ObjectRef): string {
  const group = ref.group === '' ? '' : `.${ref.group}`;
  return `${ref.kind.toLowerCase()}${group}/${ref.name}`;
}
