// Health of a Rollout of Argo Rollouts, from its own phase where its controller keeps one, else from its replicas.

import { degradedIf, healthyIf, progressingIf, suspendedIf } from '../presets.ts';
import type { Rule } from '../rule.ts';

const stableRevision = { of: 'status.currentPodHash' } as const;

const workloadGeneration = 'metadata.annotations[rollout.argoproj.io/workload-generation]';

const unobserved: readonly Rule[] = [
  progressingIf(['status.observedGeneration', 'absent'], 'waiting for the spec to be observed'),
  // Before 1.0 a hash stood there: text, or a number far above every generation.
  progressingIf(
    ['status.observedGeneration', 'below', { of: 'metadata.generation' }],
    'waiting for the spec to be observed',
  ),
  // The workload is another object: only its generation tells that its template was seen.
  {
    when: {
      all: [
        ['spec.workloadRef', 'present'],
        [workloadGeneration, 'present'],
        {
          any: [
            ['status.workloadObservedGeneration', 'below', { of: workloadGeneration }],
            ['status.workloadObservedGeneration', 'above', { of: workloadGeneration }],
          ],
        },
      ],
    },
    is: 'Progressing',
    say: 'waiting for the referenced workload to be observed',
  },
];

const byPhase: Rule = {
  table: 'status.phase',
  Healthy: ['Healthy'],
  Suspended: ['Paused'],
  Progressing: ['Progressing'],
  Degraded: ['Degraded'],
  say: '{status.message}',
};

/** The revision that serves, in the places where the versions of Argo Rollouts have kept it. */
const blueGreen: Rule = {
  when: ['spec.strategy.blueGreen', 'present'],
  rules: [
    progressingIf(
      ['status.blueGreen.activeSelector', 'isNot', stableRevision],
      'the active service is not yet switched',
    ),
    progressingIf(
      {
        all: [
          ['status.stableRS', 'filled'],
          ['status.stableRS', 'isNot', stableRevision],
        ],
      },
      'waiting for the analysis to complete',
    ),
  ],
};

const canary: Rule = {
  when: ['spec.strategy.canary', 'present'],
  rules: [
    progressingIf(
      ['status.replicas', 'above', { of: 'status.updatedReplicas' }],
      'old replicas are pending termination',
    ),
    progressingIf(
      {
        all: [
          ['status.stableRS', 'isNot', stableRevision],
          ['status.canary.stableRS', 'isNot', stableRevision],
        ],
      },
      'waiting for the steps to finish',
    ),
  ],
};

export const rollout: readonly Rule[] = [
  ...unobserved,
  byPhase,
  degradedIf('InvalidSpec'),
  degradedIf({ condition: 'Progressing', reason: ['RolloutAborted', 'ProgressDeadlineExceeded'] }),
  suspendedIf(
    {
      any: [
        ['status.pauseConditions', 'filled'],
        ['spec.paused', 'is', true],
      ],
    },
    'the Rollout is paused',
  ),
  progressingIf(['status.currentPodHash', 'absent'], 'the status has not been reconciled'),
  progressingIf(
    ['status.updatedReplicas', 'below', { of: 'spec.replicas', or: 1 }],
    'more replicas need to be updated',
  ),
  progressingIf(
    ['status.availableReplicas', 'below', { of: 'status.updatedReplicas' }],
    'updated replicas are still becoming available',
  ),
  blueGreen,
  canary,
  healthyIf(['status', 'present'], ''),
];
