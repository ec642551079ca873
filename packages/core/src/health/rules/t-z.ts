// Health of kinds whose group begins with t to z.

import { degradedIf, healthyIf, progressingIf, waiting } from '../presets.ts';
import type { Rule, RuleBook } from '../rule.ts';

const insufficient = 'the status of the resource is insufficient';

/** What Karmada has bound to clusters: every one of them has to tell. */
const karmada: readonly Rule[] = [
  progressingIf(
    {
      any: [
        ['spec.clusters', 'empty'],
        ['status.aggregatedStatus', 'absent'],
        ['spec.clusters.#', 'isNot', { of: 'status.aggregatedStatus.#' }],
      ],
    },
    insufficient,
  ),
  degradedIf(
    {
      some: 'status.aggregatedStatus',
      that: {
        any: [
          ['health', 'is', 'Unhealthy'],
          {
            all: [
              ['health', 'is', 'Unknown'],
              ['applied', 'isNot', true],
            ],
          },
        ],
      },
    },
    'the resource is unhealthy in {@.clusterName}',
  ),
  { is: 'Healthy' },
];

export const tToZ = {
  'tower.ansible.com': {
    AnsibleJob: [
      {
        table: 'status.ansibleJobResult.status',
        Healthy: ['successful'],
        Degraded: ['error', 'failed', 'canceled'],
        otherwise: 'Progressing',
        say: 'the job is {status.ansibleJobResult.status} - {status.ansibleJobResult.url}',
      },
      waiting('waiting for the AnsibleJob'),
    ],
  },
  'trident.netapp.io': {
    TridentBackendConfig: [
      healthyIf(
        {
          all: [
            ['status.phase', 'is', 'Bound'],
            ['status.lastOperationStatus', 'is', 'Success'],
          ],
        },
        '{status.message}',
      ),
      degradedIf(['status.lastOperationStatus', 'is', 'Failed'], '{status.message}'),
      waiting('{status.message|"waiting for the backend to be created"}'),
    ],
    TridentOrchestrator: [
      {
        table: 'status.status',
        Healthy: ['Installed'],
        Degraded: ['Error', 'Failed'],
        otherwise: 'Progressing',
        say: '{status.message|status.status}',
      },
      waiting('waiting for Trident to be installed'),
    ],
  },
  'work.karmada.io': { ClusterResourceBinding: karmada, ResourceBinding: karmada },
  'zookeeper.pravega.io': {
    ZookeeperCluster: [
      healthyIf(
        {
          all: [
            ['status.readyReplicas', 'above', 0],
            ['status.readyReplicas', 'is', { of: 'status.replicas' }],
          ],
        },
        'all nodes have joined the ensemble',
      ),
      waiting('{status.readyReplicas|"0"} of {status.replicas|"0"} nodes have joined the ensemble'),
    ],
  },
} as const satisfies RuleBook;
