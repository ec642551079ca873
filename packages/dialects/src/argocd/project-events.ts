// Tells which Events follow from the change of an Application's status, with Argo CD's reasons and words.
// The same status twice gives no event.

import { type EventDraft, showDrift, showRef } from '@weir/core';
import { kubeTime } from '../resource/kube-time.ts';
import { fieldAt, textAt } from '../resource/read-field.ts';
import type { ApplicationView } from './application-view.ts';

type Status = Readonly<Record<string, unknown>>;

export function projectEvents(view: ApplicationView, after: Status): readonly EventDraft[] {
  const started = startedEvents(view, after);
  const from = textAt(view.before, 'sync', 'status') ?? '';
  const to = textAt(after, 'sync', 'status') ?? '';
  // An automated sync begins because something is out of sync, though nobody wrote that down meanwhile.
  const isPassed = started.length > 0 && view.verdict.run?.trigger !== 'order' && from !== 'OutOfSync';
  const changes = isPassed
    ? [...changed('sync', from, 'OutOfSync'), ...changed('sync', 'OutOfSync', to)]
    : changed('sync', from, to);
  return [
    ...started,
    ...changes,
    ...changed(
      'health',
      textAt(view.before, 'health', 'status') ?? '',
      textAt(after, 'health', 'status') ?? '',
    ),
    ...(from !== to && to === 'OutOfSync' ? driftEvents(view) : []),
    ...completedEvents(view, after),
    ...conditionEvents(view, after),
  ];
}

/**
 * A Warning for each new condition. Argo CD posts none; here whoever only watches events learns of every failure. A text
 * that an operation's end has told already is not told twice.
 */
function conditionEvents(view: ApplicationView, after: Status): readonly EventDraft[] {
  const known = new Set(conditionsOf(view.before).map(({ type, message }) => `${type} ${message}`));
  return conditionsOf(after)
    .filter(({ type, message }) => !isToldByEnd(type, message) && !known.has(`${type} ${message}`))
    .map(({ type, message }) => ({ type: 'Warning', reason: type, message }));
}

/** A sync that was skipped has no end that could tell of it. */
function isToldByEnd(type: string, message: string): boolean {
  return type === 'SyncError' && !message.startsWith('Skipping sync attempt');
}

function conditionsOf(status: unknown): readonly { readonly type: string; readonly message: string }[] {
  const conditions = fieldAt(status, 'conditions');
  if (!Array.isArray(conditions)) return [];
  return conditions.map((condition) => ({
    type: textAt(condition, 'type') ?? '',
    message: textAt(condition, 'message') ?? '',
  }));
}

/** Objects that one event names. */
const maxNamed = 5;

/** Argo CD posts none: its users look at the difference in its interface. */
function driftEvents(view: ApplicationView): readonly EventDraft[] {
  const drifted = view.verdict.resources.flatMap(({ ref, drift = [] }) =>
    drift.length === 0 ? [] : [`${showRef(ref)} differs from Git in ${showDrift(drift)}`],
  );
  if (drifted.length === 0) return [];
  const more = drifted.length > maxNamed ? [`${drifted.length - maxNamed} more objects`] : [];
  const message = [...drifted.slice(0, maxNamed), ...more].join('; ');
  return [{ type: 'Normal', reason: 'DriftDetected', message }];
}

function startedEvents(view: ApplicationView, after: Status): readonly EventDraft[] {
  const startedAt = textAt(after, 'operationState', 'startedAt');
  const { run } = view.verdict;
  if (run === undefined || startedAt !== kubeTime(run.startedAt)) return [];
  if (startedAt === textAt(view.before, 'operationState', 'startedAt')) return [];
  if (textAt(after, 'operationState', 'phase') === 'Error') return [];
  return [{ type: 'Normal', reason: 'OperationStarted', message: startedMessage(view, after) }];
}

function startedMessage(view: ApplicationView, after: Status): string {
  const commit = view.verdict.run?.revision.commit ?? '';
  const by = fieldAt(after, 'operationState', 'operation', 'initiatedBy');
  if (view.verdict.run?.trigger !== 'order') return `Initiated automated sync to '${commit}'`;
  const target = textAt(view.source, 'targetRevision') || 'HEAD';
  return `${textAt(by, 'username') || 'Unknown user'} initiated sync to ${target} (${commit})`;
}

function completedEvents(view: ApplicationView, after: Status): readonly EventDraft[] {
  const state = fieldAt(after, 'operationState');
  const finishedAt = textAt(state, 'finishedAt');
  if (finishedAt === undefined || finishedAt === textAt(view.before, 'operationState', 'finishedAt'))
    return [];
  const phase = textAt(state, 'phase');
  const isPartial = fieldAt(state, 'operation', 'sync', 'resources') !== undefined;
  const revision = textAt(state, 'syncResult', 'revision') ?? view.verdict.run?.revision.commit ?? '';
  const what = `${isPartial ? 'Partial sync' : 'Sync'} operation to ${revision}`;
  if (phase === 'Succeeded') {
    return [{ type: 'Normal', reason: 'OperationCompleted', message: `${what} succeeded` }];
  }
  const message = `${what} failed: ${textAt(state, 'message') ?? ''}`;
  return [{ type: 'Warning', reason: 'OperationCompleted', message }];
}

function changed(field: 'sync' | 'health', from: string, to: string): readonly EventDraft[] {
  if (from === to) return [];
  return [
    { type: 'Normal', reason: 'ResourceUpdated', message: `Updated ${field} status: ${from} -> ${to}` },
  ];
}
