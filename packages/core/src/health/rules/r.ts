// Health of kinds whose group begins with r.

import { crossplaneManaged, degradedIf, healthyIf, progressingIf, suspendedIf, waiting } from '../presets.ts';
import type { Rule, RuleBook } from '../rule.ts';

/** What the topology operator of RabbitMQ creates in a cluster. */
const rabbitTopology: readonly Rule[] = [
  healthyIf('Ready=True/SuccessfulCreateOrUpdate', '{kind} is ready'),
  degradedIf('Ready=False/FailedCreateOrUpdate', '{kind} could not be created or updated: {@.message}'),
  { is: 'Unknown', say: 'the status of the {kind} is unknown' },
];

const isAdmitted = (status: string) =>
  ({
    some: 'status.ingress',
    that: {
      some: 'conditions',
      that: {
        all: [
          ['type', 'is', 'Admitted'],
          ['status', 'is', status],
        ],
      },
    },
  }) as const;

export const r = {
  'rabbitmq.com': {
    Binding: rabbitTopology,
    Exchange: rabbitTopology,
    Federation: rabbitTopology,
    Permission: rabbitTopology,
    Policy: rabbitTopology,
    Queue: rabbitTopology,
    RabbitmqCluster: [
      degradedIf('ReconcileSuccess=False'),
      // The operator knows nothing while the cluster is being formed.
      progressingIf(
        { condition: ['ClusterAvailable', 'AllReplicasReady'], status: 'Unknown' },
        'waiting for the cluster: {@.message|@.reason}',
      ),
      suspendedIf(
        { all: [['spec.replicas', 'is', 0], 'AllReplicasReady=False/ScaledToZero'] },
        'the cluster is scaled to none',
      ),
      progressingIf('ClusterAvailable=False', 'waiting for the cluster to form: {@.message}'),
      progressingIf('AllReplicasReady=False', 'waiting for replicas: {@.message}'),
      healthyIf({ all: ['ClusterAvailable=True', 'AllReplicasReady=True'] }, 'the cluster is ready'),
      waiting('waiting for the RabbitMQ operator'),
    ],
    SchemaReplication: rabbitTopology,
    Shovel: rabbitTopology,
    User: rabbitTopology,
    Vhost: rabbitTopology,
  },
  'rds.aws.crossplane.io': { DBCluster: crossplaneManaged, DBInstance: crossplaneManaged },
  'rollouts.kruise.io': {
    Rollout: [
      progressingIf(
        ['metadata.generation', 'isNot', { of: 'status.observedGeneration' }],
        'the Rollout is progressing',
      ),
      {
        when: ['status.canaryStatus.currentStepState', 'is', 'StepPaused'],
        rules: [
          {
            table: 'status.phase',
            Suspended: ['Progressing'],
            Degraded: ['Terminating', 'Disabled'],
            say: '{status.message|status.phase}',
          },
        ],
      },
      healthyIf(
        {
          all: [
            ['status.canaryStatus.currentStepState', 'is', 'Completed'],
            ['status.phase', 'is', 'Healthy'],
          ],
        },
        'the Rollout is completed',
      ),
      waiting('the Rollout is progressing'),
    ],
  },
  'route.openshift.io': {
    Route: [
      progressingIf(['status.ingress', 'absent'], 'the Route is being admitted'),
      healthyIf(
        {
          every: 'status.ingress',
          that: {
            some: 'conditions',
            that: {
              all: [
                ['type', 'is', 'Admitted'],
                ['status', 'is', 'True'],
              ],
            },
          },
        },
        'the Route is admitted',
      ),
      degradedIf(isAdmitted('False'), 'a router has refused the Route'),
      waiting('the Route is being admitted'),
    ],
  },
  'route53.aws.crossplane.io': { ResourceRecordSet: crossplaneManaged },
} as const satisfies RuleBook;
