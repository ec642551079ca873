// Projects a successful sync on `status.history`.
// It never rewrites an entry that is there.

import { kubeTime } from '../resource/kube-time.ts';
import { fieldAt, numberAt, recordAt, recordsAt, textAt } from '../resource/read-field.ts';
import { isSame } from '../resource/stable-digest.ts';
import type { HistoryEntry } from './application-schema.ts';
import { type ApplicationView, revisionFields, sourceFields } from './application-view.ts';

const defaultLimit = 10;

/**
 * A full successful sync is an entry: always when it was ordered, and when it was automatic only with another revision
 * or source, so that repeating it for reasons of the engine's own leaves no trace. Self-heal and dry runs are none.
 */
export function projectHistory(
  view: ApplicationView,
  operationState: Record<string, unknown> | undefined,
): readonly Record<string, unknown>[] {
  const entries = recordsAt(view.before, 'history');
  const limit = numberAt(view.object, 'spec', 'revisionHistoryLimit') ?? defaultLimit;
  const { run } = view.verdict;
  const last = entries.at(-1);
  if (run === undefined || run.phase !== 'succeeded' || run.dryRun || run.trigger === 'self-heal')
    return entries;
  const startedAt = textAt(operationState, 'startedAt') ?? kubeTime(run.startedAt);
  if (entries.some((entry) => textAt(entry, 'deployStartedAt') === startedAt)) return entries;
  // Only the operation that the status shows now; an older run was told in its time.
  if (textAt(operationState, 'finishedAt') !== kubeTime(run.finishedAt ?? '')) return entries;
  const where = { ...revisionFields(view, run.revision.commit), ...sourceFields(view) };
  if (run.trigger === 'automatic' && last !== undefined && isSamePlace(last, where)) return entries;
  const entry: HistoryEntry = {
    id: (numberAt(last, 'id') ?? -1) + 1,
    ...where,
    deployStartedAt: startedAt,
    deployedAt: kubeTime(run.finishedAt ?? view.now),
    initiatedBy: recordAt(operationState, 'operation', 'initiatedBy') ?? {},
  };
  return limit <= 0 ? [] : [...entries, entry].slice(-limit);
}

function isSamePlace(entry: Record<string, unknown>, where: Record<string, unknown>): boolean {
  return Object.entries(where).every(([key, value]) => isSame(fieldAt(entry, key), value));
}
