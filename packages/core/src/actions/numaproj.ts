// The actions of Numaflow and Numaplane: pause and resume pipelines, force a promotion, allow the loss of data.
// Pure; it never decides who may run one.

import type { KubeObject } from '../object.ts';
import type { Action, Change, FieldPath } from './action.ts';
import { annotationOf, fieldOf, labelOf, listOf, textOf } from './fields.ts';

const allowedKey = 'numaflow.numaproj.io/allowed-resume-strategies';
const upgradeState = 'numaplane.numaproj.io/upgrade-state';
const forcePromoteLabel = 'numaplane.numaproj.io/force-promote';
const dataLoss = 'numaplane.numaproj.io/allow-data-loss';

/** One kind that can be paused: where its lifecycle stands, and what each way to resume changes besides. */
interface Pausable {
  readonly spec: FieldPath;
  /** Where the annotations stand that say which ways to resume are allowed; the first that has one counts. */
  readonly allowedIn: readonly FieldPath[];
  readonly gradual: readonly Change[];
  readonly fast: readonly Change[];
  /** An owner that would undo the change at once. */
  readonly owner?: string;
}

function pauseActions(kind: Pausable): readonly Action[] {
  const phase = [...kind.spec, 'lifecycle', 'desiredPhase'];
  const isPaused = (object: KubeObject): boolean => textOf(object, ...phase) === 'Paused';
  const isOwned = (object: KubeObject): boolean =>
    kind.owner !== undefined &&
    listOf(object, 'metadata', 'ownerReferences').some((owner) => textOf(owner, 'kind') === kind.owner);
  const allowed = (object: KubeObject): string =>
    kind.allowedIn.map((path) => textOf(object, ...path, allowedKey)).find((text) => text !== '') ?? '';
  const cannotResume = (object: KubeObject): boolean => isOwned(object) || !isPaused(object);
  const running: Change = { set: phase, to: 'Running' };
  return [
    {
      name: 'pause',
      isDisabled: (object) => isOwned(object) || isPaused(object),
      changes: [{ set: phase, to: 'Paused' }],
    },
    {
      name: 'unpause-gradual',
      displayName: 'Unpause (gradual)',
      isDisabled: (object) => cannotResume(object) || allowed(object) === 'fast',
      changes: [running, ...kind.gradual],
    },
    {
      name: 'unpause-fast',
      displayName: 'Unpause (fast)',
      isDisabled: (object) => cannotResume(object) || !['fast', 'slow, fast'].includes(allowed(object)),
      changes: [running, ...kind.fast],
    },
  ];
}

const isUpgrading = (object: KubeObject): boolean =>
  ['in-progress', 'trial'].includes(labelOf(object, upgradeState) ?? '');

const forcePromote: Action = {
  name: 'force-promote',
  displayName: 'Force Promote',
  isDisabled: (object) => !isUpgrading(object) || labelOf(object, forcePromoteLabel) === 'true',
  changes: [{ set: ['metadata', 'labels', forcePromoteLabel], to: 'true' }],
};

const ownAnnotations: readonly FieldPath[] = [
  ['metadata', 'annotations'],
  ['spec', 'metadata', 'annotations'],
];
const strategy = (name: 'slow' | 'fast'): readonly Change[] => [
  { set: ['metadata', 'annotations', 'numaflow.numaproj.io/resume-strategy'], to: name },
];
const fastResume = (to: boolean): readonly Change[] => [
  { set: ['spec', 'strategy', 'pauseResume', 'fastResume'], to },
];

export const interStepBufferService: readonly Action[] = [forcePromote];

export const monoVertex: readonly Action[] = [
  ...pauseActions({
    spec: ['spec'],
    allowedIn: ownAnnotations,
    // Without a number of its own it starts from the least, and scales up with the load.
    gradual: [{ unset: ['spec', 'replicas'] }],
    fast: [],
    owner: 'MonoVertexRollout',
  }),
  forcePromote,
];

const deletionMark = 'numaplane.numaproj.io/marked-for-deletion';

export const pipeline: readonly Action[] = [
  ...pauseActions({
    spec: ['spec'],
    allowedIn: ownAnnotations,
    gradual: strategy('slow'),
    fast: strategy('fast'),
    owner: 'PipelineRollout',
  }),
  forcePromote,
  {
    name: 'delete',
    isOffered: (object) => labelOf(object, upgradeState) === 'recyclable',
    isDisabled: (object) => annotationOf(object, deletionMark) === 'true',
    changes: [{ set: ['metadata', 'annotations', deletionMark], to: 'true' }],
  },
];

const inside = (part: string): readonly FieldPath[] => [
  ['spec', part, 'metadata', 'annotations'],
  ['spec', part, 'spec', 'metadata', 'annotations'],
];

export const monoVertexRollout: readonly Action[] = pauseActions({
  spec: ['spec', 'monoVertex', 'spec'],
  allowedIn: inside('monoVertex'),
  gradual: fastResume(false),
  fast: fastResume(true),
});

export const pipelineRollout: readonly Action[] = [
  ...pauseActions({
    spec: ['spec', 'pipeline', 'spec'],
    allowedIn: inside('pipeline'),
    gradual: fastResume(false),
    fast: fastResume(true),
  }),
  {
    name: 'allow-data-loss',
    displayName: 'Allow (Possible) Data Loss',
    isDisabled: (object) => fieldOf(object, 'status', 'upgradeInProgress') !== 'PipelinePauseAndDrain',
    changes: [{ set: ['metadata', 'annotations', dataLoss], to: 'true' }],
  },
  {
    name: 'disallow-data-loss',
    displayName: 'Disallow Data Loss',
    isDisabled: (object) => annotationOf(object, dataLoss) !== 'true',
    changes: [{ set: ['metadata', 'annotations', dataLoss], to: 'false' }],
  },
];
