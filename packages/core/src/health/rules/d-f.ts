// Health of kinds whose group begins with d, e or f.

import { degradedIf, healthyIf, progressingIf, ready, waiting } from '../presets.ts';
import type { RuleBook } from '../rule.ts';

/** Times compare as texts: a condition older than the last refresh speaks of the secret before. */
const isOutdated = {
  all: [
    ['spec.refreshPolicy', 'is', 'OnChange'],
    {
      some: 'status.conditions',
      that: {
        all: [
          ['type', 'is', 'Ready'],
          ['lastTransitionTime', 'below', { of: '$.status.refreshTime' }],
        ],
      },
    },
  ],
} as const;

export const dToF = {
  'datadoghq.com': {
    DatadogMetric: [
      degradedIf('Error=True', '{@.reason}: {@.message|"DatadogMetric reported an error"}'),
      degradedIf('Valid=False', '{@.message|"DatadogMetric is not valid"}'),
      { is: 'Healthy', say: 'DatadogMetric is healthy' },
    ],
  },
  'db.atlasgo.io': {
    AtlasMigration: [
      healthyIf('Ready=True', '{@.reason}'),
      progressingIf({ condition: 'Ready', reason: 'Reconciling' }, '{@.reason}'),
      degradedIf('Ready', '{@.reason}'),
      waiting('waiting for the Atlas operator'),
    ],
    AtlasSchema: [
      healthyIf('Ready=True', '{@.reason}'),
      progressingIf(
        {
          some: 'status.conditions',
          that: {
            all: [
              ['type', 'is', 'Ready'],
              ['message', 'in', ['Reconciling', 'GettingDevDB']],
            ],
          },
        },
        '{@.reason}',
      ),
      degradedIf('Ready', '{@.reason}'),
      waiting('waiting for the Atlas operator'),
    ],
  },
  'elasticsearch.k8s.elastic.co': {
    Elasticsearch: [
      {
        when: ['status.availableNodes', 'present'],
        rules: [
          progressingIf(
            ['status.availableNodes', 'below', { of: 'spec.nodeSets.*.count.+' }],
            '{status.availableNodes} of {spec.nodeSets.*.count.+} nodes are available',
          ),
          {
            when: {
              all: [
                ['status.phase', 'is', 'Ready'],
                ['status.availableNodes', 'is', { of: 'spec.nodeSets.*.count.+' }],
              ],
            },
            rules: [
              {
                table: 'status.health',
                Healthy: ['green'],
                Progressing: ['yellow'],
                Degraded: ['red'],
                say: 'the cluster is {status.health}: see its indices, replicas and shards',
              },
            ],
          },
          {
            table: 'status.phase',
            Progressing: ['ApplyingChanges', 'MigratingData'],
            Degraded: ['Invalid'],
            say: 'the cluster is in phase {status.phase}',
          },
        ],
      },
      { is: 'Unknown', say: 'the state of the cluster is unknown' },
    ],
  },
  'external-secrets.io': {
    // New conditions are put at the end: the last one speaks.
    ClusterExternalSecret: [
      {
        when: ['status.conditions[-1].status', 'is', 'True'],
        rules: [
          {
            table: 'status.conditions[-1].type',
            Healthy: ['Ready'],
            Degraded: ['PartiallyReady', 'NotReady'],
            say: '{status.conditions[-1].message}',
          },
        ],
      },
      waiting('waiting for the ClusterExternalSecret'),
    ],
    ClusterSecretStore: [...ready, waiting('waiting for the ClusterSecretStore')],
    ExternalSecret: [
      progressingIf(isOutdated, 'waiting for the ExternalSecret'),
      ...ready,
      waiting('waiting for the ExternalSecret'),
    ],
    PushSecret: [...ready, waiting('waiting for the PushSecret')],
    SecretStore: [...ready, waiting('waiting for the SecretStore')],
  },
  'flagger.app': {
    Canary: [
      {
        table: 'status.phase',
        Healthy: ['Initialized', 'Succeeded'],
        Progressing: [
          'Initializing',
          'Waiting',
          'Progressing',
          'WaitingPromotion',
          'Promoting',
          'Finalising',
        ],
        Degraded: ['Failed'],
        otherwise: 'Unknown',
        say: '{status.phase} at weight {status.canaryWeight|"0"}: {status.conditions.*.message}',
      },
      { is: 'Unknown', say: 'no status' },
    ],
  },
  'flink.apache.org': {
    FlinkDeployment: [
      {
        when: ['status.reconciliationStatus', 'present'],
        rules: [
          healthyIf(['status.reconciliationStatus.success', 'is', true], ''),
          healthyIf(['status.reconciliationStatus.state', 'is', 'DEPLOYED'], ''),
          progressingIf(
            ['status.jobManagerDeploymentStatus', 'in', ['DEPLOYED_NOT_READY', 'DEPLOYING']],
            'the job manager is being deployed',
          ),
          degradedIf(
            ['status.jobManagerDeploymentStatus', 'is', 'ERROR'],
            '{status.reconciliationStatus.error|status.error}',
          ),
        ],
      },
      waiting('waiting for the Flink operator'),
    ],
  },
} as const satisfies RuleBook;
