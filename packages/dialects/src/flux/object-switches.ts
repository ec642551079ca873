// The labels and annotations by which Flux's users treat single objects in their own way, as the engine's switches.
// Each counts as a label or an annotation, whatever the case of its value (flux.md 2.5).

import type { ObjectSwitch } from '@weir/core';
import { kustomizeGroup } from './names.ts';

const ssa = `${kustomizeGroup}/ssa`;
const reconcile = `${kustomizeGroup}/reconcile`;
const prune = `${kustomizeGroup}/prune`;
const force = `${kustomizeGroup}/force`;

/** Live objects are asked for these too. */
export const switchKeys: readonly string[] = [ssa, reconcile, prune];

export const objectSwitches: readonly ObjectSwitch[] = [
  { key: reconcile, value: 'disabled', ignoreCase: true, effect: 'skip' },
  { key: reconcile, value: 'disabled', ignoreCase: true, effect: 'release' },
  { key: ssa, value: 'ignore', ignoreCase: true, effect: 'skip' },
  { key: ssa, value: 'ignore', ignoreCase: true, effect: 'release' },
  { key: ssa, value: 'ifnotpresent', ignoreCase: true, effect: 'create-only' },
  { key: ssa, value: 'merge', ignoreCase: true, effect: 'share-fields' },
  { key: prune, value: 'disabled', ignoreCase: true, effect: 'release' },
  { key: force, value: 'enabled', ignoreCase: true, effect: 'force' },
];
