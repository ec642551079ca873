// In which order kinds are applied: data, not branches. Deletion is the reverse.

import type { ObjectRef } from './object.ts';

/**
 * Stages of an apply; each is complete before the next begins. What others need comes first: definitions and scopes,
 * then identities and configuration, then what runs, then what routes or admits. (Argo CD orders 35 kinds one by one,
 * `gitops-engine/sync`; Flux three stages, `pkg/ssa` ApplyAllStaged: both orders are kept by these stages.)
 */
const stages: readonly (readonly string[])[] = [
  ['Namespace', 'CustomResourceDefinition', 'ClusterRole'],
  [
    'NetworkPolicy',
    'ResourceQuota',
    'LimitRange',
    'PodDisruptionBudget',
    'ServiceAccount',
    'Secret',
    'ConfigMap',
    'PersistentVolume',
    'PersistentVolumeClaim',
    // Before the pods that look for it in their environment.
    'Service',
    'Role',
  ],
  // A role must exist before it is bound: the API server checks that whoever binds it may.
  ['ClusterRoleBinding', 'RoleBinding'],
];
const unlistedStage = stages.length;
const lastKinds: readonly string[] = [
  'APIService',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];
const lastStage = unlistedStage + 1;

export function stageOf(ref: Pick<ObjectRef, 'kind'>): number {
  const listed = stages.findIndex((kinds) => kinds.includes(ref.kind));
  if (listed >= 0) return listed;
  // StorageClass, PriorityClass, IngressClass, GatewayClass and the like: used by name, so they come first.
  if (ref.kind.endsWith('Class')) return 0;
  return lastKinds.includes(ref.kind) ? lastStage : unlistedStage;
}

/** A total order within a plan: stage, then kind, namespace and name. */
export function compareRefs(a: ObjectRef, b: ObjectRef): number {
  return (
    stageOf(a) - stageOf(b) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
