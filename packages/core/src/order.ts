// In which order kinds are applied: tables as data, not branches. Deletion is the reverse.

import type { ObjectRef } from './object.ts';

/** Each stage is complete before the next begins. Kinds are matched by name alone, whatever their group. */
interface OrderTable {
  readonly stages: readonly (readonly string[])[];
  /** The stage of kinds that end in `Class`: they are used by name, so they come early. Absent: as any other. */
  readonly classes?: number;
  /** Kinds after all others. */
  readonly last: readonly string[];
}

const admission: readonly string[] = [
  'APIService',
  'MutatingWebhookConfiguration',
  'ValidatingWebhookConfiguration',
];

/** Argo CD's 35 kinds one by one, then all others (`gitops-engine/pkg/sync/sync_tasks.go`). */
const argocdKinds: readonly string[] = [
  'Namespace',
  'NetworkPolicy',
  'ResourceQuota',
  'LimitRange',
  'PodSecurityPolicy',
  'PodDisruptionBudget',
  'ServiceAccount',
  'Secret',
  'SecretList',
  'ConfigMap',
  'StorageClass',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'CustomResourceDefinition',
  'ClusterRole',
  'ClusterRoleList',
  'ClusterRoleBinding',
  'ClusterRoleBindingList',
  'Role',
  'RoleList',
  'RoleBinding',
  'RoleBindingList',
  'Service',
  'DaemonSet',
  'Pod',
  'ReplicationController',
  'ReplicaSet',
  'Deployment',
  'HorizontalPodAutoscaler',
  'StatefulSet',
  'Job',
  'CronJob',
  'IngressClass',
  'Ingress',
  'APIService',
];

const tables = {
  /**
   * What others need comes first: definitions and scopes, then identities and configuration, then what binds (the API
   * server checks that a role exists before it is bound), then what runs, then what routes or admits.
   */
  weir: {
    stages: [
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
      ['ClusterRoleBinding', 'RoleBinding'],
    ],
    classes: 0,
    last: admission,
  },
  argocd: { stages: argocdKinds.map((kind) => [kind]), last: [] },
  /** Flux's stages, and within the last one its list of kinds as far as one needs another (`pkg/ssa` ApplyAllStaged). */
  flux: {
    stages: [
      ['CustomResourceDefinition', 'Namespace', 'ClusterRole'],
      ['ClusterClass'],
      ['ClusterRoleBinding', 'ResourceQuota', 'ServiceAccount', 'Role'],
      ['RoleBinding', 'ConfigMap', 'Secret', 'Service', 'LimitRange', 'PersistentVolumeClaim'],
    ],
    classes: 1,
    last: admission,
  },
  /** Definitions and namespaces; all else is a matter of declared dependencies (Config Sync on cli-utils). */
  configsync: { stages: [['CustomResourceDefinition', 'Namespace']], last: [] },
} as const satisfies Record<string, OrderTable>;

export type OrderName = keyof typeof tables;

interface Ranks {
  readonly byKind: ReadonlyMap<string, number>;
  readonly classes: number | undefined;
  readonly others: number;
}

const ranks = Object.fromEntries(
  Object.entries<OrderTable>(tables).map(([name, table]) => [name, ranksOf(table)]),
) as Readonly<Record<OrderName, Ranks>>;

function ranksOf({ stages, classes, last }: OrderTable): Ranks {
  const byKind = new Map<string, number>();
  for (const [stage, kinds] of stages.entries()) for (const kind of kinds) byKind.set(kind, stage);
  for (const kind of last) byKind.set(kind, stages.length + 1);
  return { byKind, classes, others: stages.length };
}

export function stageOf(ref: Pick<ObjectRef, 'kind'>, order: OrderName = 'weir'): number {
  const { byKind, classes, others } = ranks[order];
  const listed = byKind.get(ref.kind);
  if (listed !== undefined) return listed;
  return classes !== undefined && ref.kind.endsWith('Class') ? classes : others;
}

/** A total order within a plan: stage, then kind, namespace and name. */
export function compareRefs(a: ObjectRef, b: ObjectRef, order: OrderName = 'weir'): number {
  return (
    stageOf(a, order) - stageOf(b, order) ||
    compareText(a.kind, b.kind) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name)
  );
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
