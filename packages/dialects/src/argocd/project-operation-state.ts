// Projects the last run on `status.operationState`.
// It never starts an operation; without a run it keeps what is there.

import type { Run } from '@weir/core';
import { kubeTime } from '../resource/kube-time.ts';
import { fieldAt, recordAt, textAt, textsAt } from '../resource/read-field.ts';
import { isSame } from '../resource/stable-digest.ts';
import type { OperationState } from './application-schema.ts';
import { type ApplicationView, revisionFields, sourceFields } from './application-view.ts';
import { projectResults } from './project-results.ts';
import { isContinued, isPast, runState } from './run-state.ts';

type Operation = Record<string, unknown>;

export function projectOperationState(view: ApplicationView): Record<string, unknown> | undefined {
  const before = recordAt(view.before, 'operationState');
  const refused = refuseOperation(view);
  if (refused !== undefined) return refused;
  const { run } = view.verdict;
  // What has ended stays told as it was, whatever the objects do since.
  if (run === undefined || isPast(view, run)) return endOfTerminated(before, view.now);
  // The operation stays as it was started: Argo CD keeps it too when the spec changes meanwhile.
  const operation =
    (isContinued(view, run) ? recordAt(before, 'operation') : undefined) ?? startedOperation(view, run);
  const { phase, message, ...times } = runState(view, run);
  const state: OperationState = {
    operation,
    phase,
    message,
    syncResult: {
      resources: [...projectResults(view, run, fieldAt(operation, 'sync', 'prune') === true)],
      ...revisionFields(view, run.revision.commit),
      ...sourceFields(view),
    },
    ...times,
  };
  return { ...state };
}

/** Somebody asked for the end of an operation of which nothing is left to be ended. */
function endOfTerminated(
  before: Record<string, unknown> | undefined,
  now: string,
): Record<string, unknown> | undefined {
  if (textAt(before, 'phase') !== 'Terminating') return before;
  return { ...before, phase: 'Failed', message: 'Operation terminated', finishedAt: kubeTime(now) };
}

/** The order that the user wrote, or the one that Argo CD would have written for an automated sync. */
function startedOperation(view: ApplicationView, run: Run): Operation {
  const ordered = recordAt(view.object, 'operation');
  if (run.trigger === 'order' && ordered !== undefined) return ordered;
  const prune =
    run.trigger !== 'order' && fieldAt(view.object, 'spec', 'syncPolicy', 'automated', 'prune') === true;
  const syncOptions = textsAt(view.object, 'spec', 'syncPolicy', 'syncOptions');
  const healed = run.trigger === 'self-heal' ? run.results : [];
  return {
    initiatedBy: run.trigger === 'order' ? {} : { automated: true },
    retry:
      recordAt(view.object, 'spec', 'syncPolicy', 'retry') ?? (run.trigger === 'order' ? {} : { limit: 5 }),
    sync: {
      ...(run.trigger === 'self-heal' ? { autoHealAttemptsCount: 1 } : {}),
      ...(prune ? { prune: true } : {}),
      ...(healed.length === 0
        ? {}
        : {
            resources: healed.map(({ ref }) => ({
              ...(ref.group === '' ? {} : { group: ref.group }),
              kind: ref.kind,
              name: ref.name,
            })),
          }),
      ...revisionFields(view, run.revision.commit),
      ...sourceFields(view),
      ...(syncOptions.length === 0 ? {} : { syncOptions }),
    },
  };
}

/** An operation that weir cannot carry out ends at once with an error; the Application itself is not at fault. */
function refuseOperation(view: ApplicationView): Record<string, unknown> | undefined {
  const operation = recordAt(view.object, 'operation');
  const problems = operationProblems(view);
  if (operation === undefined || problems.length === 0) return undefined;
  const before = recordAt(view.before, 'operationState');
  if (textAt(before, 'phase') === 'Error' && isSame(fieldAt(before, 'operation'), operation)) return before;
  return {
    operation,
    phase: 'Error',
    message: problems.join('; '),
    startedAt: kubeTime(view.now),
    finishedAt: kubeTime(view.now),
  };
}

/** What is wrong with the operation alone, as opposed to the spec. */
export function operationProblems(view: ApplicationView): readonly string[] {
  if (view.verdict.stage !== 'invalid') return [];
  return view.verdict.problems
    .filter(({ field }) => isOperationField(field))
    .map(({ code, message }) => `${code}: ${message}`);
}

export function isOperationField(field: string | undefined): boolean {
  return field === 'operation' || field?.startsWith('operation.') === true;
}

/** Objects that the last run failed on, by the codes of their problems. */
export function failedCodes(view: ApplicationView): readonly string[] {
  const fromRun = (view.verdict.run?.results ?? []).flatMap(({ problem }) => problem?.code ?? []);
  const codes = fromRun.length > 0 ? fromRun : view.verdict.problems.map(({ code }) => code);
  return [...new Set(codes)];
}
