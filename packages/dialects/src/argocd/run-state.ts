// Says what Argo CD calls a run of the engine: its phase, message, times and count of attempts.
// Several attempts at one revision are one operation there, and several runs here.

import { apiVersionOf, type Problem, type ResourceVerdict, type Run, type WaitReason } from '@weir/core';
import { kitchenTime, kubeTime } from '../resource/kube-time.ts';
import { fieldAt, recordAt, textAt, textsAt } from '../resource/read-field.ts';
import type { ApplicationView } from './application-view.ts';
import { operationToken } from './lower-operation.ts';
import { lowerRetry, type RetryStrategy } from './lower-retry.ts';
import { failureText } from './project-resources.ts';

const automatedLimit = 5;

export interface RunState {
  readonly phase: 'Running' | 'Succeeded' | 'Failed';
  readonly message: string;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly retryCount?: number;
}

/** The operation in the status goes on: a later attempt, or a further look at the same one. */
export function isContinued(view: ApplicationView, run: Run): boolean {
  const before = recordAt(view.before, 'operationState');
  if (before === undefined) return false;
  if (textAt(before, 'startedAt') === kubeTime(run.startedAt)) return true;
  return (
    run.trigger !== 'order' &&
    textAt(before, 'phase') === 'Running' &&
    revisionOf(before) === run.revision.commit
  );
}

/** A run that the status knows already, or that something newer has replaced. */
export function isPast(view: ApplicationView, run: Run): boolean {
  const before = recordAt(view.before, 'operationState');
  if (isRepeated(view, run)) return true;
  const finishedAt = textAt(before, 'finishedAt');
  if (finishedAt === undefined || run.finishedAt === undefined) {
    const startedAt = textAt(before, 'startedAt');
    return startedAt !== undefined && kubeTime(run.startedAt) < startedAt;
  }
  const ended = kubeTime(run.finishedAt);
  return ended === finishedAt ? isKnown(view, run) : ended < finishedAt;
}

/**
 * The engine looks again often while something outside is missing. Argo CD tries a revision once: as long as nothing is
 * done, what the first look found stays told.
 */
function isRepeated(view: ApplicationView, run: Run): boolean {
  const before = recordAt(view.before, 'operationState');
  return (
    isRefusedAsWhole(run) &&
    run.trigger !== 'order' &&
    textAt(before, 'phase') === 'Failed' &&
    revisionOf(before) === run.revision.commit
  );
}

/** Nothing was tried that could be tried again: a kind is unknown, or an object belongs to another delivery. */
function isRefusedAsWhole(run: Run): boolean {
  return (
    run.phase === 'failed' &&
    run.problem === undefined &&
    !run.results.some(({ outcome }) => outcome === 'failed')
  );
}

/** Two runs may end within one second: an order that still stands has not been told. */
function isKnown(view: ApplicationView, run: Run): boolean {
  if (run.orderToken !== undefined && run.orderToken === operationToken(view.object)) return false;
  const before = recordAt(view.before, 'operationState');
  const isAutomated = fieldAt(before, 'operation', 'initiatedBy', 'automated') === true;
  return isAutomated === (run.trigger !== 'order') && revisionOf(before) === run.revision.commit;
}

function revisionOf(operationState: Record<string, unknown> | undefined): string | undefined {
  const revision = textAt(operationState, 'syncResult', 'revision');
  return revision ?? textsAt(operationState, 'syncResult', 'revisions')[0];
}

export function runState(view: ApplicationView, run: Run): RunState {
  const continued = isContinued(view, run);
  const startedAt =
    (continued ? textAt(view.before, 'operationState', 'startedAt') : undefined) ?? kubeTime(run.startedAt);
  const counted = run.retries > 0 ? { retryCount: run.retries } : {};
  if (run.phase === 'running') return { phase: 'Running', message: waitingText(run), startedAt, ...counted };
  const finishedAt = kubeTime(run.finishedAt ?? view.now);
  if (run.phase === 'succeeded') {
    return {
      phase: 'Succeeded',
      message: `successfully synced (${run.hadHooks === true ? 'no more tasks' : 'all tasks run'})`,
      startedAt,
      finishedAt,
      ...counted,
    };
  }
  if (run.terminated === true)
    return { phase: 'Failed', message: 'Operation terminated', startedAt, finishedAt, ...counted };
  const message = failureMessage(view, run);
  const next = nextAttempt(view, run);
  if (next !== undefined) {
    const count = run.retries + 1;
    const told = `${message}. Retrying attempt #${count} at ${kitchenTime(next)}.`;
    return { phase: 'Running', message: told, startedAt, retryCount: count };
  }
  const retried = run.retries > 0 ? ` (retried ${run.retries} times).` : '';
  return { phase: 'Failed', message: `${message}${retried}`, startedAt, finishedAt, ...counted };
}

const waits: Readonly<Record<WaitReason, string>> = {
  health: 'healthy state of',
  hook: 'completion of hook',
  deletion: 'deletion of',
  definition: 'the CustomResourceDefinition of',
  dependency: 'dependencies of',
  confirmation: 'pruning confirmation of',
};

/** `waiting for healthy state of apps/Deployment/web and 2 more resources` */
function waitingText({ waiting, message }: Run): string {
  const [first, ...more] = waiting?.refs ?? [];
  if (waiting === undefined || first === undefined) return message;
  const noun = waiting.reason === 'hook' ? 'hooks' : 'resources';
  const rest = more.length === 0 ? '' : ` and ${more.length} more ${noun}`;
  return `waiting for ${waits[waiting.reason]} ${first.group}/${first.kind}/${first.name}${rest}`;
}

/** When the engine tries again by itself, in milliseconds since the epoch. */
function nextAttempt(view: ApplicationView, run: Run): number | undefined {
  if (run.trigger === 'order' || !view.isAutomated || isRefusedAsWhole(run)) return undefined;
  const retry = recordAt(view.object, 'spec', 'syncPolicy', 'retry') as RetryStrategy | undefined;
  const { limit, baseMs, factor, maxMs } = lowerRetry({
    retry,
    defaultLimit: automatedLimit,
    field: '',
  }).retry;
  if (run.retries >= limit) return undefined;
  const from = Date.parse(run.finishedAt ?? view.now);
  return Number.isFinite(from) ? from + Math.min(baseMs * factor ** run.retries, maxMs) : undefined;
}

/** The rest is told of the single objects. */
const maxReasons = 20;

function failureMessage(view: ApplicationView, run: Run): string {
  const unknown = unknownKinds(view);
  if (unknown.length > 0) {
    const reasons = unknown.map((ref) => {
      const version = apiVersionOf(ref);
      return `failed to discover server resources for group version ${version}: the server could not find the requested resource`;
    });
    return `one or more synchronization tasks are not valid: ${[...new Set(reasons)].join('; ')}`;
  }
  // Nothing was begun: what was asked for cannot be done.
  if (run.problem?.code === 'FIELD_UNSUPPORTED') return run.problem.message;
  if (run.problem !== undefined) return 'one or more synchronization tasks completed unsuccessfully';
  const failed = run.results.filter(({ outcome }) => outcome === 'failed').map(failureText);
  const reasons = failed.length > 0 ? failed : view.verdict.problems.map(({ message }) => message);
  const more = reasons.length > maxReasons ? [`${reasons.length - maxReasons} more`] : [];
  const told = [...reasons.slice(0, maxReasons), ...more];
  const reason = told.length === 0 ? '' : `, reason: ${told.join(',')}`;
  return `one or more synchronization tasks completed unsuccessfully${reason}`;
}

/** Objects of kinds that the cluster does not serve; the planner leaves them out of the run. */
export function unknownKinds(view: ApplicationView): readonly ResourceVerdict['ref'][] {
  const fromRun = view.verdict.run?.results ?? [];
  const problems: readonly Problem[] = [
    ...view.verdict.problems,
    ...fromRun.flatMap(({ ref, problem }) => (problem === undefined ? [] : [{ ...problem, object: ref }])),
  ];
  return problems.flatMap(({ code, object }) =>
    code === 'KIND_UNKNOWN' && object !== undefined ? [object] : [],
  );
}
