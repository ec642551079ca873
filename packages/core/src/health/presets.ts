// Rules that many kinds share, to be spread into a kind's own list: data only.

import type { Rule } from './rule.ts';

/** Until a status says otherwise. */
export const waiting = (say: string): Rule => ({ is: 'Progressing', say });

/** The controller has not yet looked at the present spec. */
export const observed: readonly Rule[] = [
  {
    when: { behind: 'status.observedGeneration' },
    is: 'Progressing',
    say: 'waiting for the controller to observe generation {metadata.generation}',
  },
];

/** `Ready` says it all, in its own message. */
export const ready: readonly Rule[] = [
  { when: 'Ready=True', is: 'Healthy', say: '{@.message}' },
  { when: 'Ready=False', is: 'Degraded', say: '{@.message}' },
];
