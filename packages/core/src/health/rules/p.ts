// Health of kinds whose group begins with p.

import { waiting } from '../presets.ts';
import type { RuleBook } from '../rule.ts';

export const p = {
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
} as const satisfies RuleBook;
