// Decides whether a reconciliation ended that has not been told yet, and projects it on `status.history`.
// The history remembers what was told: the same verdict twice is told once.

import type { ResourceVerdict, Run } from '@weir/core';
import { elapsedMs, showGoDuration } from '../resource/go-duration.ts';
import { kubeTime } from '../resource/kube-time.ts';
import { numberAt, recordsAt, textAt } from '../resource/read-field.ts';
import type { KustomizationHistoryEntry } from './kustomization-schema.ts';
import type { KustomizationView } from './kustomization-view.ts';
import { showRevision } from './show-revision.ts';

/** Flux keeps five renderings. */
const limit = 5;

type Entry = Record<string, unknown>;

/** A reconciliation that ended: with changes, or only with the word that all is as it should be. */
export interface Reconciliation {
  readonly finishedAt: string;
  readonly durationMs: number;
  readonly results: readonly ResourceVerdict[];
}

/** A failure of these steps is one of the run; others come before it, and leave the run before them alone. */
const runSteps: ReadonlySet<unknown> = new Set(['apply', 'prune', 'health', 'plan', 'cluster']);

export function newReconciliation(view: KustomizationView): Reconciliation | undefined {
  const { run, stage, failedStep } = view.verdict;
  const isAbout = view.isApplied || stage === 'deleting' || (stage === 'failed' && runSteps.has(failedStep));
  if (!isAbout) return undefined;
  if (run !== undefined && isRepeated(view, run)) return undefined;
  if (run?.finishedAt !== undefined && isLater(view, kubeTime(run.finishedAt), showRevision(run.revision))) {
    const durationMs = elapsedMs(run.startedAt, run.finishedAt);
    return { finishedAt: kubeTime(run.finishedAt), durationMs, results: run.results };
  }
  return view.isApplied && isAnswer(view)
    ? { finishedAt: kubeTime(view.now), durationMs: 0, results: [] }
    : undefined;
}

/** The engine looks again often while something outside is missing; as long as nothing is done there is no news. */
function isRepeated(view: KustomizationView, run: Run): boolean {
  const isIdle = view.verdict.stage === 'failed' && run.results.length === 0;
  const [latest] = recordsAt(view.before, 'history');
  return isIdle && textAt(latest, 'metadata', 'revision') === showRevision(run.revision);
}

function isLater(view: KustomizationView, finishedAt: string, revision: string): boolean {
  const [latest] = recordsAt(view.before, 'history');
  const last = textAt(latest, 'lastReconciled');
  if (last === undefined || finishedAt > last) return true;
  // Two reconciliations may end within one second; another revision tells them apart.
  return finishedAt === last && textAt(latest, 'metadata', 'revision') !== revision;
}

/** Nothing had to be written: a new revision is in force all the same, or a user asked to look. */
function isAnswer(view: KustomizationView): boolean {
  const { handledToken } = view.verdict;
  const isAsked =
    handledToken !== undefined && handledToken !== textAt(view.before, 'lastHandledReconcileAt');
  return isAsked || view.applied !== textAt(view.before, 'lastAppliedRevision');
}

export function projectHistory(
  view: KustomizationView,
  news: Reconciliation | undefined,
  status: string,
): readonly Entry[] {
  const entries = recordsAt(view.before, 'history');
  const { renderDigest } = view.verdict;
  if (news === undefined) return entries;
  const last = textAt(entries[0], 'digest');
  const digest = renderDigest === undefined ? (last ?? 'sha256:') : `sha256:${renderDigest}`;
  const isSame = (entry: Entry) => entry.digest === digest && entry.lastReconciledStatus === status;
  const known = entries.find(isSame);
  const entry: KustomizationHistoryEntry = {
    digest,
    firstReconciled: textAt(known, 'firstReconciled') ?? news.finishedAt,
    lastReconciled: news.finishedAt,
    lastReconciledDuration: showGoDuration(news.durationMs),
    lastReconciledStatus: status,
    metadata: { revision: view.revision },
    totalReconciliations: (numberAt(known, 'totalReconciliations') ?? 0) + 1,
  };
  return [{ ...entry }, ...entries.filter((each) => !isSame(each))].slice(0, limit);
}
