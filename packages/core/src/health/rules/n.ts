// Health of kinds whose group begins with n.

import { degradedIf, healthyIf, progressingIf, waiting } from '../presets.ts';
import type { Rule, RuleBook, Test } from '../rule.ts';

const notObserved: Test = ['metadata.generation', 'isNot', { of: 'status.observedGeneration' }];

/** Numaflow: its own phase, what is below it, and what a progressive upgrade has made of it. */
const numaflow: readonly Rule[] = [
  progressingIf(notObserved, 'waiting for the status of the {kind}'),
  degradedIf(['status.phase', 'is', 'Failed'], '{status.message}'),
  degradedIf(
    ['metadata.labels[numaplane.numaproj.io/progressive-result-state]', 'is', 'failed'],
    'the progressive upgrade has failed',
  ),
  degradedIf({ some: 'status.conditions', that: ['status', 'is', 'False'] }, '{@.message|@.type}'),
  {
    table: 'status.phase',
    Healthy: ['Running', 'Paused', 'Pausing'],
    otherwise: 'Progressing',
    say: '{kind} is {status.phase}',
  },
  waiting('waiting for the status of the {kind}'),
];

const isUpgradeFailed = 'ProgressiveUpgradeSucceeded=False';

/** Numaplane: a failed progressive upgrade is a fault even while it is under way. */
const numaplane: readonly Rule[] = [
  progressingIf({ any: [['status', 'absent'], notObserved] }, 'not yet reconciled'),
  {
    when: { not: isUpgradeFailed },
    rules: [
      progressingIf(
        {
          any: [
            ['status.upgradeInProgress', 'filled'],
            ['status.phase', 'is', 'Pending'],
          ],
        },
        'an update is in progress',
      ),
    ],
  },
  progressingIf('ChildResourcesHealthy=False/Progressing', 'the child is progressing: {@.message}'),
  degradedIf(['status.phase', 'is', 'Failed'], '{status.message}'),
  degradedIf('ChildResourcesHealthy=False'),
  degradedIf(isUpgradeFailed, 'the progressive upgrade has failed: {@.message}'),
  healthyIf(
    { condition: ['MonoVertexPausingOrPaused', 'PipelinePausingOrPaused'], status: 'True' },
    '{@.message|@.reason}',
  ),
  healthyIf('ChildResourcesHealthy=True', '{@.message}'),
  { is: 'Unknown', say: 'the state of the {kind} is unknown' },
];

export const n = {
  'networking.gke.io': {
    ManagedCertificate: [
      degradedIf(
        { some: 'status.domainStatus', that: ['status', 'startsWith', 'Failed'] },
        'the certificate of {@.domain|"a domain"} could not be provisioned: {@.status}',
      ),
      healthyIf(['status.certificateStatus', 'is', 'Active'], 'all certificates are active'),
      waiting('a certificate is still being provisioned'),
    ],
  },
  'nmstate.io': {
    NodeNetworkConfigurationPolicy: [
      {
        inOrder: [
          healthyIf('Available=True', '{@.reason}: {@.message}'),
          degradedIf('Degraded=True', '{@.reason}: {@.message}'),
          progressingIf('Progressing=True', '{@.reason}: {@.message}'),
          { when: 'Ignored=True', is: 'Suspended', say: '{@.reason}: {@.message}' },
        ],
      },
      waiting('waiting for the policy to be applied'),
    ],
  },
  'notification.toolkit.fluxcd.io': {
    Receiver: [
      progressingIf(['status.conditions', 'absent'], 'the status is not known yet'),
      healthyIf('Ready=True', '{@.reason}'),
      degradedIf('Ready', '{@.reason}'),
      { is: 'Degraded' },
    ],
  },
  'numaflow.numaproj.io': {
    InterStepBufferService: numaflow,
    MonoVertex: numaflow,
    Pipeline: numaflow,
    Vertex: numaflow,
  },
  'numaplane.numaproj.io': {
    ISBServiceRollout: numaplane,
    MonoVertexRollout: numaplane,
    NumaflowControllerRollout: numaplane,
    PipelineRollout: numaplane,
  },
} as const satisfies RuleBook;
