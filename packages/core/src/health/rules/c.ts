// Health of kinds whose group begins with c.

import { ready, waiting } from '../presets.ts';
import type { RuleBook } from '../rule.ts';

export const c = {
  'cert-manager.io': {
    Certificate: [
      // A renewal is told by Issuing while Ready still speaks of the certificate before.
      { when: 'Issuing=True', is: 'Progressing', say: '{@.message}' },
      ...ready,
      waiting('waiting for the certificate'),
    ],
  },
} as const satisfies RuleBook;
