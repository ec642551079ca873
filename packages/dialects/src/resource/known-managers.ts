// The field managers under which tools write objects before weir does: whose fields a delivery takes over, and when.
// It knows names only, no dialect's rules.

import type { TakeOverRule } from '@weir/core';

const update = (manager: string): TakeOverRule => ({ manager, operation: 'Update' });
const once = (manager: string): readonly TakeOverRule[] => [
  { manager, operation: 'Apply', isOnce: true },
  { manager, operation: 'Update', isOnce: true },
];

/** Writes of clients before there was an apply on the server's side. */
export const clientSideManagers: readonly TakeOverRule[] = [
  update('kubectl-client-side-apply'),
  // What a server calls everything that was there before the first apply.
  update('before-first-apply'),
];

/** Tools that deliver; what one of them owned goes over when the object becomes another's, and never again. */
export const deliveryTools: readonly TakeOverRule[] = [
  'argocd-controller',
  'argocd-application-controller',
  'kustomize-controller',
  'helm-controller',
  'helm',
  'configsync.gke.io',
].flatMap(once);
