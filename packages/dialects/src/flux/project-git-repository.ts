// Projects a verdict on a GitRepository: artifact, conditions, events.
// It never serves an artifact: the address is the one that Flux would have used.

import type { EventDraft, KubeObject, Projection, SourceVerdict } from '@weir/core';
import { kubeTime } from '../resource/kube-time.ts';
import { ownerOf } from '../resource/owner-of.ts';
import { fieldAt, numberAt, recordAt, textAt } from '../resource/read-field.ts';
import { isSame } from '../resource/stable-digest.ts';
import { type ConditionDraft, changeConditions, conditionOf } from './condition-set.ts';
import { mergedStatus, type Status, showProblems } from './flux-projection.ts';
import { requestedAtAnnotation, sourceGroup } from './names.ts';
import { showRevision } from './show-revision.ts';

interface View {
  readonly object: KubeObject;
  readonly verdict: SourceVerdict;
  readonly now: string;
  readonly before: Readonly<Status>;
  readonly generation: number;
  readonly artifact: Readonly<Status> | undefined;
}

const artifactHost = 'source-controller.flux-system.svc.cluster.local.';

export function projectGitRepository(input: {
  readonly object: KubeObject;
  readonly verdict: SourceVerdict;
  readonly now: string;
}): Projection {
  const before = recordAt(input.object, 'status') ?? {};
  const view: View = {
    ...input,
    before,
    generation: ownerOf(input.object).generation,
    artifact: recordAt(before, 'artifact'),
  };
  // Reading anew is all that a request to an unreadable resource can do, so it counts as handled.
  const asked = textAt(input.object, 'metadata', 'annotations', requestedAtAnnotation);
  const handled =
    (input.verdict.stage === 'invalid' ? asked : input.verdict.handledToken) ??
    textAt(before, 'lastHandledReconcileAt');
  const status = mergedStatus(before, {
    observedGeneration: numberAt(before, 'observedGeneration') ?? -1,
    ...stageFields(view),
    lastHandledReconcileAt: handled,
  });
  return { status, events: eventsOf(view, status) };
}

function stageFields(view: View): Status {
  switch (view.verdict.stage) {
    case 'suspended':
      return { observedGeneration: view.generation };
    case 'ready':
      return readyFields(view);
    case 'fetching':
      return fetchingFields(view);
    case 'failed':
      return failedFields(view);
    case 'invalid':
      return invalidFields(view);
  }
}

function readyFields(view: View): Status {
  const artifact = projectArtifact(view);
  if (artifact === undefined) return fetchingFields(view);
  const message = `stored artifact for revision '${artifact.revision}'`;
  return {
    artifact,
    observedGeneration: view.generation,
    conditions: conditions(
      view,
      [
        { type: 'Ready', status: 'True', reason: 'Succeeded', message },
        { type: 'ArtifactInStorage', status: 'True', reason: 'Succeeded', message },
      ],
      ['Reconciling', 'Stalled', 'FetchFailed'],
    ),
  };
}

/** While a new commit is fetched the last artifact stays good, and nothing changes. */
function fetchingFields(view: View): Status {
  if (view.artifact !== undefined) return {};
  const message = 'building artifact';
  return {
    conditions: conditions(
      view,
      [
        { type: 'Reconciling', status: 'True', reason: 'Progressing', message },
        { type: 'Ready', status: 'Unknown', reason: 'Progressing', message },
      ],
      ['Stalled'],
    ),
  };
}

function failedFields(view: View): Status {
  const message = `failed to checkout and determine revision: ${showProblems(view.verdict.problems)}`;
  const progress = view.artifact === undefined ? 'building artifact' : 'reconciliation in progress';
  return {
    conditions: conditions(
      view,
      [
        { type: 'Reconciling', status: 'True', reason: 'ProgressingWithRetry', message: progress },
        { type: 'Ready', status: 'False', reason: 'GitOperationFailed', message },
        { type: 'FetchFailed', status: 'True', reason: 'GitOperationFailed', message },
      ],
      ['Stalled'],
    ),
  };
}

/** Only a change of the resource can help: stalled, and observed. */
function invalidFields(view: View): Status {
  const message = showProblems(view.verdict.problems);
  const isUrl = view.verdict.problems.some(({ field }) => field === 'spec.url');
  const reason = isUrl ? 'URLInvalid' : 'Failed';
  return {
    observedGeneration: view.generation,
    conditions: conditions(
      view,
      [
        { type: 'Stalled', status: 'True', reason, message },
        { type: 'Ready', status: 'False', reason, message },
      ],
      ['Reconciling'],
    ),
  };
}

function conditions(view: View, set: readonly ConditionDraft[], removed: readonly string[]) {
  return changeConditions({
    status: view.before,
    set,
    removed,
    generation: view.generation,
    now: view.now,
  });
}

function projectArtifact(view: View): Status | undefined {
  const { resolved, digest, size, fetchedAt } = view.verdict;
  if (resolved === undefined) return undefined;
  const { namespace, name } = ownerOf(view.object);
  const path = `gitrepository/${namespace}/${name}/${resolved.commit}.tar.gz`;
  const artifact = {
    ...(digest === undefined ? {} : { digest }),
    path,
    revision: showRevision(resolved),
    ...(size === undefined ? {} : { size }),
    url: `http://${artifactHost}/${path}`,
  };
  const { lastUpdateTime, ...known } = view.artifact ?? {};
  // Fetching the same again is no update.
  const since = isSame(known, artifact) && typeof lastUpdateTime === 'string' ? lastUpdateTime : undefined;
  return { ...artifact, lastUpdateTime: since ?? kubeTime(fetchedAt ?? view.now) };
}

function eventsOf(view: View, after: Status): readonly EventDraft[] {
  const ready = conditionOf(after, 'Ready');
  const { stage, subject, handledToken } = view.verdict;
  if (stage === 'failed' || stage === 'invalid') {
    const known = conditionOf(view.before, 'Ready');
    const isKnown = known?.message === ready?.message && known?.reason === ready?.reason;
    const reason = textAt(ready, 'reason') ?? 'GitOperationFailed';
    return isKnown ? [] : [{ type: 'Warning', reason, message: textAt(ready, 'message') ?? '' }];
  }
  const revision = textAt(after, 'artifact', 'revision');
  if (stage !== 'ready' || revision === undefined) return [];
  const digest = textAt(after, 'artifact', 'digest');
  const isNew = revision !== textAt(view.artifact, 'revision') || digest !== textAt(view.artifact, 'digest');
  if (isNew) {
    const message =
      subject === undefined
        ? `stored artifact for revision '${revision}'`
        : `stored artifact for commit '${subject}'`;
    const annotations = {
      [`${sourceGroup}/revision`]: revision,
      ...(digest === undefined ? {} : { [`${sourceGroup}/digest`]: digest }),
    };
    return [{ type: 'Normal', reason: 'NewArtifact', message, annotations }];
  }
  if (handledToken === undefined || handledToken === fieldAt(view.before, 'lastHandledReconcileAt'))
    return [];
  const message = `no changes since last reconciliation: observed revision '${revision}'`;
  return [{ type: 'Normal', reason: 'GitOperationSucceeded', message }];
}
