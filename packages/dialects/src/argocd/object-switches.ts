// The annotations by which Argo CD's users treat single objects in their own way, as the engine's switches.
// Hooks and waves are no switches: sync-sequence.ts has their words.

import type { ObjectSwitch, SwitchEffect } from '@weir/core';

export const syncOptionsAnnotation = 'argocd.argoproj.io/sync-options';
const healthAnnotation = 'argocd.argoproj.io/ignore-healthcheck';
const resourcePolicyAnnotation = 'helm.sh/resource-policy';

/** Live objects are asked for these when they leave Git or the Application goes. */
export const switchAnnotations: readonly string[] = [syncOptionsAnnotation, resourcePolicyAnnotation];

const effectOfOption: Readonly<Record<string, SwitchEffect>> = {
  'Prune=false': 'keep',
  'Prune=confirm': 'confirm-prune',
  'Delete=false': 'outlive',
  'Delete=confirm': 'confirm-delete',
  'PruneLast=true': 'prune-last',
  'Replace=true': 'replace',
  'Force=true': 'force',
  'ServerSideApply=true': 'server-side',
  'ServerSideApply=false': 'client-side',
};

export const objectSwitches: readonly ObjectSwitch[] = [
  ...Object.entries(effectOfOption).map(
    ([value, effect]): ObjectSwitch => ({ key: syncOptionsAnnotation, value, effect }),
  ),
  { key: resourcePolicyAnnotation, value: 'keep', effect: 'outlive' },
  { key: healthAnnotation, value: 'true', effect: 'healthless' },
];
