// The actions of operators: databases, autoscalers, secrets, Kafka and promotions. Pure; it never decides who may run one.

import type { KubeObject } from '../object.ts';
import { failed, ok, type Result } from '../problem.ts';
import type { Action, ActionInput, Change } from './action.ts';
import { annotationOf, fieldOf, listOf, textOf } from './fields.ts';
import { isSuspended, resumeAction, suspendAction } from './kubernetes.ts';

const annotation = (key: string): readonly string[] => ['metadata', 'annotations', key];

const forceSync = 'force-sync';
export const externalSecret: readonly Action[] = [
  { name: 'refresh', changes: [{ stamp: annotation(forceSync) }] },
];
export const pushSecret: readonly Action[] = [{ name: 'push', changes: [{ stamp: annotation(forceSync) }] }];

const pausedKey = 'autoscaling.keda.sh/paused';
const pausedReplicasKey = 'autoscaling.keda.sh/paused-replicas';
const isStopped = (object: KubeObject): boolean => annotationOf(object, pausedKey) === 'true';
const isHeld = (object: KubeObject): boolean =>
  isStopped(object) || annotationOf(object, pausedReplicasKey) !== undefined;

export const scaledJob: readonly Action[] = [
  { name: 'pause', isDisabled: isStopped, changes: [{ set: annotation(pausedKey), to: 'true' }] },
  {
    name: 'resume',
    isDisabled: (object) => !isStopped(object),
    changes: [{ unset: annotation(pausedKey) }],
  },
];

export const scaledObject: readonly Action[] = [
  { name: 'pause', isDisabled: isHeld, changes: [{ set: annotation(pausedKey), to: 'true' }] },
  {
    name: 'paused-replicas',
    isDisabled: isStopped,
    parameters: [
      {
        name: 'replicas',
        type: 'count',
        defaultOf: (object) => annotationOf(object, pausedReplicasKey) ?? '0',
      },
    ],
    changes: [{ set: annotation(pausedReplicasKey), parameter: 'replicas', asText: true }],
  },
  {
    name: 'resume',
    isDisabled: (object) => !isHeld(object),
    changes: [{ unset: annotation(pausedKey) }, { unset: annotation(pausedReplicasKey) }],
  },
];

const reconciliation = 'cnpg.io/reconciliationLoop';
const hibernation = 'cnpg.io/hibernation';
const healthyOf = (object: KubeObject): readonly unknown[] =>
  listOf(object, 'status', 'instancesStatus', 'healthy');

/** `any` is the healthy instance after the primary, in turn; a number is that of an instance; else its full name. */
function findInstance({ object, parameters }: ActionInput): string | undefined {
  const wanted = parameters.instance ?? 'any';
  const healthy = healthyOf(object).filter((name) => typeof name === 'string');
  if (wanted === 'any') {
    const primary = healthy.indexOf(textOf(object, 'status', 'currentPrimary'));
    return healthy[primary < 0 ? 0 : (primary + 1) % healthy.length];
  }
  const name = /^\d+$/.test(wanted) ? `${object.metadata.name}-${wanted}` : wanted;
  return healthy.find((known) => known === name);
}

/** A switchover is asked for in the status, as `kubectl cnpg promote` does it. */
function promote(input: ActionInput): Result<readonly Change[]> {
  const instance = findInstance(input);
  if (instance === undefined) {
    const healthy = healthyOf(input.object).slice(0, 20).join(', ');
    return failed({
      code: 'ACTION_PARAMETER_INVALID',
      message: `Could not find a healthy instance matching the criteria: ${input.parameters.instance}; expected "any", the number or the name of a healthy instance (${healthy || 'there is none'})`,
    });
  }
  return ok([
    { set: ['status', 'targetPrimary'], to: instance },
    { stamp: ['status', 'targetPrimaryTimestamp'] },
    { set: ['status', 'phase'], to: 'Switchover in progress' },
    { set: ['status', 'phaseReason'], to: `Switching over to ${instance}` },
  ]);
}

const isAsleep = (object: KubeObject): boolean => annotationOf(object, hibernation) === 'on';
const isLoopOff = (object: KubeObject): boolean => annotationOf(object, reconciliation) === 'disabled';

export const postgresCluster: readonly Action[] = [
  {
    name: 'restart',
    displayName: 'Rollout restart Cluster',
    changes: [{ stamp: annotation('kubectl.kubernetes.io/restartedAt') }],
  },
  {
    name: 'reload',
    displayName: 'Reload all Configuration',
    changes: [{ stamp: annotation('cnpg.io/reloadedAt') }],
  },
  {
    name: 'promote',
    displayName: 'Promote Replica to Primary',
    parameters: [{ name: 'instance', type: 'text', defaultOf: () => 'any' }],
    isDisabled: (object) => healthyOf(object).length < 2,
    changes: promote,
  },
  {
    name: 'suspend',
    displayName: 'Suspend Reconciliation',
    isOffered: (object) => !isLoopOff(object),
    changes: [{ set: annotation(reconciliation), to: 'disabled' }],
  },
  {
    name: 'resume',
    displayName: 'Resume Reconciliation',
    isOffered: isLoopOff,
    changes: [{ unset: annotation(reconciliation) }],
  },
  {
    name: 'hibernate',
    displayName: 'Hibernate Cluster',
    isOffered: (object) => !isAsleep(object),
    changes: [{ set: annotation(hibernation), to: 'on' }],
  },
  {
    name: 'rehydrate',
    displayName: 'Rehydrate Cluster',
    isOffered: isAsleep,
    changes: [{ unset: annotation(hibernation) }],
  },
];

export const mariaDb: readonly Action[] = [
  { ...suspendAction, displayName: 'Suspend', isOffered: (object) => !isSuspended(object) },
  { ...resumeAction, displayName: 'Resume', isOffered: isSuspended },
];

const rollingUpdate = 'strimzi.io/manual-rolling-update';
export const strimziPodSet: readonly Action[] = [
  {
    name: 'rolling-update',
    isDisabled: (object) => annotationOf(object, rollingUpdate) === 'true',
    changes: [{ set: annotation(rollingUpdate), to: 'true' }],
  },
];

const isPaused = (object: KubeObject): boolean => fieldOf(object, 'spec', 'pause') === true;
export const perconaMongoDb: readonly Action[] = [
  { name: 'pause', isDisabled: isPaused, changes: [{ set: ['spec', 'pause'], to: true }] },
  {
    name: 'unpause',
    isDisabled: (object) => !isPaused(object),
    changes: [{ set: ['spec', 'pause'], to: false }],
  },
];

export const promoterPullRequest: readonly Action[] = [
  {
    name: 'merge',
    displayName: 'Merge PR',
    isDisabled: (object) => textOf(object, 'spec', 'state') !== 'open',
    changes: [{ set: ['spec', 'state'], to: 'merged' }],
  },
];
