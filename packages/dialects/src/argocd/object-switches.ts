// The annotations by which Argo CD's users treat single objects in their own way, as the engine's switches.
// Hooks are left out: what never runs in a sync without a word, the rest as a problem, since it is not supported yet.

import type { ObjectSwitch } from '@weir/core';

export const syncOptionsAnnotation = 'argocd.argoproj.io/sync-options';
const hookAnnotation = 'argocd.argoproj.io/hook';
const helmHookAnnotation = 'helm.sh/hook';
const resourcePolicyAnnotation = 'helm.sh/resource-policy';

/** Live objects are asked for these when they leave Git or the Application goes. */
export const switchAnnotations: readonly string[] = [syncOptionsAnnotation, resourcePolicyAnnotation];

const hooks = ['PreSync', 'Sync', 'PostSync', 'SyncFail', 'PreDelete', 'PostDelete'];
const helmHooks = ['pre-install', 'pre-upgrade', 'post-install', 'post-upgrade', 'pre-delete', 'post-delete'];
/** Argo CD never applies these (argocd.md 2.2). */
const idleHelmHooks = ['test', 'test-success', 'test-failure', 'pre-rollback', 'post-rollback'];

export const objectSwitches: readonly ObjectSwitch[] = [
  { key: syncOptionsAnnotation, value: 'Prune=false', effect: 'keep' },
  { key: syncOptionsAnnotation, value: 'Prune=confirm', effect: 'keep' },
  { key: syncOptionsAnnotation, value: 'Delete=false', effect: 'outlive' },
  { key: syncOptionsAnnotation, value: 'Delete=confirm', effect: 'outlive' },
  { key: resourcePolicyAnnotation, value: 'keep', effect: 'outlive' },
  { key: hookAnnotation, value: 'Skip', effect: 'skip' },
  ...hooks.map((value): ObjectSwitch => ({ key: hookAnnotation, value, effect: 'refuse' })),
  ...helmHooks.map((value): ObjectSwitch => ({ key: helmHookAnnotation, value, effect: 'refuse' })),
  ...idleHelmHooks.map((value): ObjectSwitch => ({ key: helmHookAnnotation, value, effect: 'skip' })),
];
