// Projects finished runs on `status.history` of a Kustomization: at most five renderings, the last one first.
// A run that is in it already changes nothing; so it also tells which runs are news.

import { elapsedMs, showGoDuration } from '../resource/go-duration.ts';
import { numberAt, recordsAt, textAt } from '../resource/read-field.ts';
import type { KustomizationHistoryEntry } from './kustomization-schema.ts';
import type { KustomizationView } from './kustomization-view.ts';

const limit = 5;

type Entry = Record<string, unknown>;

/** A failure of these steps is one of the run; others come before it, and leave the run before them alone. */
const runSteps: ReadonlySet<unknown> = new Set(['apply', 'prune', 'health', 'plan', 'cluster']);

/** Whether the last run has ended, is what the verdict is about, and is not in the history yet. */
export function isNewRun(view: KustomizationView): boolean {
  const { run, stage, failedStep } = view.verdict;
  const finishedAt = run?.finishedAt;
  if (finishedAt === undefined) return false;
  const isAbout = view.isApplied || stage === 'deleting' || (stage === 'failed' && runSteps.has(failedStep));
  if (!isAbout) return false;
  return !recordsAt(view.before, 'history').some((entry) => textAt(entry, 'lastReconciled') === finishedAt);
}

export function projectHistory(view: KustomizationView, status: string): readonly Entry[] {
  const entries = recordsAt(view.before, 'history');
  const { run, renderDigest } = view.verdict;
  if (run?.finishedAt === undefined || !isNewRun(view)) return entries;
  const last = textAt(entries[0], 'digest');
  const digest = renderDigest === undefined ? (last ?? 'sha256:') : `sha256:${renderDigest}`;
  const isSame = (entry: Entry) => entry.digest === digest && entry.lastReconciledStatus === status;
  const known = entries.find(isSame);
  const entry: KustomizationHistoryEntry = {
    digest,
    firstReconciled: textAt(known, 'firstReconciled') ?? run.finishedAt,
    lastReconciled: run.finishedAt,
    lastReconciledDuration: showGoDuration(elapsedMs(run.startedAt, run.finishedAt)),
    lastReconciledStatus: status,
    metadata: { revision: view.revision },
    totalReconciliations: (numberAt(known, 'totalReconciliations') ?? 0) + 1,
  };
  return [{ ...entry }, ...entries.filter((each) => !isSame(each))].slice(0, limit);
}
