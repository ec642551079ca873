// Health of kinds whose group begins with o.

import { degradedIf, healthyIf, observed, progressingIf, ready, suspendedIf, waiting } from '../presets.ts';
import type { Rule, RuleBook, Test } from '../rule.ts';

/** What comes by itself: Pods, or a word of the operator. */
const isOpen: Test = {
  any: [
    { condition: ['Ready', 'DeploymentsAvailable'], status: 'False' },
    { some: 'status.conditions', that: ['status', 'is', 'Unknown'] },
  ],
};
const sayConditions = '{status.conditions[status=False].*.type} {status.conditions[status=Unknown].*.type}';

/** What the Knative operator installs: every condition has to hold. */
const knative = (types: readonly string[]): readonly Rule[] => [
  progressingIf(['status.conditions', 'absent'], 'waiting for the {kind}'),
  progressingIf(isOpen, `not yet: ${sayConditions}`),
  healthyIf({ all: types.map((type) => `${type}=True`) }, '{kind} is healthy'),
  { is: 'Degraded', say: '{status.conditions.*.type}: {status.conditions.*.status}' },
];

const subscriptionFault: Test = {
  any: [
    { condition: 'InstallPlanMissing', notReason: 'ReferencedInstallPlanNotFound' },
    {
      condition: ['CatalogSourcesUnhealthy', 'InstallPlanFailed', 'ResolutionFailed', 'BundleUnpackFailed'],
      status: 'True',
    },
    ['status.state', 'is', 'UpgradeFailed'],
  ],
};

/** An upgrade that only waits for somebody to approve it leaves the installed version at work. */
const awaitsApproval: Test = {
  all: [
    ['spec.installPlanApproval', 'is', 'Manual'],
    ['status.installedCSV', 'filled'],
    'InstallPlanPending=True/RequiresApproval',
  ],
};

export const o = {
  'objectbucket.io': {
    ObjectBucketClaim: [
      {
        table: 'status.phase',
        Healthy: ['Bound'],
        Degraded: ['Failed'],
        otherwise: 'Progressing',
        say: 'the claim is {status.phase}',
      },
      waiting('waiting for the status to be reported'),
    ],
  },
  'ocs.openshift.io': {
    StorageCluster: [
      degradedIf('Degraded=True'),
      progressingIf('Progressing=True'),
      healthyIf({ condition: ['Available', 'Upgradeable'], status: 'True' }),
      waiting('the StorageCluster is being initialized'),
    ],
  },
  'onepassword.com': { OnePasswordItem: [...ready, waiting('waiting for the status to be reported')] },
  'openfaas.com': {
    Function: [
      degradedIf('Stalled=True'),
      degradedIf('Ready=False'),
      {
        when: 'Ready=True',
        rules: [
          healthyIf(['status.replicas', 'above', 0], '{status.replicas} replicas are ready'),
          suspendedIf(['status.replicas', 'atMost', 0], 'there are no replicas'),
        ],
      },
      waiting('waiting for the Function'),
    ],
  },
  'opentelemetry.io': {
    OpenTelemetryCollector: [
      progressingIf(['status', 'absent'], 'waiting for the status of the collector'),
      healthyIf(
        {
          all: [
            ['status.scale.statusReplicas', 'absent'],
            ['spec.mode', 'is', 'sidecar'],
          ],
        },
        'the collector runs in its sidecars',
      ),
      // A DaemonSet without a node that fits has nothing to run.
      healthyIf(
        {
          all: [
            ['spec.mode', 'is', 'daemonset'],
            ['status.scale.statusReplicas', 'is', '0/0'],
          ],
        },
        'no node is to run a replica',
      ),
      degradedIf(['status.scale.statusReplicas[/0]', 'is', '0'], 'no replica is ready'),
      healthyIf(
        {
          all: [
            ['status.scale.statusReplicas[/1]', 'present'],
            ['status.scale.statusReplicas[/0]', 'is', { of: 'status.scale.statusReplicas[/1]' }],
          ],
        },
        'all replicas are ready',
      ),
      waiting('{status.scale.statusReplicas|"unknown"} replicas are ready'),
    ],
  },
  'operator.knative.dev': {
    KnativeEventing: knative(['InstallSucceeded', 'Ready']),
    KnativeServing: knative(['DependenciesInstalled', 'DeploymentsAvailable', 'InstallSucceeded', 'Ready']),
  },
  'operator.openshift.io': {
    IngressController: [
      {
        inOrder: [
          degradedIf('Degraded=True'),
          progressingIf('DeploymentReplicasAllAvailable=False'),
          progressingIf('Progressing=True', '{@.reason}'),
          healthyIf('Available=True', 'the IngressController is available'),
        ],
      },
      waiting('the status is not known yet'),
    ],
  },
  'operator.victoriametrics.com': {
    '*': [
      observed,
      {
        table: 'status.updateStatus',
        Healthy: ['operational'],
        Progressing: ['expanding'],
        Suspended: ['paused'],
        Degraded: ['failed'],
        say: '{status.reason|status.updateStatus}',
      },
      waiting('waiting for the operator to report a status'),
    ],
  },
  'operators.coreos.com': {
    Subscription: [
      progressingIf(['status', 'absent'], 'waiting for an install plan'),
      degradedIf(subscriptionFault, '{@.type|status.state}: {@.message|@.reason}'),
      healthyIf(awaitsApproval, '{status.installedCSV} is installed; an upgrade waits for approval'),
      progressingIf({ condition: 'InstallPlanPending', status: 'True' }, '{@.type}: {@.reason}'),
      healthyIf(['status.state', 'is', 'AtLatestKnown'], '{status.installedCSV} is installed'),
      waiting('the subscription is in state {status.state|"unknown"}'),
    ],
  },
} as const satisfies RuleBook;
