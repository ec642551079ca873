// Health of kinds whose group begins with k.

import {
  degradedIf,
  flux,
  healthyIf,
  observed,
  progressingIf,
  ready,
  strimzi,
  suspendedIf,
  waiting,
} from '../presets.ts';
import type { Rule, RuleBook } from '../rule.ts';
import { mariaDb, mariaDbReady } from './mariadb.ts';

/** Ready is what counts; paused is a choice only of what is ready. */
const kedaReady: readonly Rule[] = [
  suspendedIf({ all: ['Ready=True', 'Paused=True'] }),
  healthyIf('Ready=True'),
];

const brokersInSync = {
  every: 'status.brokersState',
  that: {
    all: [
      ['configurationState', 'is', 'ConfigInSync'],
      [
        'gracefulActionState.cruiseControlState',
        'in',
        ['GracefulUpscaleSucceeded', 'GracefulDownscaleSucceeded'],
      ],
    ],
  },
} as const;

export const k = {
  'k8s.keycloak.org': {
    Keycloak: [
      progressingIf(['status.conditions', 'absent'], 'waiting for the conditions of Keycloak'),
      { inOrder: [healthyIf('Ready=True', ''), degradedIf('HasErrors=True', 'has errors: {@.message}')] },
      waiting(''),
    ],
  },
  'k8s.mariadb.com': {
    Backup: [
      degradedIf(
        {
          some: 'status.conditions',
          that: {
            all: [
              ['status', 'is', 'False'],
              ['reason', 'is', 'CronJobScheduled'],
              ['message', 'is', 'Failed'],
            ],
          },
        },
        '{@.reason} {@.message}',
      ),
      ...mariaDb,
    ],
    Database: mariaDbReady,
    Grant: mariaDbReady,
    MariaDB: mariaDb,
    SqlJob: [
      healthyIf(
        {
          some: 'status.conditions',
          that: {
            all: [
              ['reason', 'is', 'JobComplete'],
              ['status', 'is', 'True'],
            ],
          },
        },
        '{@.reason} {@.message}',
      ),
      degradedIf(
        {
          some: 'status.conditions',
          that: {
            all: [
              ['reason', 'is', 'JobFailed'],
              ['status', 'is', 'True'],
            ],
          },
        },
        '{@.reason} {@.message}',
      ),
      waiting('{status.conditions[-1].message|"no status available"}'),
    ],
    User: mariaDbReady,
  },
  'kafka.banzaicloud.io': {
    KafkaCluster: [
      progressingIf(['status.brokersState', 'absent'], 'waiting for the KafkaCluster'),
      // Brokers get out of sync one by one while they are upgraded.
      progressingIf(['status.state', 'is', 'ClusterRollingUpgrading'], 'the cluster is being upgraded'),
      degradedIf({ not: brokersInSync }, 'brokers are out of sync, or Cruise Control is not ready'),
      healthyIf(
        {
          all: [
            ['status.cruiseControlTopicStatus', 'is', 'CruiseControlTopicReady'],
            ['status.state', 'is', 'ClusterRunning'],
          ],
        },
        'brokers, Cruise Control and the cluster are healthy',
      ),
      waiting('KafkaCluster: {status.state|"waiting"}'),
    ],
  },
  'kafka.strimzi.io': {
    Kafka: [
      {
        inOrder: [
          degradedIf({ condition: 'NotReady', status: 'True', notReason: 'Creating' }),
          healthyIf('Ready=True', ''),
        ],
      },
      waiting('waiting for the Kafka cluster'),
    ],
    KafkaBridge: strimzi,
    KafkaConnect: strimzi,
    KafkaConnector: strimzi,
    KafkaTopic: strimzi,
    KafkaUser: strimzi,
  },
  'karpenter.k8s.aws': {
    EC2NodeClass: [
      ...ready,
      degradedIf({
        condition: ['SubnetsReady', 'SecurityGroupsReady', 'ValidationSucceeded'],
        status: 'False',
      }),
      waiting('waiting for the EC2NodeClass to be ready'),
    ],
  },
  'karpenter.sh': {
    NodeClaim: [
      observed,
      // The node is on its way out: consolidated, expired or drifted.
      suspendedIf('Disrupting=True'),
      ...ready,
      progressingIf('Initialized=True', 'the node is initialized, waiting for it to be ready'),
      progressingIf('Registered=True', 'the node is registered, waiting for its initialization'),
      progressingIf('Launched=True', 'the node is launched, waiting for its registration'),
      waiting('waiting for the NodeClaim to be launched'),
    ],
    NodePool: [...ready, degradedIf('NodeClassReady=False'), waiting('waiting for the NodePool to be ready')],
  },
  'keda.sh': {
    ScaledJob: [
      degradedIf({ condition: 'Ready', status: ['False', 'Unknown'] }),
      ...kedaReady,
      waiting('waiting for the ScaledJob'),
    ],
    ScaledObject: [
      degradedIf('Fallback=True'),
      degradedIf('Ready=False'),
      ...kedaReady,
      waiting('the HorizontalPodAutoscaler is being created'),
    ],
  },
  'kiali.io': {
    Kiali: [
      {
        inOrder: [
          healthyIf('Successful=True'),
          degradedIf('Failure=True'),
          progressingIf({ condition: 'Running', reason: 'Running' }),
        ],
      },
      waiting('waiting for Kiali'),
    ],
  },
  'kubernetes-client.io': {
    ExternalSecret: [
      healthyIf(['status.status', 'is', 'SUCCESS'], 'the secret is fetched'),
      degradedIf(['status.status', 'startsWith', 'ERROR'], '{status.status}'),
      waiting('waiting for the ExternalSecret'),
    ],
  },
  'kubevirt.io': {
    VirtualMachine: [
      suspendedIf('Paused=True', 'Paused'),
      healthyIf('Ready=True', '{$.status.printableStatus|"Running"}'),
      progressingIf(
        { all: ['Ready', ['status.created', 'is', true]] },
        '{status.printableStatus|"Starting"}',
      ),
      suspendedIf('Ready', '{status.printableStatus|"Stopped"}'),
      waiting('{status.printableStatus|"no status available"}'),
    ],
    VirtualMachineInstance: [
      {
        table: 'status.phase',
        Degraded: ['Failed'],
        Progressing: ['Pending', 'Scheduling', 'Scheduled'],
        Suspended: ['Succeeded'],
        Unknown: ['Unknown'],
        say: '{status.phase}',
      },
      suspendedIf('Paused=True'),
      healthyIf('Ready=True', 'Running'),
      degradedIf('Ready'),
      waiting('{status.phase|"no status available"}'),
    ],
  },
  'kustomize.toolkit.fluxcd.io': { Kustomization: flux },
  'kyverno.io': {
    Policy: [
      healthyIf('Ready=True/Succeeded', 'Policy is ready'),
      waiting('waiting for the Policy to be ready'),
    ],
  },
} as const satisfies RuleBook;
