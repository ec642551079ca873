// Says how Flux would name a failure of a Kustomization: reason, message, and the stage it failed in.
// It never decides that something failed.

import {
  apiVersionOf,
  type DeliveryVerdict,
  type Health,
  type ObjectRef,
  type Problem,
  showRef,
} from '@weir/core';
import { elapsedMs, showGoDuration } from '../resource/go-duration.ts';
import { textAt } from '../resource/read-field.ts';
import { cleanPath } from '../resource/repository-path.ts';
import { serverWords } from '../resource/server-words.ts';
import { showProblems } from './flux-projection.ts';
import type { KustomizationView } from './kustomization-view.ts';
import { kustomizeGroup, sourceGroup } from './names.ts';

export interface FailureDescription {
  readonly reason: string;
  readonly message: string;
  /** What Flux was at; absent where it had not begun. */
  readonly stage?: string;
  /** Flux posts no event for some failures, and one of its own for dependencies. */
  readonly event?: { readonly type: 'Normal' | 'Warning'; readonly message: string };
}

export function describeFailure(view: KustomizationView): FailureDescription {
  const { verdict } = view;
  if (verdict.stage === 'waiting' || verdict.failedStep === 'dependency') return dependencyFailure(view);
  const codes = verdict.problems.map(({ code }) => code);
  if (verdict.stage === 'blocked') return staged('PruneFailed', showProblems(verdict.problems), detecting);
  if (verdict.failedStep === 'source') return sourceFailure(view);
  if (codes.includes('PATH_NOT_FOUND')) {
    const path = cleanPath(textAt(view.object, 'spec', 'path') ?? '') ?? '';
    const message = `kustomization path not found: stat /${path}: no such file or directory`;
    return staged('ArtifactFailed', message, 'Fetching manifests');
  }
  switch (verdict.failedStep) {
    case 'render':
      return staged('BuildFailed', buildMessage(verdict), 'Building manifests');
    case 'health':
      return staged('HealthCheckFailed', healthMessage(view), 'Running health checks');
    case 'prune':
      return staged('PruneFailed', applyMessage(verdict), detecting);
    default:
      return staged('ReconciliationFailed', applyMessage(verdict), detecting);
  }
}

/** Flux posts it once, lets the objects be and ends the Kustomization. */
export function describeOrphaning(view: KustomizationView): FailureDescription | undefined {
  const missing = view.verdict.problems.find(({ code }) => code === 'SERVICE_ACCOUNT_MISSING');
  if (missing === undefined) return undefined;
  const { message } = missing;
  return { reason: 'PruneFailed', message, event: { type: 'Warning', message } };
}

const detecting = 'Detecting drift';

function staged(reason: string, message: string, stage: string): FailureDescription {
  return { reason, message, stage, event: { type: 'Warning', message } };
}

function dependencyFailure(view: KustomizationView): FailureDescription {
  const { waitingFor, problems } = view.verdict;
  const event = {
    type: 'Normal',
    message: 'Dependencies do not meet ready condition, retrying in 30s',
  } as const;
  if (waitingFor === undefined) {
    return { reason: 'DependencyNotReady', message: showProblems(problems), event };
  }
  const place = waitingFor.id.split(':').at(-1) ?? '';
  const name = place.split('/').at(-1) ?? '';
  const message =
    waitingFor.reason === 'not-found'
      ? `dependency '${place}' not found: kustomizations.${kustomizeGroup} "${name}" not found`
      : `dependency '${place}' is not ready`;
  return { reason: 'DependencyNotReady', message, event };
}

function sourceFailure(view: KustomizationView): FailureDescription {
  const { problems } = view.verdict;
  const codes = problems.map(({ code }) => code);
  const reason = 'ArtifactFailed';
  if (codes.includes('SOURCE_NOT_FOUND')) {
    const name = textAt(view.object, 'spec', 'sourceRef', 'name') ?? '';
    return { reason, message: `GitRepository.${sourceGroup} "${name}" not found` };
  }
  if (view.revision === '' || codes.includes('SOURCE_NOT_READY')) {
    return { reason, message: 'Source artifact not found, retrying in 30s' };
  }
  return staged(reason, showProblems(problems), 'Fetching manifests');
}

/** What the evaluator says is what Flux's own build says: it is the same library. */
function buildMessage(verdict: DeliveryVerdict): string {
  const [problem] = verdict.problems;
  if (problem?.code !== 'KUSTOMIZE_FAILED') return showProblems(verdict.problems);
  // Flux names the build only where Kustomize itself failed, not the generator of its input.
  return problem.message.startsWith('failed to decode ')
    ? problem.message
    : `kustomize build failed: ${problem.message}`;
}

/** The first object that was refused, in the words of Flux's dry run. */
function applyMessage(verdict: DeliveryVerdict): string {
  const results = verdict.run?.results ?? [];
  const refused = results.flatMap(({ ref, problem }) => (problem === undefined ? [] : [{ ref, problem }]));
  const planned = verdict.problems.flatMap((problem) =>
    problem.object === undefined ? [] : [{ ref: problem.object, problem }],
  );
  const [first] = [...refused, ...planned];
  if (first === undefined) return showProblems(verdict.problems) || (verdict.run?.message ?? '');
  return refusalMessage(first);
}

function refusalMessage({ ref, problem }: { readonly ref: ObjectRef; readonly problem: Problem }): string {
  const place = showRef(ref);
  const words = serverWords(problem, ref);
  switch (problem.code) {
    case 'KIND_UNKNOWN':
      return `${place} dry-run failed: no matches for kind "${ref.kind}" in version "${apiVersionOf(ref)}"\n`;
    case 'NAMESPACE_MISSING':
      return ref.namespace === ''
        ? `${place} namespace not specified: the server could not find the requested resource\n`
        : `${place} not found: namespaces "${ref.namespace}" not found\n`;
    case 'APPLY_INVALID':
      return `${place} dry-run failed (Invalid): ${words}\n`;
    case 'APPLY_FORBIDDEN':
      return `${place} dry-run failed (Forbidden): ${words}\n`;
    case 'APPLY_CONFLICT':
      return `${place} dry-run failed (Conflict): ${words}\n`;
    default:
      return `${place} ${problem.code}: ${words}`;
  }
}

function healthMessage(view: KustomizationView): string {
  const { run } = view.verdict;
  // A run that ended well before the wait did says nothing about how long the wait was: that is the timeout.
  const elapsed = run?.phase === 'failed' ? elapsedMs(run.startedAt, run.finishedAt) : 0;
  const after = elapsed > 0 ? showGoDuration(elapsed) : view.timeout;
  return `health check failed after ${after}: ${unhealthyMessage(view)}`;
}

const kstatus: Readonly<Record<string, string>> = {
  Degraded: 'Failed',
  Missing: 'NotFound',
  Progressing: 'InProgress',
  Unknown: 'Unknown',
};

/** `timeout waiting for: [Deployment/ns/web status: 'InProgress']`, or with failed objects only: those. */
export function unhealthyMessage(view: KustomizationView): string {
  const { checks, resources } = view.verdict;
  const waitedFor = checks ?? resources.filter(({ requiresPruning }) => !requiresPruning);
  const unhealthy = waitedFor.filter(
    ({ health }) => health !== undefined && Object.hasOwn(kstatus, health.status),
  );
  if (unhealthy.length === 0) return showProblems(view.verdict.problems);
  const listed = unhealthy.map(
    ({ ref, health }) =>
      `${showRef(ref)} status: '${kstatus[health?.status ?? ''] ?? 'Unknown'}'${whyUnknown(health)}`,
  );
  const isFailed = unhealthy.every(({ health }) => health?.status === 'Degraded');
  return `${isFailed ? 'failed early due to stalled resources' : 'timeout waiting for'}: [${listed.join(', ')}]`;
}

/** Why an expression has no answer; of other statuses Flux says no more either. */
function whyUnknown(health: Health | undefined): string {
  return health?.status === 'Unknown' && health.message !== undefined ? `: ${health.message}` : '';
}

/** The terminal failure of a resource that cannot be understood. */
export function describeInvalid(view: KustomizationView): FailureDescription {
  const { problems } = view.verdict;
  const message = `Reconciliation failed terminally due to configuration error: ${showProblems(problems)}`;
  const isExpression = problems.some(
    ({ code, field }) => code === 'EVALUATION_INVALID' && field?.startsWith('spec.healthCheckExprs') === true,
  );
  return {
    reason: isExpression ? 'InvalidCELExpression' : 'ReconciliationFailed',
    message,
    event: { type: 'Warning', message },
  };
}
