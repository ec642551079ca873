// Rules that many kinds share, to be spread into a kind's own list: data only.

import type { Rule, Test } from './rule.ts';

/** The last word, until a status says otherwise. */
export const waiting = (say: string): Rule => ({ is: 'Progressing', say });

/** The controller has not yet looked at the present spec. */
export const observed: Rule = {
  when: { behind: 'status.observedGeneration' },
  is: 'Progressing',
  say: 'waiting for the controller to observe generation {metadata.generation}',
};

export const healthyIf = (when: Test, say = '{@.message}'): Rule => ({ when, is: 'Healthy', say });
export const degradedIf = (when: Test, say = '{@.message}'): Rule => ({ when, is: 'Degraded', say });
export const progressingIf = (when: Test, say = '{@.message}'): Rule => ({ when, is: 'Progressing', say });
export const suspendedIf = (when: Test, say = '{@.message}'): Rule => ({ when, is: 'Suspended', say });

/** `Ready` says it all, in its own message. */
export const ready: readonly Rule[] = [healthyIf('Ready=True'), degradedIf('Ready=False')];

/** Conditions of which whichever holds first decides. */
export const firstTrue = (types: {
  readonly healthy: string;
  readonly degraded: readonly string[];
  readonly progressing?: string;
  readonly suspended?: string;
}): Rule => ({
  inOrder: [
    healthyIf(`${types.healthy}=True`, '{$.kind}: {@.message|@.type}'),
    degradedIf({ condition: types.degraded, status: 'True' }, '{@.message|@.type}'),
    progressingIf(`${types.progressing ?? 'Progressing'}=True`, '{@.message|@.type}'),
    suspendedIf(`${types.suspended ?? 'Suspended'}=True`, '{@.message|@.type}'),
  ],
});

/** Resources of Crossplane's classic providers: ready and synced, or paused, or at fault. */
export const crossplaneManaged: readonly Rule[] = [
  progressingIf(['status.conditions', 'absent'], 'waiting for the {kind} to be created'),
  healthyIf({ all: ['Synced=True', 'Ready=True'] }, '{@.reason}'),
  suspendedIf({ condition: 'Synced', notStatus: 'True', reason: 'ReconcilePaused' }, '{@.reason}'),
  progressingIf('Synced=True', 'waiting for the {kind} to be available'),
  degradedIf({ condition: 'Synced', reason: 'ReconcileError' }),
  { is: 'Degraded' },
];

const fluxSuspended: Rule = suspendedIf(['spec.suspend', 'is', true], '{kind} is suspended');
const fluxUnknown: Rule = progressingIf(['status.conditions', 'absent'], 'the status is not known yet');
const fluxReady: readonly Rule[] = [
  healthyIf('Ready=True', '{@.reason}'),
  degradedIf('Ready', '{@.reason}'),
  { is: 'Degraded' },
];

/** Kinds of Flux whose Ready is Unknown while they reconcile. */
export const flux: readonly Rule[] = [
  fluxSuspended,
  fluxUnknown,
  progressingIf({ all: ['Reconciling=True', 'Ready=Unknown'] }, '{@.reason}'),
  ...fluxReady,
];

/** Kinds of Flux whose Ready is False while they reconcile for one of these reasons. */
export const fluxFor = (reasons: readonly string[]): readonly Rule[] => [
  fluxSuspended,
  fluxUnknown,
  progressingIf(
    { all: [{ condition: 'Reconciling', status: 'True', reason: reasons }, 'Ready=False'] },
    '{@.reason}',
  ),
  ...fluxReady,
];

/** Strimzi keeps the conditions Ready and NotReady side by side. */
export const strimzi: readonly Rule[] = [
  { inOrder: [degradedIf('NotReady=True'), healthyIf('Ready=True', '')] },
  waiting('waiting for the {kind}'),
];

const resolvedAndAccepted: readonly Rule[] = [
  degradedIf('ResolvedRefs=False', 'Parent {parentRef.name}: {@.message|@.type}'),
  degradedIf('Accepted=False', 'Parent {parentRef.name}: {@.message|@.type}'),
  progressingIf(
    { condition: 'Programmed', notStatus: 'True' },
    'Parent {parentRef.name}: {@.message|@.type}',
  ),
];

const seenByParent: Test = {
  any: [
    ['$.metadata.generation', 'absent'],
    { some: 'conditions', that: ['observedGeneration', 'is', { of: '$.metadata.generation' }] },
  ],
};

/** Routes of the Gateway API: every parent tells on its own; one that has not seen the present spec does not count. */
export const gatewayRoute: readonly Rule[] = [
  { each: 'status.parents', rules: [{ when: seenByParent, rules: resolvedAndAccepted }] },
  healthyIf(
    { some: 'status.parents', that: { all: [['conditions', 'filled'], seenByParent] } },
    '{kind} is healthy',
  ),
  waiting('waiting for the status of the {kind}'),
];

/** Of an ancestor in the status of a policy of the Gateway API: whether it has refused the policy. */
export const refusedByAncestor: Rule = degradedIf(
  { condition: ['Accepted', 'ResolvedRefs'], notStatus: 'True' },
  'Ancestor {ancestorRef.name}: {@.message}',
);
