// Health of kinds whose group begins with a.

import { degradedIf, healthyIf, progressingIf, suspendedIf, waiting } from '../presets.ts';
import type { Rule, RuleBook, Test } from '../rule.ts';
import { rollout } from './rollout.ts';

/** OpenKruise: nothing is said of the present spec before it is observed. */
const kruiseNotObserved: readonly Rule[] = [
  progressingIf(
    {
      any: [
        ['status', 'absent'],
        ['metadata.generation', 'isNot', { of: 'status.observedGeneration' }],
      ],
    },
    'waiting for initialization',
  ),
];

/** Only an update can be held by a partition: the first generation has nothing to update. */
const isPartitioned = (partition: string): Test => ({
  all: [
    [partition, 'present'],
    [partition, 'notIn', [0, '0', '0%']],
    ['metadata.generation', 'above', 1],
  ],
});

const kruiseReplicas: readonly Rule[] = [
  healthyIf(
    ['status.updatedAvailableReplicas', 'is', { of: 'status.replicas' }],
    'all replicas are updated and ready',
  ),
  { is: 'Degraded', say: 'some replicas are not ready or available' },
];

/** Work of Astra that ends. */
const astraRun: readonly Rule[] = [
  {
    table: 'status.state',
    Healthy: ['Completed'],
    Progressing: ['Running'],
    otherwise: 'Degraded',
    say: '{kind}: {status.state}',
  },
  waiting('no status available'),
];

export const a = {
  'acid.zalan.do': {
    postgresql: [
      {
        table: 'status.PostgresClusterStatus',
        say: '{status.PostgresClusterStatus}',
        Healthy: ['Running'],
        Progressing: ['Creating', 'Updating'],
        otherwise: 'Degraded',
      },
      waiting('waiting for the status of the cluster'),
    ],
  },
  'addons.cluster.x-k8s.io': {
    ClusterResourceSet: [
      { when: 'ResourcesApplied=True', is: 'Healthy', say: 'the resources are applied' },
      { when: 'ResourcesApplied=False', is: 'Degraded', say: '{@.message}' },
      waiting('initializing the set of resources'),
    ],
  },
  'apiextensions.k8s.io': {
    CustomResourceDefinition: [
      { when: 'Terminating=True', is: 'Progressing', say: 'CRD is terminating: {@.message}' },
      { when: 'NamesAccepted=False', is: 'Degraded', say: 'CRD names are not accepted: {@.message}' },
      { when: ['status.conditions', 'empty'], is: 'Progressing', say: 'CRD has no conditions yet' },
      // The names are accepted; every API server is given time to learn of them.
      { when: 'Established=False/Installing', is: 'Progressing', say: '{@.message}' },
      { when: { not: 'Established=True' }, is: 'Degraded', say: 'CRD is not established' },
      { when: 'NonStructuralSchema=True', is: 'Degraded', say: 'schema violations: {@.message}' },
      { is: 'Healthy', say: 'CRD is healthy' },
    ],
  },
  'apps.3scale.net': {
    APIManager: [
      healthyIf(
        {
          all: [
            ['status.deployments.ready', 'present'],
            ['status.deployments.starting', 'absent'],
            ['status.deployments.stopped', 'absent'],
          ],
        },
        'the APIManager is available',
      ),
      healthyIf('Available=True', 'the APIManager is available'),
      degradedIf(
        {
          some: 'status.conditions',
          that: {
            all: [
              ['type', 'is', 'Available'],
              ['reason', 'filled'],
            ],
          },
        },
        'the APIManager is degraded: {@.reason}',
      ),
      waiting('waiting for the status of the APIManager'),
    ],
  },
  'apps.kruise.io': {
    AdvancedCronJob: [
      suspendedIf(
        {
          all: [
            ['status.lastScheduleTime', 'absent'],
            ['spec.paused', 'is', true],
          ],
        },
        'AdvancedCronJob is paused',
      ),
      progressingIf(['status.active', 'filled'], 'AdvancedCronJob has active jobs'),
      degradedIf(['status.lastScheduleTime', 'absent'], 'AdvancedCronJob has not run'),
      healthyIf(['status.lastScheduleTime', 'present'], 'AdvancedCronJob has run'),
    ],
    BroadcastJob: [
      healthyIf(
        {
          all: [
            ['status.phase', 'is', 'completed'],
            ['status.desired', 'is', { of: 'status.succeeded' }],
          ],
        },
        'BroadcastJob has completed successfully',
      ),
      {
        table: 'status.phase',
        Progressing: ['running'],
        Degraded: ['failed'],
        Suspended: ['paused'],
        say: 'BroadcastJob is {status.phase}',
      },
      waiting('BroadcastJob is still running'),
    ],
    CloneSet: [
      ...kruiseNotObserved,
      suspendedIf(
        {
          any: [
            ['spec.updateStrategy.paused', 'is', true],
            ['status.updatedAvailableReplicas', 'absent'],
          ],
        },
        'CloneSet is paused',
      ),
      {
        when: isPartitioned('spec.updateStrategy.partition'),
        rules: [
          suspendedIf(
            ['status.updatedReplicas', 'atLeast', { of: 'status.expectedUpdatedReplicas' }],
            'CloneSet needs manual intervention',
          ),
          waiting('waiting for the update up to the partition'),
        ],
      },
      ...kruiseReplicas,
    ],
    DaemonSet: [
      ...kruiseNotObserved,
      suspendedIf(
        {
          any: [
            ['spec.updateStrategy.rollingUpdate.paused', 'is', true],
            ['status.updatedNumberScheduled', 'absent'],
          ],
        },
        'DaemonSet is paused',
      ),
      {
        when: isPartitioned('spec.updateStrategy.rollingUpdate.partition'),
        rules: [
          suspendedIf(
            [
              'status.updatedNumberScheduled',
              'above',
              { of: 'status.desiredNumberScheduled', minus: 'spec.updateStrategy.rollingUpdate.partition' },
            ],
            'DaemonSet needs manual intervention',
          ),
          waiting('waiting for the update up to the partition'),
        ],
      },
      {
        when: ['status.updatedNumberScheduled', 'is', { of: 'status.desiredNumberScheduled' }],
        rules: [
          healthyIf(
            ['status.numberAvailable', 'is', { of: 'status.desiredNumberScheduled' }],
            'all pods are updated and available',
          ),
          degradedIf(
            ['status.numberUnavailable', 'is', { of: 'status.desiredNumberScheduled' }],
            'no pod is available',
          ),
        ],
      },
      waiting('waiting for the pods'),
    ],
    StatefulSet: [
      ...kruiseNotObserved,
      suspendedIf(
        {
          any: [
            ['spec.updateStrategy.rollingUpdate.paused', 'is', true],
            ['status.updatedAvailableReplicas', 'absent'],
          ],
        },
        'StatefulSet is paused',
      ),
      {
        when: isPartitioned('spec.updateStrategy.rollingUpdate.partition'),
        rules: [
          suspendedIf(
            [
              'status.updatedReplicas',
              'above',
              { of: 'status.replicas', minus: 'spec.updateStrategy.rollingUpdate.partition' },
            ],
            'StatefulSet needs manual intervention',
          ),
          waiting('waiting for the update up to the partition'),
        ],
      },
      ...kruiseReplicas,
    ],
  },
  'apps.openshift.io': {
    DeploymentConfig: [
      progressingIf(['status.conditions', 'absent'], 'waiting for the pods to run'),
      // Scaled to none it is never available, and still all that was asked for is rolled out.
      healthyIf(
        { all: [['status.replicas', 'is', 0], 'Progressing=True/NewReplicationControllerAvailable'] },
        'the replication controller is rolled out',
      ),
      healthyIf({ all: ['Available=True', 'Progressing=True'] }, 'the replication controller is rolled out'),
      progressingIf({ any: ['Available=True', 'Progressing=True'] }, 'waiting for the pods to run'),
      { is: 'Degraded', say: 'DeploymentConfig is degraded' },
    ],
  },
  'argoproj.io': {
    AnalysisRun: [
      {
        table: 'status.phase',
        Progressing: ['Pending', 'Running'],
        Healthy: ['Successful'],
        Degraded: ['Failed', 'Error'],
        Unknown: ['Inconclusive'],
        say: 'analysis run: {status.message|status.phase}',
      },
      { when: ['status', 'absent'], is: 'Progressing', say: 'waiting for the analysis run to finish' },
    ],
    ApplicationSet: [
      { when: 'ErrorOccurred=True', is: 'Degraded', say: '{@.message}' },
      { when: 'ResourcesUpToDate=False', is: 'Degraded', say: '{@.message}' },
      { when: 'RolloutProgressing=True', is: 'Progressing', say: '{@.message}' },
      { when: 'ResourcesUpToDate=True', is: 'Healthy', say: '{@.message}' },
      waiting('waiting for the status to be reported'),
    ],
    CronWorkflow: [
      {
        inOrder: [
          degradedIf({ condition: ['SpecError', 'SubmissionError'], status: 'True' }),
          healthyIf('Completed=True'),
        ],
      },
      { is: 'Healthy', say: 'CronWorkflow is healthy' },
    ],
    EventBus: [
      degradedIf('Deployed=False', '{@.message|@.reason}'),
      healthyIf('Deployed=True', '{@.message|@.reason}'),
      waiting('waiting for initialization'),
    ],
    Experiment: [
      {
        table: 'status.phase',
        Progressing: ['Pending', 'Running'],
        Healthy: ['Successful'],
        Degraded: ['Failed', 'Error'],
        say: 'the experiment is {status.phase}',
      },
      { when: ['status', 'absent'], is: 'Progressing', say: 'waiting for the experiment to finish' },
    ],
    Rollout: rollout,
    Workflow: [
      {
        table: 'status.phase',
        Progressing: ['', 'Pending', 'Running'],
        Healthy: ['Succeeded'],
        Degraded: ['Failed', 'Error'],
        otherwise: 'Unknown',
        say: '{status.message}',
      },
      waiting(''),
    ],
  },
  'astra.netapp.io': {
    Application: [
      healthyIf('Ready=True', 'Application is ready, protection: {status.protectionState}'),
      degradedIf('Ready=False', 'Application is degraded: {@.message}'),
      waiting('no status available'),
    ],
    AppVault: [
      {
        table: 'status.state',
        Healthy: ['available', 'Available'],
        Degraded: ['failed', 'Failed'],
        say: 'AppVault is {status.state}',
      },
      waiting('no status available'),
    ],
    Backup: astraRun,
    ExecHook: [
      healthyIf(['spec.enabled', 'is', true], 'ExecHook is enabled'),
      suspendedIf(['spec.enabled', 'is', false], 'ExecHook is disabled'),
      waiting('no status available'),
    ],
    ExecHooksRun: astraRun,
    ResourceBackup: astraRun,
    ResourceDelete: astraRun,
    ResourceRestore: astraRun,
    ResourceSummaryUpload: astraRun,
    ResticVolumeBackup: astraRun,
    ResticVolumeRestore: astraRun,
    Schedule: [{ is: 'Healthy', say: 'last scheduled: {status.lastScheduleTime|"never"}' }],
    Snapshot: astraRun,
  },
} as const satisfies RuleBook;
