// Tells which Events a Kustomization's verdict gives, with Flux's reasons, words and annotations.
// A run is told once: when it ends, which the history in the status remembers.

import { type EventDraft, type ResourceVerdict, showRef } from '@weir/core';
import { elapsedMs, showGoDuration } from '../resource/go-duration.ts';
import { textAt } from '../resource/read-field.ts';
import { conditionOf } from './condition-set.ts';
import type { FailureDescription } from './describe-failure.ts';
import type { KustomizationView } from './kustomization-view.ts';
import { kustomizeGroup } from './names.ts';
import { isNewRun } from './project-history.ts';

export function projectEvents(
  view: KustomizationView,
  failure: FailureDescription | undefined,
): readonly EventDraft[] {
  if (view.isApplied) return isNewRun(view) ? successEvents(view) : [];
  if (view.verdict.stage === 'deleting') return isNewRun(view) ? deletionEvents(view) : [];
  if (failure === undefined) return [];
  const news = isNewRun(view) ? changeEvents(view) : [];
  return [...news, ...failureEvents(view, failure, news.length > 0)];
}

function revisionAnnotation(view: KustomizationView): Readonly<Record<string, string>> {
  return view.revision === '' ? {} : { [`${kustomizeGroup}/revision`]: view.revision };
}

function successEvents(view: KustomizationView): readonly EventDraft[] {
  const { run } = view.verdict;
  const duration = showGoDuration(elapsedMs(run?.startedAt, run?.finishedAt));
  const annotations = revisionAnnotation(view);
  const passed: readonly EventDraft[] = view.waits
    ? [{ type: 'Normal', reason: 'Progressing', message: `Health check passed in ${duration}`, annotations }]
    : [];
  return [
    ...changeEvents(view),
    ...passed,
    {
      type: 'Normal',
      reason: 'ReconciliationSucceeded',
      message: `Reconciliation finished in ${duration}, next run in ${view.interval}`,
      annotations: { ...annotations, [`${kustomizeGroup}/commit_status`]: 'update' },
    },
  ];
}

function deletionEvents(view: KustomizationView): readonly EventDraft[] {
  return changeEvents(view).map((event) => ({ ...event, reason: 'ReconciliationSucceeded' }));
}

/** One event for what was applied, then one for what was pruned. */
function changeEvents(view: KustomizationView): readonly EventDraft[] {
  const results = view.verdict.run?.results ?? [];
  const isPrune = ({ outcome, requiresPruning }: ResourceVerdict) =>
    outcome === 'pruned' || (outcome === 'skipped' && requiresPruning);
  const isApply = ({ outcome }: ResourceVerdict) => outcome === 'created' || outcome === 'configured';
  return [results.filter(isApply), results.filter(isPrune)]
    .filter((changed) => changed.length > 0)
    .map((changed) => ({
      type: 'Normal',
      reason: 'Progressing',
      message: changed.map(changeLine).join('\n'),
      annotations: revisionAnnotation(view),
    }));
}

function changeLine({ ref, outcome }: ResourceVerdict): string {
  return `${showRef(ref)} ${outcome === 'pruned' ? 'deleted' : outcome}`;
}

function failureEvents(
  view: KustomizationView,
  failure: FailureDescription,
  isNews: boolean,
): readonly EventDraft[] {
  if (failure.event === undefined) return [];
  const known = conditionOf(view.before, 'Ready');
  const isKnown =
    textAt(known, 'reason') === failure.reason &&
    textAt(known, 'message') === failure.message &&
    // The revision of the failure stands in the progress that Flux leaves behind.
    (failure.stage === undefined || isSameProgress(view, failure.stage));
  if (isKnown && !isNews) return [];
  const { type, message } = failure.event;
  return [{ type, reason: failure.reason, message, annotations: revisionAnnotation(view) }];
}

function isSameProgress(view: KustomizationView, stage: string): boolean {
  const message = textAt(conditionOf(view.before, 'Reconciling'), 'message') ?? '';
  return message.startsWith(`${stage} for revision ${view.revision} `);
}
