// Health of kinds whose group begins with p.

import { degradedIf, healthyIf, progressingIf, suspendedIf, waiting } from '../presets.ts';
import type { Rule, RuleBook, Test } from '../rule.ts';

const confluent: readonly Rule[] = [
  { table: 'status.phase', Healthy: ['RUNNING'], otherwise: 'Progressing', say: '{kind}: {status.phase}' },
  waiting('waiting for the {kind}'),
];

const percona = '{status.ready|"0"} of {status.size|"0"} nodes are ready';

/** Of the conditions only those that speak of the present spec count. */
const isValid = (status: string): Test => ({
  some: 'status.conditions',
  that: {
    all: [
      ['type', 'is', 'Valid'],
      ['status', 'is', status],
      ['observedGeneration', 'is', { of: '$.metadata.generation' }],
    ],
  },
});

const openClusterWaiting = progressingIf(
  ['status.compliant', 'absent'],
  'waiting for the status to be reported',
);

export const p = {
  'pkg.crossplane.io': {
    Provider: [
      progressingIf(['status.conditions', 'absent'], 'waiting for the Provider to be installed'),
      healthyIf({ all: ['Installed=True', 'Healthy=True'] }, '{status.conditions.*.reason}'),
      { is: 'Degraded', say: '{status.conditions.*.reason}' },
    ],
  },
  'platform.confluent.io': {
    Connect: confluent,
    Connector: [
      degradedIf(['status.state', 'is', 'ERROR'], '{status.conditions[0].message|status.state}'),
      degradedIf(['status.failedTasksCount', 'above', 0], '{status.failedTasksCount} tasks have failed'),
      healthyIf(
        {
          all: [
            ['status.state', 'is', 'CREATED'],
            ['status.connectorState', 'is', 'RUNNING'],
          ],
        },
        'the connector is running',
      ),
      waiting('waiting for the connector'),
    ],
    ControlCenter: confluent,
    Kafka: confluent,
    KafkaRestProxy: confluent,
    KsqlDB: confluent,
    SchemaRegistry: confluent,
    Zookeeper: confluent,
  },
  policy: {
    PodDisruptionBudget: [
      // Too few pods for a disruption is an answer, not a fault (argo-cd#20171).
      {
        when: {
          some: 'status.conditions',
          that: {
            all: [
              ['status', 'is', 'False'],
              ['reason', 'isNot', 'InsufficientPods'],
            ],
          },
        },
        is: 'Degraded',
        say: 'PodDisruptionBudget has {@.reason}: {@.message}',
      },
      {
        when: ['status.conditions', 'filled'],
        is: 'Healthy',
        say: 'PodDisruptionBudget has {status.conditions.*.reason}',
      },
      waiting('waiting for the status'),
    ],
  },
  'policy.open-cluster-management.io': {
    CertificatePolicy: [
      openClusterWaiting,
      healthyIf(['status.compliant', 'is', 'Compliant'], 'all certificates comply'),
      { is: 'Degraded', say: 'a certificate does not comply' },
    ],
    ConfigurationPolicy: [
      openClusterWaiting,
      progressingIf(
        ['status.lastEvaluatedGeneration', 'isNot', { of: 'metadata.generation' }],
        'waiting for the status to be updated',
      ),
      progressingIf(['status.compliancyDetails', 'absent'], 'waiting for compliance'),
      healthyIf(['status.compliant', 'is', 'Compliant'], '{status.compliancyDetails.*.conditions.*.message}'),
      { is: 'Degraded', say: '{status.compliancyDetails.*.conditions.*.message}' },
    ],
    OperatorPolicy: [
      progressingIf(['status.conditions', 'absent'], 'waiting for the status to be reported'),
      progressingIf({ behind: 'status.observedGeneration' }, 'waiting for the status to be updated'),
      healthyIf('Compliant=True'),
      degradedIf('Compliant'),
      waiting('waiting for the condition of compliance'),
    ],
    Policy: [
      healthyIf(['spec.disabled', 'is', true], 'the policy is disabled'),
      healthyIf(
        {
          all: [
            ['status.compliant', 'absent'],
            ['status.status', 'absent'],
            ['status.placement', 'filled'],
          ],
        },
        'no cluster matches the policy',
      ),
      openClusterWaiting,
      healthyIf(['status.compliant', 'is', 'Compliant'], 'everything complies'),
      {
        is: 'Degraded',
        say: 'not compliant: {status.status[compliant=NonCompliant].*.clustername|status.details[compliant=NonCompliant].*.templateMeta.name}',
      },
    ],
  },
  'postgresql.cnpg.io': {
    Cluster: [
      suspendedIf(
        {
          any: [
            ['metadata.annotations[cnpg.io/reconciliationLoop]', 'is', 'disabled'],
            ['metadata.annotations[cnpg.io/reconciliation]', 'is', 'disabled'],
          ],
        },
        'the reconciliation is disabled',
      ),
      progressingIf(['status.conditions', 'absent'], '{status.phaseReason}'),
      suspendedIf({ condition: 'cnpg.io/hibernation', status: 'True' }),
      degradedIf({ condition: 'cnpg.io/hibernation' }),
      {
        table: 'status.phase',
        Healthy: ['Cluster in healthy state'],
        Progressing: [
          'Setting up primary',
          'Creating a new replica',
          'Upgrading cluster',
          'Waiting for the instances to become active',
          'Promoting to primary cluster',
        ],
        Degraded: [
          'Switchover in progress',
          'Failing over',
          'Upgrading Postgres major version',
          'Cluster upgrade delayed',
          'Waiting for user action',
          'Primary instance is being restarted in-place',
          'Primary instance is being restarted without a switchover',
          'Cluster cannot execute instance online upgrade due to missing architecture binary',
          'Online upgrade in progress',
          'Applying configuration',
        ],
        Suspended: [
          'Unable to create required cluster objects',
          'Cluster cannot proceed to reconciliation due to an unknown plugin being required',
          'Cluster has incomplete or invalid image catalog',
          'Cluster is unrecoverable and needs manual intervention',
        ],
        otherwise: 'Unknown',
        say: '{status.phaseReason|status.phase}',
      },
      { is: 'Unknown', say: '{status.phaseReason}' },
    ],
  },
  'proclaim.dogmatiq.io': {
    DNSSDServiceInstance: [
      degradedIf('Adopted=False'),
      degradedIf({ condition: 'Advertised', reason: ['AdvertiseError', 'UnadvertiseError'] }),
      {
        when: { condition: 'Discoverable', reason: 'DiscoveryError' },
        is: 'Unknown',
        say: '{@.message}',
      },
      healthyIf('Discoverable=True'),
      progressingIf('Discoverable'),
      waiting(''),
    ],
  },
  'projectcontour.io': {
    ExtensionService: [
      healthyIf(isValid('True')),
      degradedIf(isValid('False')),
      waiting('waiting for the status'),
    ],
    HTTPProxy: [
      healthyIf(isValid('True'), '{status.description}'),
      // A parent is valid only with its children, and a child only with its parent: neither may wait for the other.
      healthyIf(
        { all: [['spec.includes', 'filled'], isValid('False')] },
        'a proxy that includes others has no health of its own',
      ),
      degradedIf(isValid('False'), '{status.description}'),
      progressingIf(['status.conditions', 'absent'], '{status.description|"waiting for the status"}'),
      waiting('waiting for the status'),
    ],
  },
  'psmdb.percona.com': {
    PerconaServerMongoDB: [
      {
        table: 'status.state',
        Healthy: ['ready'],
        Progressing: ['initializing', 'stopping'],
        Suspended: ['paused'],
        Degraded: ['error'],
        say: percona,
      },
      { is: 'Unknown', say: percona },
    ],
  },
  'pulumi.com': {
    Stack: [
      degradedIf('Stalled=True'),
      progressingIf('Reconciling=True'),
      healthyIf('Ready=True'),
      waiting('waiting for the stack to be reconciled'),
    ],
  },
  'pxc.percona.com': {
    PerconaXtraDBCluster: [
      {
        table: 'status.state',
        Healthy: ['ready'],
        Progressing: ['initializing'],
        Degraded: ['stopping', 'error'],
        Unknown: ['paused'],
        say: `{status.state}: ${percona} {status.message}`,
      },
      { is: 'Unknown', say: 'the state of the cluster is unknown' },
    ],
  },
} as const satisfies RuleBook;
