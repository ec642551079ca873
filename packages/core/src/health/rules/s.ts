// Health of kinds whose group begins with s.

import { crossplaneManaged, degradedIf, healthyIf, progressingIf, suspendedIf, waiting } from '../presets.ts';
import type { Rule, RuleBook, Test } from '../rule.ts';
import { rollout } from './rollout.ts';

/** Objects of the SAP BTP operator. */
const sap: readonly Rule[] = [
  progressingIf(['status.conditions', 'absent'], 'waiting for the status'),
  progressingIf(
    { some: 'status.conditions', that: { behind: 'observedGeneration' } },
    'waiting for the spec to be observed',
  ),
  degradedIf('Failed=True'),
  progressingIf({
    condition: 'Succeeded',
    status: 'False',
    reason: ['CreateInProgress', 'UpdateInProgress', 'DeleteInProgress', 'InProgress'],
  }),
  degradedIf('Succeeded=False'),
  { is: 'Healthy', say: 'ready to use' },
];

const snapshot: readonly Rule[] = [
  healthyIf(['status.readyToUse', 'is', true], 'ready to use'),
  degradedIf(['status.error', 'present'], '{status.error.message}'),
  waiting('waiting for the status'),
];

/** Sources of Flux: Ready, and with an artifact in the storage. */
const fluxSource: readonly Rule[] = [
  progressingIf(['status.conditions', 'absent'], 'the status is not known yet'),
  progressingIf({ all: ['Reconciling=True', 'Ready=Unknown'] }, '{@.reason}'),
  healthyIf({ all: ['ArtifactInStorage=True', 'Ready=True'] }, '{@.reason}'),
  degradedIf('Ready', '{@.reason}'),
  { is: 'Degraded' },
];
const fluxSuspended: Rule = suspendedIf(['spec.suspend', 'is', true], '{kind} is suspended');

const sparkCount = 'status.executorState[=RUNNING].#';
const isDynamicSpark: Test = {
  any: [
    ['spec.executor.instances', 'absent'],
    ['spec.dynamicAllocation.enabled', 'is', true],
    ['spec.sparkConf[spark.dynamicAllocation.enabled]', 'is', 'true'],
  ],
};

/** As many executors as were asked for, or, where Spark chooses how many, as many as it must have. */
const sparkRunning: readonly Rule[] = [
  {
    when: isDynamicSpark,
    rules: [
      healthyIf(
        {
          all: [
            [sparkCount, 'above', 0],
            [sparkCount, 'atLeast', { of: 'spec.dynamicAllocation.minExecutors' }],
            [sparkCount, 'atLeast', { of: 'spec.sparkConf[spark.dynamicAllocation.minExecutors]' }],
          ],
        },
        'SparkApplication is running',
      ),
    ],
  },
  healthyIf(
    {
      all: [
        ['status.executorState', 'present'],
        [sparkCount, 'is', { of: 'spec.executor.instances' }],
      ],
    },
    'SparkApplication is running',
  ),
  waiting('waiting for executors'),
];

/** Every condition of KServe holds true in a service that works, but for the one that says that it is stopped. */
const isOpen: Test = {
  any: [
    {
      all: [
        ['type', 'is', 'Stopped'],
        ['status', 'isNot', 'False'],
      ],
    },
    {
      all: [
        ['type', 'isNot', 'Stopped'],
        ['status', 'isNot', 'True'],
      ],
    },
  ],
};

export const s = {
  's3.aws.crossplane.io': { Bucket: crossplaneManaged },
  'services.cloud.sap.com': { ServiceBinding: sap, ServiceInstance: sap },
  'serving.knative.dev': {
    Service: [
      progressingIf(['status.conditions', 'absent'], 'waiting for the status'),
      degradedIf(
        { some: 'status.conditions', that: ['status', 'is', 'False'] },
        '{status.conditions[status=False].*.message}',
      ),
      progressingIf(
        { some: 'status.conditions', that: ['status', 'is', 'Unknown'] },
        '{status.conditions[status=Unknown].*.message}',
      ),
      healthyIf(
        { all: ['ConfigurationsReady=True', 'RoutesReady=True', 'Ready=True'] },
        'Service is healthy',
      ),
      waiting('waiting for the status'),
    ],
  },
  'serving.kserve.io': {
    InferenceService: [
      progressingIf(['status.conditions', 'empty'], 'waiting for the status'),
      {
        table: 'status.modelStatus.transitionStatus',
        Degraded: ['BlockedByFailedLoad', 'InvalidSpec'],
        Progressing: ['InProgress'],
        say: '{status.modelStatus.transitionStatus} {status.conditions[status=Unknown].*.message}',
      },
      progressingIf({ some: 'status.conditions', that: isOpen }, '{@.type}: {@.message|@.reason}'),
      { is: 'Healthy', say: 'InferenceService is healthy' },
    ],
  },
  'snapshot.storage.k8s.io': { VolumeSnapshot: snapshot, VolumeSnapshotContent: snapshot },
  'solr.apache.org': {
    SolrCloud: [
      progressingIf(['status.solrNodes', 'absent'], 'waiting for Solr to exist'),
      progressingIf(
        { some: 'status.solrNodes', that: ['ready', 'isNot', true] },
        'not all replicas are ready: {@.name}',
      ),
      { is: 'Healthy', say: 'Solr is ready' },
    ],
  },
  'source.toolkit.fluxcd.io': {
    Bucket: [fluxSuspended, ...fluxSource],
    GitRepository: [fluxSuspended, ...fluxSource],
    HelmChart: [fluxSuspended, ...fluxSource],
    HelmRepository: [
      fluxSuspended,
      healthyIf(['spec.type', 'is', 'oci'], 'an OCI repository of charts has no status'),
      ...fluxSource,
    ],
    OCIRepository: [fluxSuspended, ...fluxSource],
  },
  'sparkoperator.k8s.io': {
    SparkApplication: [
      { when: ['status.applicationState.state', 'is', 'RUNNING'], rules: sparkRunning },
      {
        table: 'status.applicationState.state',
        Healthy: ['COMPLETED'],
        Progressing: ['', 'SUBMITTED', 'PENDING_RERUN', 'SUCCEEDING', 'UNKNOWN'],
        Degraded: ['FAILED', 'SUBMISSION_FAILED', 'FAILING'],
        Missing: ['INVALIDATING'],
        say: '{status.applicationState.errorMessage|status.applicationState.state}',
      },
      waiting('waiting for executors'),
    ],
  },
  'spot.io': { SpotDeployment: rollout },
  'stacks.crossplane.io': {
    ClusterStackInstall: [
      healthyIf(
        { condition: 'Ready', status: 'True', of: 'status.conditionedStatus.conditions' },
        '{@.reason}',
      ),
      progressingIf({ condition: 'Ready', of: 'status.conditionedStatus.conditions' }, '{@.reason}'),
      waiting('waiting for the stack to be installed'),
    ],
  },
} as const satisfies RuleBook;
