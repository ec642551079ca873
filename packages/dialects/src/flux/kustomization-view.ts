// Everything that a projection on a Kustomization looks at, gathered once.
// It never decides what is written.

import { type DeliveryVerdict, isWell, type KubeObject, type ResolvedRef } from '@weir/core';
import { showGoDuration } from '../resource/go-duration.ts';
import { ownerOf } from '../resource/owner-of.ts';
import { fieldAt, recordAt, textAt } from '../resource/read-field.ts';
import type { Status } from './flux-projection.ts';
import { kustomizationTiming } from './kustomization-timing.ts';
import { showRevision } from './show-revision.ts';

export interface KustomizationView {
  readonly object: KubeObject;
  readonly verdict: DeliveryVerdict;
  readonly now: string;
  readonly before: Readonly<Status>;
  readonly generation: number;
  /** For all objects, or for those that `healthChecks` names. */
  readonly waits: boolean;
  /** Of the source, or '' while it has none. */
  readonly revision: string;
  /** The revision that is in force, or '' while there is none. */
  readonly applied: string;
  readonly timeout: string;
  readonly interval: string;
  /** Flux's Ready: applied, and with `wait` healthy too. */
  readonly isApplied: boolean;
}

export function viewKustomization(input: {
  readonly object: KubeObject;
  readonly verdict: DeliveryVerdict;
  readonly now: string;
}): KustomizationView {
  const { object, verdict } = input;
  const isAll = fieldAt(object, 'spec', 'wait') === true;
  const waits = isAll || verdict.checks !== undefined;
  const timing = kustomizationTiming({
    interval: textAt(object, 'spec', 'interval') ?? '',
    ...text(object, 'retryInterval'),
    ...text(object, 'timeout'),
  });
  return {
    ...input,
    before: recordAt(object, 'status') ?? {},
    generation: ownerOf(object).generation,
    waits,
    revision: showOptional(verdict.revision),
    applied: showOptional(verdict.appliedRevision ?? verdict.revision),
    timeout: showGoDuration(timing.timeoutMs),
    interval: showGoDuration(timing.intervalMs),
    isApplied: isApplied(verdict, isAll),
  };
}

/**
 * Flux's Ready: every object of the source is applied, and what is waited for is healthy. What it would have pruned and may not
 * is nothing to Flux, and without `wait` neither is what becomes of the objects.
 */
function isApplied(verdict: DeliveryVerdict, isAll: boolean): boolean {
  const { stage, revision, appliedRevision, resources } = verdict;
  if (stage === 'ready') return true;
  if (stage !== 'progressing' && stage !== 'out-of-sync') return false;
  if (verdict.checks?.every(({ health }) => isWell(health)) === false) return false;
  if (appliedRevision === undefined || appliedRevision.commit !== revision?.commit) return false;
  const kept = resources.filter(({ requiresPruning }) => !requiresPruning);
  return kept.every(
    ({ sync, health }) => sync === 'Synced' && (!isAll || health === undefined || isWell(health)),
  );
}

function showOptional(resolved: ResolvedRef | undefined): string {
  return resolved === undefined ? '' : showRevision(resolved);
}

function text<Key extends string>(object: KubeObject, key: Key): { [K in Key]?: string } {
  const value = textAt(object, 'spec', key);
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: string };
}
