// Health of kinds whose group begins with l or m.

import { degradedIf, healthyIf, progressingIf, refusedByAncestor, waiting } from '../presets.ts';
import type { Rule, RuleBook } from '../rule.ts';
import { mariaDb } from './mariadb.ts';

const keptn = (path: string): readonly Rule[] => [
  { table: path, Healthy: ['Succeeded'], Degraded: ['Failed'], say: `{kind}: {${path}}` },
  waiting(`{kind}: {${path}|"waiting"}`),
];

const airlockStale = {
  any: [
    ['observedGeneration', 'absent'],
    ['observedGeneration', 'isNot', { of: '$.metadata.generation' }],
  ],
} as const;

export const lToM = {
  'lifecycle.keptn.sh': {
    KeptnAppVersion: keptn('status.status'),
    KeptnEvaluation: keptn('status.overallStatus'),
    KeptnTask: keptn('status.status'),
    KeptnWorkloadInstance: keptn('status.status'),
    KeptnWorkloadVersion: keptn('status.status'),
  },
  'logstash.k8s.elastic.co': {
    Logstash: [
      {
        table: 'status.health',
        Healthy: ['green'],
        Progressing: ['yellow'],
        Degraded: ['red'],
        say: 'Logstash is {status.health}',
      },
      waiting('waiting for Logstash'),
    ],
  },
  'mariadb.mmontes.io': { MariaDB: mariaDb },
  'metrics.keptn.sh': {
    Analysis: [
      healthyIf(['status.pass', 'is', true], 'the analysis has passed'),
      healthyIf(['status.warning', 'is', true], 'the analysis has passed with warnings'),
      degradedIf(['status.pass', 'is', false], 'the analysis has failed'),
      waiting('the analysis is under way'),
    ],
    KeptnMetric: [
      degradedIf(['status.errMsg', 'filled'], 'KeptnMetric: {status.errMsg}'),
      healthyIf(['status.value', 'present'], 'KeptnMetric is healthy'),
      waiting('KeptnMetric has no value yet'),
    ],
  },
  'microgateway.airlock.com': {
    '*': [
      healthyIf({ not: ['kind', 'endsWith', 'Policy'] }, '{kind} is healthy'),
      {
        when: ['metadata.generation', 'present'],
        rules: [
          {
            each: 'status.ancestors',
            rules: [
              progressingIf(
                { some: 'conditions', that: airlockStale },
                'waiting for ancestor {ancestorRef.name} to update the status of the {$.kind}',
              ),
            ],
          },
        ],
      },
      {
        each: 'status.ancestors',
        rules: [
          refusedByAncestor,
          degradedIf({ not: 'Accepted' }, 'Ancestor {ancestorRef.name}: {$.kind} is not accepted'),
        ],
      },
      healthyIf(['status.ancestors', 'filled'], '{kind} is healthy'),
      waiting('waiting for the status of the {kind}'),
    ],
  },
  'minio.min.io': {
    Tenant: [
      {
        table: 'status.currentState',
        Healthy: ['Initialized'],
        Degraded: [
          'Statefulset not controlled by operator',
          'Another MinIO Tenant already exists in the namespace',
          'Different versions across MinIO Pools',
          'Tenant credentials are not set properly',
          'Pool Decommissioning Not Allowed',
        ],
        otherwise: 'Progressing',
        say: '{status.currentState}',
      },
      waiting('no status available'),
    ],
  },
  'monitoring.coreos.com': {
    Prometheus: [
      healthyIf('Available=True', 'all instances are available'),
      progressingIf({ condition: 'Available', reason: 'SomePodsNotReady' }, '{@.message|@.reason}'),
      degradedIf('Available', '{@.message|@.reason}'),
      waiting('waiting for initialization'),
    ],
  },
} as const satisfies RuleBook;
