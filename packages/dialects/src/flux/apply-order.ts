// The order in which Flux applies objects, for lists that people compare: inventory and change sets.
// It never decides the order of writing: the planner does.

import type { ObjectRef } from '@weir/core';

/** Flux sorts by kind alone, whatever the group. */
const first = [
  'CustomResourceDefinition',
  'Namespace',
  'ClusterRole',
  'ClusterClass',
  'RuntimeClass',
  'PriorityClass',
  'StorageClass',
  'VolumeSnapshotClass',
  'IngressClass',
  'GatewayClass',
  'ClusterRoleBinding',
  'ResourceQuota',
  'ServiceAccount',
  'Role',
  'RoleBinding',
  'ConfigMap',
  'Secret',
  'Service',
  'LimitRange',
  'Deployment',
  'StatefulSet',
  'CronJob',
  'PodDisruptionBudget',
];
const last = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration'];

function rankOf(kind: string): number {
  const early = first.indexOf(kind);
  return early >= 0 ? early : first.length + 1 + last.indexOf(kind);
}

export function byApplyOrder(left: ObjectRef, right: ObjectRef): number {
  const rank = rankOf(left.kind) - rankOf(right.kind);
  if (rank !== 0) return rank;
  for (const key of ['group', 'kind', 'namespace', 'name'] as const) {
    if (left[key] !== right[key]) return left[key] < right[key] ? -1 : 1;
  }
  return 0;
}
