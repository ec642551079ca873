// Projects a verdict on a Kustomization: conditions, revisions, inventory, history.
// It never judges, and changes nothing when nothing changed.

import { type DeliveryVerdict, type KubeObject, type Projection, showProblem } from '@weir/core';
import { showGoDuration } from '../resource/go-duration.ts';
import { numberAt, recordAt, textAt } from '../resource/read-field.ts';
import { type ConditionDraft, changeConditions, conditionOf } from './condition-set.ts';
import {
  describeFailure,
  describeInvalid,
  describeOrphaning,
  type FailureDescription,
  unhealthyMessage,
} from './describe-failure.ts';
import { mergedStatus, type Status } from './flux-projection.ts';
import { type KustomizationView, viewKustomization } from './kustomization-view.ts';
import { requestedAtAnnotation } from './names.ts';
import { newReconciliation, projectHistory, type Reconciliation } from './project-history.ts';
import { projectInventory } from './project-inventory.ts';
import { projectEvents } from './project-kustomization-events.ts';
import { showRevision } from './show-revision.ts';

export function projectKustomization(input: {
  readonly object: KubeObject;
  readonly verdict: DeliveryVerdict;
  readonly now: string;
}): Projection {
  const view = viewKustomization(input);
  const failure = failureOf(view);
  const news = newReconciliation(view);
  const handled = handledToken(view);
  const status = mergedStatus(view.before, {
    observedGeneration: numberAt(view.before, 'observedGeneration') ?? -1,
    ...stageFields(view, failure, news),
    lastHandledReconcileAt: handled,
  });
  return { status, events: projectEvents(view, failure, news) };
}

/** Reading anew is all that a request to an unreadable resource can do, so it counts as handled. */
function handledToken(view: KustomizationView): string | undefined {
  const { stage, handledToken } = view.verdict;
  const asked = textAt(view.object, 'metadata', 'annotations', requestedAtAnnotation);
  return (stage === 'invalid' ? asked : handledToken) ?? textAt(view.before, 'lastHandledReconcileAt');
}

function failureOf(view: KustomizationView): FailureDescription | undefined {
  const { stage } = view.verdict;
  if (stage === 'invalid') return describeInvalid(view);
  if (stage === 'deleting') return describeOrphaning(view);
  return stage === 'failed' || stage === 'waiting' || stage === 'blocked' ? describeFailure(view) : undefined;
}

function stageFields(
  view: KustomizationView,
  failure: FailureDescription | undefined,
  news: Reconciliation | undefined,
): Status {
  const { stage } = view.verdict;
  if (view.isApplied) return readyFields(view, news);
  if (stage === 'suspended') return { observedGeneration: view.generation };
  // What is being deleted shows its last state until it is gone.
  if (stage === 'deleting') return historyFields(view, news, 'ReconciliationSucceeded');
  if (failure !== undefined) return failureFields(view, failure, news);
  return progressFields(view);
}

function readyFields(view: KustomizationView, news: Reconciliation | undefined): Status {
  const { verdict, waits, applied: revision } = view;
  const set: ConditionDraft[] = [
    {
      type: 'Ready',
      status: 'True',
      reason: 'ReconciliationSucceeded',
      message: [`Applied revision: ${revision}`, ...warningsOf(verdict)].join('; '),
    },
  ];
  if (waits) set.push(healthyCondition(view, news));
  return {
    observedGeneration: view.generation,
    conditions: conditions(view, set, ['Reconciling', 'Stalled', ...(waits ? [] : ['Healthy'])]),
    lastAppliedRevision: revision,
    lastAttemptedRevision: revision,
    inventory: { ...recordAt(view.before, 'inventory'), entries: projectInventory(verdict.resources) },
    ...historyFields(view, news, 'ReconciliationSucceeded'),
  };
}

const maxWarnings = 3;

/** What is amiss and hinders nothing. */
function warningsOf({ problems }: DeliveryVerdict): string[] {
  const more = problems.length - maxWarnings;
  return [...problems.slice(0, maxWarnings).map(showProblem), ...(more > 0 ? [`${more} more`] : [])];
}

function historyFields(view: KustomizationView, news: Reconciliation | undefined, status: string): Status {
  const history = projectHistory(view, news, status);
  return history.length === 0 ? {} : { history };
}

/** The message of the check that passed stays until there is another check. */
function healthyCondition(view: KustomizationView, news: Reconciliation | undefined): ConditionDraft {
  const known = conditionOf(view.before, 'Healthy');
  const message = `Health check passed in ${showGoDuration(news?.durationMs ?? 0)}`;
  const isKept = news === undefined && known?.status === 'True';
  return {
    type: 'Healthy',
    status: 'True',
    reason: 'Succeeded',
    message: (isKept ? textAt(known, 'message') : undefined) ?? message,
  };
}

function failureFields(
  view: KustomizationView,
  failure: FailureDescription,
  news: Reconciliation | undefined,
): Status {
  const { verdict } = view;
  const isTerminal = verdict.stage === 'invalid';
  const isHealth = verdict.failedStep === 'health';
  const { reason, message, stage } = failure;
  const set: ConditionDraft[] = [{ type: 'Ready', status: 'False', reason, message }];
  if (isTerminal) set.push({ type: 'Stalled', status: 'True', reason, message });
  if (stage !== undefined) {
    const progress = `${stage} for revision ${view.revision} with a timeout of ${view.timeout}`;
    set.push({ type: 'Reconciling', status: 'True', reason: 'ProgressingWithRetry', message: progress });
  }
  if (isHealth) {
    set.push({ type: 'Healthy', status: 'False', reason, message: unhealthyMessage(view) });
  }
  const removed = [...(isTerminal ? [] : ['Stalled']), ...(stage === undefined ? ['Reconciling'] : [])];
  const attempted = attemptedRevision(view);
  return {
    ...(isTerminal ? { observedGeneration: view.generation } : {}),
    conditions: conditions(view, set, removed),
    ...(attempted === undefined ? {} : { lastAttemptedRevision: attempted }),
    ...(isHealth ? { inventory: { entries: projectInventory(verdict.resources) } } : {}),
    ...historyFields(view, news, reason),
  };
}

/** A build that failed was an attempt; a source or path that is not there was none. */
function attemptedRevision(view: KustomizationView): string | undefined {
  const { failedStep, problems, attemptedRevision: attempted } = view.verdict;
  const isBuild = failedStep === 'render' && !problems.some(({ code }) => code === 'PATH_NOT_FOUND');
  if (isBuild && view.revision !== '') return view.revision;
  return attempted === undefined ? undefined : showRevision(attempted);
}

function progressFields(view: KustomizationView): Status {
  const { verdict, waits } = view;
  const isWaiting = waits && verdict.run?.phase === 'succeeded' && verdict.stage === 'progressing';
  const stage = isWaiting ? 'Running health checks' : 'Detecting drift';
  const message =
    view.revision === ''
      ? 'Reconciliation in progress'
      : `${stage} for revision ${view.revision} with a timeout of ${view.timeout}`;
  const attempted = verdict.attemptedRevision;
  return {
    conditions: conditions(
      view,
      [
        { type: 'Reconciling', status: 'True', reason: 'Progressing', message },
        { type: 'Ready', status: 'Unknown', reason: 'Progressing', message: 'Reconciliation in progress' },
        ...(isWaiting
          ? [{ type: 'Healthy', status: 'Unknown', reason: 'Progressing', message } as const]
          : []),
      ],
      ['Stalled'],
    ),
    ...(attempted === undefined ? {} : { lastAttemptedRevision: showRevision(attempted) }),
  };
}

function conditions(view: KustomizationView, set: readonly ConditionDraft[], removed: readonly string[]) {
  return changeConditions({
    status: view.before,
    set,
    removed,
    generation: view.generation,
    now: view.now,
  });
}
