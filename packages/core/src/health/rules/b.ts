// Health of kinds whose group begins with b.

import { degradedIf, healthyIf, progressingIf, waiting } from '../presets.ts';
import type { RuleBook } from '../rule.ts';

export const b = {
  batch: {
    CronJob: [
      { when: ['spec.suspend', 'is', true], is: 'Healthy', say: 'CronJob is suspended' },
      { when: ['status', 'absent'], is: 'Progressing', say: 'waiting for the CronJob' },
      {
        when: ['status.lastScheduleTime', 'absent'],
        is: 'Healthy',
        say: 'CronJob has not been scheduled yet',
      },
      {
        when: ['status.lastSuccessfulTime', 'absent'],
        is: 'Healthy',
        say: 'CronJob has never completed successfully and may not be healthy',
      },
      // While a job runs, the last success is always older than the last start.
      {
        when: ['status.active', 'filled'],
        is: 'Healthy',
        say: 'a job is running; the execution before may not have been successful',
      },
      {
        when: ['status.lastSuccessfulTime', 'below', { of: 'status.lastScheduleTime' }],
        is: 'Degraded',
        say: 'CronJob has not completed its last execution successfully',
      },
      { is: 'Healthy', say: 'CronJob has completed its last execution successfully' },
    ],
  },
  'beat.k8s.elastic.co': {
    Beat: [
      {
        table: 'status.health',
        Healthy: ['green'],
        Progressing: ['yellow'],
        Degraded: ['red'],
        say: 'Beat is {status.health}, {status.availableNodes|"0"} of {status.expectedNodes|"?"} nodes are available',
      },
      progressingIf(
        {
          all: [
            ['status.health', 'absent'],
            ['status.expectedNodes', 'present'],
          ],
        },
        'waiting for the Beat',
      ),
      { is: 'Unknown', say: 'the state of the Beat is unknown' },
    ],
  },
  'bitnami.com': {
    SealedSecret: [
      degradedIf('Synced=False'),
      healthyIf('Synced=True'),
      waiting('waiting for the secret to be decrypted'),
    ],
  },
} as const satisfies RuleBook;
