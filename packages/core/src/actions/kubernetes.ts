// The actions of the kinds of Kubernetes itself: restart, pause and scale workloads, run and end Jobs.
// Pure; it never decides who may run one.

import { isRecord, type KubeObject } from '../object.ts';
import { ok } from '../problem.ts';
import type { Action, ActionInput, FieldPath } from './action.ts';
import { fieldOf, listOf, textOf } from './fields.ts';
import { createdMetadata, ownedBy, stampedName } from './owned-copy.ts';

const spec = (object: KubeObject, ...path: FieldPath): unknown => fieldOf(object, 'spec', ...path);

export const restart: Action = {
  name: 'restart',
  changes: [{ stamp: ['spec', 'template', 'metadata', 'annotations', 'kubectl.kubernetes.io/restartedAt'] }],
};

const scale: Action = {
  name: 'scale',
  parameters: [{ name: 'replicas', type: 'count', defaultOf: replicasOf }],
  changes: [{ set: ['spec', 'replicas'], parameter: 'replicas' }],
};

function replicasOf(object: KubeObject): string | undefined {
  const replicas = spec(object, 'replicas');
  return typeof replicas === 'number' ? String(replicas) : undefined;
}

const isPaused = (object: KubeObject): boolean => spec(object, 'paused') === true;

export const deployment: readonly Action[] = [
  restart,
  { name: 'pause', isDisabled: isPaused, changes: [{ set: ['spec', 'paused'], to: true }] },
  { name: 'resume', isDisabled: (object) => !isPaused(object), changes: [{ unset: ['spec', 'paused'] }] },
  scale,
];

export const statefulSet: readonly Action[] = [restart, scale];

export const isSuspended = (object: KubeObject): boolean => spec(object, 'suspend') === true;

/** What was never suspended stays without the field. */
const takeUp = ({ object }: ActionInput) =>
  ok(isSuspended(object) ? [{ set: ['spec', 'suspend'], to: false } as const] : []);

export const suspendAction: Action = {
  name: 'suspend',
  isDisabled: isSuspended,
  changes: [{ set: ['spec', 'suspend'], to: true }],
};

export const resumeAction: Action = {
  name: 'resume',
  isDisabled: (object) => !isSuspended(object),
  changes: takeUp,
};

/** It becomes a label of the Job's pods. */
const longestJobName = 63;

export const cronJob: readonly Action[] = [
  {
    name: 'create-job',
    displayName: 'Create Job',
    create: ({ object, now }) =>
      ok({
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: createdMetadata(object, {
          ...jobMetadata(object),
          // The name of a CronJob has up to 52 characters, so that eleven are left. A second Job within the same minute
          // is refused by its name: a double click runs one.
          name: stampedName(object, now.slice(2, 16), longestJobName),
          ownerReferences: [{ ...ownedBy(object), blockOwnerDeletion: true, controller: true }],
        }),
        ...(isRecord(spec(object, 'jobTemplate', 'spec'))
          ? { spec: spec(object, 'jobTemplate', 'spec') }
          : {}),
      }),
  },
  { ...suspendAction, isOffered: (object) => !isSuspended(object) },
  { ...resumeAction, isOffered: isSuspended },
];

/** As `kubectl create job --from` marks it, so that the controller knows it for its own. */
function jobMetadata(object: KubeObject): Record<string, unknown> {
  const template = spec(object, 'jobTemplate', 'metadata');
  const annotations = fieldOf(template, 'annotations');
  return {
    ...(isRecord(template) ? template : {}),
    annotations: {
      ...(isRecord(annotations) ? annotations : {}),
      'cronjob.kubernetes.io/instantiate': 'manual',
    },
  };
}

const endings: readonly string[] = ['Complete', 'Failed', 'FailureTarget', 'SuccessCriteriaMet'];

function isEnded(object: KubeObject): boolean {
  return listOf(object, 'status', 'conditions').some(
    (condition) => endings.includes(textOf(condition, 'type')) && textOf(condition, 'status') === 'True',
  );
}

/** `FailureTarget` makes the Job controller end the pods and then set `Failed`; there is no field for it in the spec. */
function terminate({ object, now }: ActionInput) {
  if (fieldOf(object, 'status') === undefined || isEnded(object)) return ok([]);
  const condition = {
    type: 'FailureTarget',
    status: 'True',
    reason: 'ManuallyTerminated',
    // The words that Argo CD writes: alerts and scripts of its users look for them.
    message: 'Job was terminated explicitly through Argo CD',
    lastTransitionTime: now,
  };
  const conditions = [...listOf(object, 'status', 'conditions'), condition];
  return ok([{ set: ['status', 'conditions'], to: JSON.parse(JSON.stringify(conditions)) } as const]);
}

export const job: readonly Action[] = [
  { ...suspendAction, isOffered: (object) => !isEnded(object) && !isSuspended(object) },
  { ...resumeAction, isOffered: (object) => !isEnded(object) && isSuspended(object) },
  {
    name: 'terminate',
    isOffered: (object) => !isEnded(object) && fieldOf(object, 'status') !== undefined,
    changes: terminate,
  },
];
