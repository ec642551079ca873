// Projects what a run did to each object on `operationState.syncResult.resources`.
// It never reorders what the engine did: prunes first, then objects in the order of applying.

import {
  type HookStatus,
  idOf,
  type ObjectRef,
  type ResourceVerdict,
  type Run,
  syncPhases,
} from '@weir/core';
import type { ResourceResult } from './application-schema.ts';
import { type ApplicationView, destinationNamespace } from './application-view.ts';
import { fitInStatus } from './fit-in-status.ts';
import { failureText, unknownKindText } from './project-resources.ts';
import { unknownKinds } from './run-state.ts';
import { phaseNames } from './sync-sequence.ts';

interface RunOptions {
  readonly prune: boolean;
  readonly isFailed: boolean;
  readonly isDryRun: boolean;
}

/** A full sync tells of every object, also of those that it left unchanged; self-heal of the healed ones only. */
export function projectResults(view: ApplicationView, run: Run, prune: boolean): readonly ResourceResult[] {
  const unknown = unknownKinds(view);
  if (run.phase === 'failed' && unknown.length > 0) return unknown.map((ref) => invalidResult(view, ref));
  const options: RunOptions = { prune, isFailed: run.phase === 'failed', isDryRun: run.dryRun };
  const told = new Map(run.results.map((result) => [idOf(result.ref), result]));
  const kept = view.verdict.resources.filter(
    ({ requiresPruning, isHook }) => !requiresPruning && isHook !== true,
  );
  const applied = kept.flatMap((resource) => {
    const result = told.get(idOf(resource.ref));
    if (result !== undefined) told.delete(idOf(resource.ref));
    if (result !== undefined || run.trigger === 'self-heal') return result ?? [];
    return resource.sync === 'Synced' ? [{ ...resource, outcome: 'unchanged' } as const] : [];
  });
  const all = [...told.values(), ...applied].sort((a, b) => rankOf(a) - rankOf(b));
  const results = fitInStatus(all, {
    room: maxResults,
    isTelling: (result) => result.outcome !== 'unchanged',
  });
  const longest = results.length > manyResults ? clippedLength : maxLength;
  return results.map((result) => {
    const projected = projectResult(view, result, options);
    return { ...projected, message: projected.message?.slice(0, longest) ?? '' };
  });
}

/** About 200 bytes each; with the resources of the status they stay below 1.5 MB together. */
const maxResults = 2_000;
const manyResults = 200;
const maxLength = 4_000;
const clippedLength = 250;

const rankOf = ({ phase = 'sync' }: ResourceVerdict): number => syncPhases.indexOf(phase);

/** Argo CD finds these before it runs anything, so that they never had a phase of their own. */
function invalidResult(view: ApplicationView, ref: ObjectRef): ResourceResult {
  const fields = identityOf(view, ref);
  return {
    ...fields,
    status: 'SyncFailed',
    message: unknownKindText(ref, fields.namespace),
    syncPhase: 'Sync',
  };
}

function identityOf(view: ApplicationView, ref: ObjectRef) {
  return {
    group: ref.group,
    version: ref.version,
    kind: ref.kind,
    // Cluster-scoped objects are listed with the destination namespace, as Argo CD does.
    namespace: ref.namespace || destinationNamespace(view),
    name: ref.name,
  };
}

function projectResult(
  view: ApplicationView,
  resource: ResourceVerdict,
  options: RunOptions,
): ResourceResult {
  const fields = resource.isHook === true ? hookFields(resource) : outcomeFields(resource, options);
  const phase = resource.phase ?? 'sync';
  return { ...identityOf(view, resource.ref), ...fields, syncPhase: phaseNames[phase] };
}

const hookPhases: Readonly<Record<HookStatus, string>> = {
  running: 'Running',
  succeeded: 'Succeeded',
  failed: 'Failed',
  terminated: 'Failed',
};

/** Of a hook its own end counts, in the words of its health. */
function hookFields(resource: ResourceVerdict) {
  const hookType = phaseNames[resource.phase ?? 'sync'];
  const hookPhase = resource.hookStatus === undefined ? 'Failed' : hookPhases[resource.hookStatus];
  if (resource.outcome === 'failed')
    return { status: 'SyncFailed', message: failureText(resource), hookPhase: 'Failed', hookType };
  return { status: 'Synced', message: resource.message ?? '', hookPhase, hookType };
}

function outcomeFields(resource: ResourceVerdict, options: RunOptions) {
  const done = options.isFailed || resource.isSettled === true ? 'Succeeded' : 'Running';
  switch (resource.outcome) {
    case 'failed':
      return { status: 'SyncFailed', message: failureText(resource), hookPhase: 'Failed' };
    case 'pruned':
      return { status: 'Pruned', message: 'pruned', hookPhase: 'Succeeded' };
    case 'skipped': {
      const message =
        resource.message ?? (options.prune ? 'ignored (no prune)' : 'ignored (requires pruning)');
      return resource.requiresPruning
        ? { status: 'PruneSkipped', message, hookPhase: 'Succeeded' }
        : { status: 'Synced', message, hookPhase: done };
    }
    default: {
      const suffix = options.isDryRun ? ' (dry run)' : '';
      const text = `${resourceName(resource.ref)} ${resource.outcome ?? 'unchanged'}${suffix}`;
      return { status: 'Synced', message: text, hookPhase: done };
    }
  }
}

/** `deployment.apps/web`, as kubectl says it. */
function resourceName(ref: ObjectRef): string {
  const group = ref.group === '' ? '' : `.${ref.group}`;
  return `${ref.kind.toLowerCase()}${group}/${ref.name}`;
}
