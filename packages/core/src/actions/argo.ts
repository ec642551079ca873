// The actions of Argo's kinds: Rollouts, AnalysisRuns, workflows and Applications. Pure; it never decides who may run one.

import { isRecord, type KubeObject } from '../object.ts';
import { ok } from '../problem.ts';
import type { Action, ActionInput, Change } from './action.ts';
import { fieldOf, labelOf, listOf, textOf } from './fields.ts';
import { createdMetadata, ownedBy, stampedName } from './owned-copy.ts';

const stepsOf = (object: KubeObject): readonly unknown[] =>
  listOf(object, 'spec', 'strategy', 'canary', 'steps');

/** Where pods wait: a condition (since v0.6), or the field of the spec. */
function isHalted(object: KubeObject): boolean {
  const conditions = fieldOf(object, 'status', 'pauseConditions');
  if (Array.isArray(conditions)) return conditions.length > 0;
  return fieldOf(object, 'spec', 'paused') === true;
}

function isPromoted(object: KubeObject): boolean {
  return textOf(object, 'status', 'currentPodHash') === textOf(object, 'status', 'stableRS');
}

const isAborted = (object: KubeObject): boolean => fieldOf(object, 'status', 'abort') === true;

function stepOf(object: KubeObject): number {
  const index = fieldOf(object, 'status', 'currentStepIndex');
  return typeof index === 'number' ? index : 0;
}

const unpaused = (object: KubeObject): Change[] =>
  listOf(object, 'status', 'pauseConditions').length > 0 ? [{ unset: ['status', 'pauseConditions'] }] : [];

function resume({ object }: ActionInput) {
  const changes = unpaused(object);
  if (fieldOf(object, 'spec', 'paused') === true) changes.push({ set: ['spec', 'paused'], to: false });
  return ok(changes);
}

function skipStep({ object }: ActionInput) {
  const step = stepOf(object);
  if (fieldOf(object, 'status') === undefined || step >= stepsOf(object).length) return ok([]);
  return ok([...unpaused(object), { set: ['status', 'currentStepIndex'], to: step + 1 } as const]);
}

/** Up to v0.9 the observed generation was a hash of the spec; such a controller does not know `promoteFull`. */
function isBeforeFullPromotion(object: KubeObject): boolean {
  const observed = fieldOf(object, 'status', 'observedGeneration');
  const text = typeof observed === 'number' ? String(observed) : typeof observed === 'string' ? observed : '';
  const generation = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isNaN(generation) || generation > (object.metadata.generation ?? generation);
}

function promoteFull({ object }: ActionInput) {
  if (fieldOf(object, 'status') === undefined) return ok([]);
  if (!isBeforeFullPromotion(object)) return ok([{ set: ['status', 'promoteFull'], to: true } as const]);
  const changes: Change[] = [{ unset: ['status', 'abort'] }];
  if (Array.isArray(fieldOf(object, 'spec', 'strategy', 'canary', 'steps')))
    changes.push({ set: ['status', 'currentStepIndex'], to: stepsOf(object).length });
  return ok(changes);
}

const hasBlueGreen = (object: KubeObject): boolean =>
  fieldOf(object, 'spec', 'strategy', 'blueGreen') !== undefined;

export const rollout: readonly Action[] = [
  { name: 'restart', changes: [{ stamp: ['spec', 'restartAt'] }] },
  { name: 'resume', isDisabled: (object) => !isHalted(object), changes: resume },
  {
    name: 'pause',
    isDisabled: (object) => isPromoted(object) || fieldOf(object, 'spec', 'paused') === true,
    changes: [{ set: ['spec', 'paused'], to: true }],
  },
  {
    name: 'abort',
    isDisabled: (object) => isPromoted(object) || isAborted(object),
    changes: [{ set: ['status', 'abort'], to: true }],
  },
  {
    name: 'retry',
    isDisabled: (object) => isPromoted(object) || !isAborted(object),
    changes: [{ unset: ['status', 'abort'] }],
  },
  {
    name: 'promote-full',
    isDisabled: (object) =>
      fieldOf(object, 'status') === undefined ||
      isPromoted(object) ||
      (isBeforeFullPromotion(object) && hasBlueGreen(object)),
    changes: promoteFull,
  },
  {
    name: 'skip-current-step',
    isDisabled: (object) => stepOf(object) >= stepsOf(object).length,
    changes: skipStep,
  },
];

const endPhases: readonly string[] = ['Successful', 'Failed', 'Error', 'Inconclusive'];

export const analysisRun: readonly Action[] = [
  {
    name: 'terminate',
    isDisabled: (object) =>
      fieldOf(object, 'spec', 'terminate') === true || endPhases.includes(textOf(object, 'status', 'phase')),
    changes: [{ set: ['spec', 'terminate'], to: true }],
  },
];

/** Names of workflows become labels of their pods. */
const longestWorkflowName = 63;
const instanceLabel = 'workflows.argoproj.io/controller-instanceid';

function workflowOf(
  { object, now }: ActionInput,
  parts: {
    readonly labels: Readonly<Record<string, unknown>>;
    readonly annotations?: Readonly<Record<string, unknown>>;
    readonly rest: Readonly<Record<string, unknown>>;
  },
): KubeObject {
  const { labels, annotations, rest } = parts;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Workflow',
    metadata: createdMetadata(object, {
      name: stampedName(object, now.slice(0, 16), longestWorkflowName),
      labels,
      ...(annotations === undefined ? {} : { annotations }),
      ownerReferences: [ownedBy(object)],
    }),
    ...rest,
  };
}

const fieldsOf = (value: unknown): Record<string, unknown> => (isRecord(value) ? value : {});

/** As `argo submit --from cronwf/<name>` makes it. */
function workflowOfCron(input: ActionInput): KubeObject {
  const { object, now } = input;
  const template = fieldOf(object, 'spec', 'workflowMetadata');
  const instance = labelOf(object, instanceLabel);
  const finalizers = listOf(template, 'finalizers');
  return workflowOf(input, {
    labels: {
      ...fieldsOf(fieldOf(template, 'labels')),
      'workflows.argoproj.io/cron-workflow': object.metadata.name,
      ...(instance === undefined ? {} : { [instanceLabel]: instance }),
    },
    annotations: {
      ...fieldsOf(fieldOf(template, 'annotations')),
      'workflows.argoproj.io/scheduled-time': now,
    },
    rest: {
      // Argo CD writes them here, where no server keeps them, and so its Workflows have none; with them in the metadata
      // a Workflow would wait for a controller that it never waited for before.
      ...(finalizers.length === 0 ? {} : { finalizers }),
      ...(fieldOf(object, 'spec', 'workflowSpec') === undefined
        ? {}
        : { spec: fieldOf(object, 'spec', 'workflowSpec') }),
    },
  });
}

const createWorkflow = { name: 'create-workflow', displayName: 'Create Workflow' } as const;

export const cronWorkflow: readonly Action[] = [
  { ...createWorkflow, create: (input) => ok(workflowOfCron(input)) },
];

export const workflowTemplate: readonly Action[] = [
  {
    ...createWorkflow,
    create: (input) => {
      const { name } = input.object.metadata;
      return ok(
        workflowOf(input, {
          labels: { 'workflows.argoproj.io/workflow-template': name },
          rest: { spec: { workflowTemplateRef: { name } } },
        }),
      );
    },
  },
];

/** A policy without `enabled` is on. */
function syncsByItself(object: KubeObject): boolean {
  const automated = fieldOf(object, 'spec', 'syncPolicy', 'automated');
  return automated !== undefined && fieldOf(automated, 'enabled') !== false;
}

export const application: readonly Action[] = [
  {
    name: 'toggle-auto-sync',
    displayName: (object) => (syncsByItself(object) ? 'Disable Auto-Sync' : 'Enable Auto-Sync'),
    changes: ({ object }) =>
      ok([{ set: ['spec', 'syncPolicy', 'automated', 'enabled'], to: !syncsByItself(object) } as const]),
  },
];
