// Health of kinds whose group begins with c.

import {
  crossplaneManaged,
  degradedIf,
  firstTrue,
  healthyIf,
  progressingIf,
  ready,
  suspendedIf,
  waiting,
} from '../presets.ts';
import type { Rule, RuleBook } from '../rule.ts';

const threeScale = firstTrue({
  healthy: 'Ready',
  degraded: ['Invalid', 'Orphan', 'Failed'],
  progressing: 'In-progress',
  suspended: 'Waiting',
});
const threeScaleSynced = firstTrue({ healthy: 'Synced', degraded: ['Invalid', 'Orphan', 'Failed'] });
const threeScaleWaiting = waiting('waiting for the status of the {kind}');

/** What exists in Humio, as its operator sees it. */
const humio: readonly Rule[] = [
  {
    table: 'status.state',
    Healthy: ['Exists'],
    Missing: ['NotFound'],
    Degraded: ['ConfigError'],
    Unknown: ['Unknown'],
    say: 'state: {status.state}',
  },
  waiting('update in progress'),
];

const clickHouse: readonly Rule[] = [
  {
    table: 'status.status',
    Healthy: ['Completed'],
    Progressing: ['InProgress'],
    otherwise: 'Degraded',
    say: '{kind}: {status.status}',
  },
  waiting('the status is not yet available'),
];

const coralogix: readonly Rule[] = [
  healthyIf('RemoteSynced=True', '{kind} is ready'),
  degradedIf('RemoteSynced=False'),
  waiting('waiting for the status to be updated'),
];

const issuer: readonly Rule[] = [...ready, waiting('initializing the {kind}')];

export const c = {
  'camel.apache.org': { Integration: [...ready, waiting('waiting for the Integration')] },
  'capabilities.3scale.net': {
    ActiveDoc: [threeScale, threeScaleWaiting],
    Application: [
      suspendedIf(['status.state', 'is', 'suspended'], 'Application is suspended'),
      healthyIf('Ready=True', 'Application is ready'),
      // An application that has an id exists: it is only being changed.
      degradedIf(
        { all: [['status.adminId', 'atMost', 0], { condition: 'Ready', notStatus: 'True' }] },
        '{@.message|"Application is not ready"}',
      ),
      threeScaleWaiting,
    ],
    ApplicationAuth: [threeScale, threeScaleWaiting],
    Backend: [threeScaleSynced, threeScaleWaiting],
    CustomPolicyDefinition: [threeScale, threeScaleWaiting],
    DeveloperAccount: [threeScale, threeScaleWaiting],
    DeveloperUser: [
      suspendedIf(['status.developerUserState', 'is', 'suspended'], 'the user waits for approval'),
      threeScale,
      threeScaleWaiting,
    ],
    OpenAPI: [threeScale, threeScaleWaiting],
    Product: [threeScaleSynced, threeScaleWaiting],
    ProxyConfigPromote: [threeScale, threeScaleWaiting],
    Tenant: [
      healthyIf(
        { all: [['status.tenantId', 'above', 0], ['status.adminId', 'above', 0], 'Ready=True'] },
        'Tenant is ready',
      ),
      degradedIf({ condition: 'Ready', notStatus: 'True' }, '{@.message|"Tenant is degraded"}'),
      threeScaleWaiting,
    ],
  },
  'cassandra.rook.io': {
    Cluster: [
      progressingIf(['status.racks', 'absent'], 'waiting for the cluster'),
      progressingIf(
        {
          some: 'status.racks',
          that: {
            all: [
              ['members', 'present'],
              ['readyMembers', 'present'],
              ['members', 'isNot', { of: 'readyMembers' }],
            ],
          },
        },
        'waiting for the cluster: {@.readyMembers} of {@.members} members of a rack are ready',
      ),
      { is: 'Healthy' },
    ],
  },
  'cdi.kubevirt.io': {
    DataVolume: [
      healthyIf(['status.phase', 'is', 'Succeeded'], '{status.phase}'),
      suspendedIf(['status.phase', 'is', 'Paused'], '{status.phase}'),
      degradedIf('Running=False/Error'),
      degradedIf(['status.phase', 'in', ['Failed', 'Unknown']], '{status.phase}'),
      waiting('{status.phase|"no status available"}'),
    ],
  },
  'ceph.rook.io': {
    CephCluster: [
      progressingIf(['status', 'absent'], 'waiting for the status to be reported'),
      degradedIf(
        ['status.ceph.health', 'in', ['HEALTH_ERR', 'HEALTH_WARN']],
        'Ceph is {status.ceph.health} ({status.ceph.details.*.message}) - {status.message}',
      ),
      {
        when: ['status.ceph.health', 'is', 'HEALTH_OK'],
        rules: [
          {
            table: 'status.state',
            Healthy: ['Created', 'Connected'],
            Degraded: ['Error'],
            otherwise: 'Progressing',
            say: 'Ceph is {status.ceph.health}, the cluster is {status.state} - {status.message}',
          },
          { is: 'Healthy', say: 'Ceph is {status.ceph.health} - {status.message}' },
        ],
      },
      waiting('{status.message}'),
    ],
    CephObjectStore: [
      {
        table: 'status.phase',
        Healthy: ['Ready'],
        Degraded: ['Failure'],
        otherwise: 'Progressing',
        say: 'the object store is in phase {status.phase} {status.info.endpoint}',
      },
      waiting('waiting for the status to be reported'),
    ],
  },
  'cert-manager.io': {
    Certificate: [
      // A renewal is told by Issuing while Ready still speaks of the certificate before.
      progressingIf('Issuing=True'),
      ...ready,
      waiting('waiting for the certificate'),
    ],
    ClusterIssuer: issuer,
    Issuer: issuer,
  },
  'certmanager.k8s.io': { Certificate: [...ready, waiting('waiting for the certificate')], Issuer: issuer },
  'clickhouse-keeper.altinity.com': { ClickHouseKeeperInstallation: clickHouse },
  'clickhouse.altinity.com': { ClickHouseInstallation: clickHouse },
  'cloudfront.aws.crossplane.io': { Distribution: crossplaneManaged },
  'coralogix.com': { Alert: coralogix, RecordingRuleGroupSet: coralogix },
  'core.gardener.cloud': {
    Shoot: [
      {
        table: 'metadata.labels[shoot.gardener.cloud/status]',
        Healthy: ['healthy'],
        Progressing: ['progressing'],
        Degraded: ['unhealthy'],
        Unknown: ['unknown'],
        say: 'state: {metadata.labels[shoot.gardener.cloud/status]}',
      },
      waiting('update in progress'),
    ],
  },
  'core.humio.com': {
    HumioAction: humio,
    HumioAlert: humio,
    HumioCluster: [
      {
        table: 'status.state',
        Healthy: ['Running'],
        Progressing: ['Restarting', 'Upgrading', 'Pending'],
        Degraded: ['ConfigError'],
        Unknown: ['Unknown'],
        say: '{status.message|status.state}',
      },
      waiting('update in progress'),
    ],
    HumioIngestToken: humio,
    HumioParser: humio,
    HumioRepository: humio,
    HumioView: humio,
  },
  'core.spinkube.dev': {
    SpinApp: [
      progressingIf(['status', 'absent'], 'waiting for the status to be available'),
      degradedIf({ not: 'Available=True' }, '{status.conditions.*.message|"SpinApp is not available"}'),
      progressingIf(
        ['status.readyReplicas', 'below', { of: 'spec.replicas', or: 1 }],
        'waiting for replicas: {status.readyReplicas|"0"} of {spec.replicas|"1"} are ready',
      ),
      progressingIf('Progressing=True'),
      { is: 'Healthy', say: '{status.readyReplicas|"0"} of {spec.replicas|"1"} replicas are ready' },
    ],
  },
} as const satisfies RuleBook;
