// Projects what is wrong on `status.conditions`, by Argo CD's types and with weir's codes in the messages.
// It never invents a problem, and leaves conditions of other types alone.

import { type Problem, showProblem } from '@weir/core';
import { kubeTime } from '../resource/kube-time.ts';
import { recordsAt, textAt } from '../resource/read-field.ts';
import type { ApplicationCondition } from './application-schema.ts';
import { type ApplicationView, comparedRevision } from './application-view.ts';
import { failedCodes, isOperationField } from './project-operation-state.ts';

type Found = Pick<ApplicationCondition, 'type' | 'message'>;

/** Types that are worked out anew each time; every other one is somebody else's. */
const ownTypes: ReadonlySet<unknown> = new Set([
  'InvalidSpecError',
  'ComparisonError',
  'SyncError',
  'DeletionError',
  'SharedResourceWarning',
  'RepeatedResourceWarning',
  'UnknownError',
]);

export function projectConditions(
  view: ApplicationView,
  operationState: Record<string, unknown> | undefined,
): readonly Record<string, unknown>[] {
  const before = recordsAt(view.before, 'conditions');
  const foreign = before.filter(({ type }) => !ownTypes.has(type));
  const own = findConditions(view, operationState).map((found) => {
    const known = before.find(({ type, message }) => type === found.type && message === found.message);
    return { lastTransitionTime: textAt(known, 'lastTransitionTime') ?? kubeTime(view.now), ...found };
  });
  return [...foreign, ...own];
}

const sharing: ReadonlySet<string> = new Set(['OBJECT_CLAIMED', 'OBJECT_CONTESTED', 'OBJECT_MARKED']);

function findConditions(
  view: ApplicationView,
  operationState: Record<string, unknown> | undefined,
): readonly Found[] {
  const { verdict } = view;
  const found: Found[] = [];
  const add = (type: string, message: string) => {
    if (!found.some((each) => each.type === type && each.message === message)) found.push({ type, message });
  };
  const rest: Problem[] = [];
  for (const problem of verdict.problems) {
    if (problem.code === 'DELETION_STUCK') add('DeletionError', showProblem(problem));
    else if (sharing.has(problem.code)) add('SharedResourceWarning', showProblem(problem));
    else if (problem.code === 'OBJECT_DUPLICATE') add('RepeatedResourceWarning', showProblem(problem));
    else if (problem.code === 'HEALTH_SCRIPT_FAILED')
      add('ComparisonError', `error setting app health: ${showProblem(problem)}`);
    else rest.push(problem);
  }
  const failure = syncFailure(view, operationState);
  if (failure !== undefined) add('SyncError', failure);
  for (const problem of rest) {
    const type = conditionType(view, problem, operationState);
    if (type !== undefined) add(type, `${prefixOf(view, type, problem)}${detailOf(view, problem)}`);
  }
  return found;
}

/** Undefined where Argo CD has no condition either: the problem stands in the operation state. */
function conditionType(
  view: ApplicationView,
  problem: Problem,
  operationState: Record<string, unknown> | undefined,
): string | undefined {
  const { stage, failedStep } = view.verdict;
  if (stage === 'deleting') return 'DeletionError';
  if (isOperationField(problem.field)) return undefined;
  if (stage === 'invalid' || failedStep === 'decode' || problem.code === 'CLUSTER_NOT_FOUND') {
    return 'InvalidSpecError';
  }
  if (stage === 'blocked' || problem.code === 'RENDER_EMPTY') return 'SyncError';
  if (stage !== 'failed') return undefined;
  if (failedStep === 'source' || failedStep === 'render' || failedStep === 'cluster')
    return 'ComparisonError';
  if (failedStep === 'apply' || failedStep === 'prune' || failedStep === 'health') {
    // A sync that goes on or has failed tells it itself.
    const phase = textAt(operationState, 'phase');
    return phase === undefined || phase === 'Succeeded' ? 'UnknownError' : undefined;
  }
  return 'UnknownError';
}

function prefixOf(view: ApplicationView, type: string, problem: Problem): string {
  if (type === 'SyncError') return `Skipping sync attempt to ${comparedRevision(view)}: `;
  if (type !== 'ComparisonError') return '';
  if (view.verdict.failedStep === 'cluster') return 'Failed to load live state: ';
  const code = problem.code === 'YAML_INVALID' ? 'FailedPrecondition' : 'Unknown';
  return `Failed to load target state: failed to generate manifest for source 1 of 1: rpc error: code = ${code} desc = `;
}

/** Weir's code, then Argo CD's words where it has some of its own. */
function detailOf(view: ApplicationView, problem: Problem): string {
  if (problem.code === 'PATH_NOT_FOUND') {
    return `${problem.code}: ${textAt(view.source, 'path') ?? ''}: app path does not exist`;
  }
  if (problem.code === 'GIT_REF_NOT_FOUND') {
    return `${problem.code}: unable to resolve '${textAt(view.source, 'targetRevision') ?? ''}' to a commit SHA`;
  }
  return showProblem(problem);
}

/** Argo CD tells of a failed sync only while automated sync would otherwise try it again. */
function syncFailure(
  view: ApplicationView,
  operationState: Record<string, unknown> | undefined,
): string | undefined {
  if (!view.isAutomated || view.verdict.stage !== 'failed' || view.isLoadFailure) return undefined;
  const phase = textAt(operationState, 'phase');
  if (phase !== 'Failed' && phase !== 'Error') return undefined;
  const revision = textAt(operationState, 'syncResult', 'revision') ?? comparedRevision(view);
  const codes = failedCodes(view);
  const suffix = codes.length === 0 ? '' : ` [${codes.join(', ')}]`;
  return `Failed last sync attempt to [${revision}]: ${textAt(operationState, 'message') ?? ''}${suffix}`;
}
