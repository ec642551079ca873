// Rules of the operator for MariaDB, which has moved from one group to another.

import { degradedIf, healthyIf, progressingIf, waiting } from '../presets.ts';
import type { Rule } from '../rule.ts';

const noStatus = waiting('no status available');

/** Every condition must hold; the first that does not speaks. */
export const mariaDb: readonly Rule[] = [
  {
    each: 'status.conditions',
    rules: [
      degradedIf(
        {
          all: [
            ['status', 'is', 'False'],
            ['reason', 'is', 'Failed'],
          ],
        },
        '{message}',
      ),
      progressingIf(['status', 'is', 'False'], '{message}'),
    ],
  },
  healthyIf(['status.conditions', 'present'], '{status.conditions[-1].message}'),
  noStatus,
];

export const mariaDbReady: readonly Rule[] = [
  healthyIf('Ready=True'),
  degradedIf('Ready'),
  waiting('{status.conditions[-1].message|"no status available"}'),
];
