// Tells which Events a Kustomization's verdict gives, with Flux's reasons, words and annotations.
// A run is told once: when it ends, which the history in the status remembers.

import { type EventDraft, type ResourceVerdict, showRef } from '@weir/core';
import { showGoDuration } from '../resource/go-duration.ts';
import { fieldAt, textAt } from '../resource/read-field.ts';
import { byApplyOrder } from './apply-order.ts';
import { conditionOf } from './condition-set.ts';
import type { FailureDescription } from './describe-failure.ts';
import type { KustomizationView } from './kustomization-view.ts';
import { kustomizeGroup } from './names.ts';
import type { Reconciliation } from './project-history.ts';

export function projectEvents(
  view: KustomizationView,
  failure: FailureDescription | undefined,
  news: Reconciliation | undefined,
): readonly EventDraft[] {
  if (failure !== undefined) return [...changeEvents(view, news), ...failureEvents(view, failure, news)];
  if (news === undefined) return [];
  return view.isApplied ? successEvents(view, news) : deletionEvents(view, news);
}

function revisionAnnotation(view: KustomizationView): Readonly<Record<string, string>> {
  return view.revision === '' ? {} : { [`${kustomizeGroup}/revision`]: view.revision };
}

function successEvents(view: KustomizationView, news: Reconciliation): readonly EventDraft[] {
  const duration = showGoDuration(news.durationMs);
  const annotations = revisionAnnotation(view);
  const passed: readonly EventDraft[] = view.waits
    ? [{ type: 'Normal', reason: 'Progressing', message: `Health check passed in ${duration}`, annotations }]
    : [];
  return [
    ...changeEvents(view, news),
    ...passed,
    {
      type: 'Normal',
      reason: 'ReconciliationSucceeded',
      message: `Reconciliation finished in ${duration}, next run in ${view.interval}`,
      annotations: { ...annotations, [`${kustomizeGroup}/commit_status`]: 'update' },
    },
  ];
}

function deletionEvents(view: KustomizationView, news: Reconciliation): readonly EventDraft[] {
  return changeEvents(view, news).map((event) => ({ ...event, reason: 'ReconciliationSucceeded' }));
}

/** One event for what was applied, then one for what was pruned. */
function changeEvents(view: KustomizationView, news: Reconciliation | undefined): readonly EventDraft[] {
  const results = news?.results ?? [];
  // Without prune Flux does not look at what is no longer in the source.
  const prunes = fieldAt(view.object, 'spec', 'prune') === true || view.verdict.stage === 'deleting';
  const isPrune = ({ outcome, requiresPruning }: ResourceVerdict) =>
    outcome === 'pruned' || (outcome === 'skipped' && requiresPruning && prunes);
  const isApply = ({ outcome }: ResourceVerdict) => outcome === 'created' || outcome === 'configured';
  const inOrder = [...results].sort((left, right) => byApplyOrder(left.ref, right.ref));
  return [inOrder.filter(isApply), inOrder.filter(isPrune).reverse()]
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
  news: Reconciliation | undefined,
): readonly EventDraft[] {
  if (failure.event === undefined) return [];
  const known = conditionOf(view.before, 'Ready');
  const isKnown =
    textAt(known, 'reason') === failure.reason &&
    textAt(known, 'message') === failure.message &&
    // The revision of the failure stands in the progress that Flux leaves behind.
    (failure.stage === undefined || isSameProgress(view, failure.stage));
  if (isKnown && news === undefined) return [];
  const { type, message } = failure.event;
  return [{ type, reason: failure.reason, message, annotations: revisionAnnotation(view) }];
}

function isSameProgress(view: KustomizationView, stage: string): boolean {
  const message = textAt(conditionOf(view.before, 'Reconciling'), 'message') ?? '';
  return message.startsWith(`${stage} for revision ${view.revision} `);
}
