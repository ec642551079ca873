import { expect, it } from 'vitest';
import { showPlan } from './plan-action.ts';
import type { PlanInput } from './plan-input.ts';
import { gitFrom, inventoryFrom, liveFrom, ModelCluster, makeDelivery } from './plan-rig.ts';

const a = 'ConfigMap/web/a';
const other = 'flux:Kustomization:apps/other';
const tracking = 'argocd.argoproj.io/tracking-id';

interface Case {
  readonly git?: string;
  readonly inventory?: string;
  /** Of the live object, beside our own. */
  readonly marks?: Readonly<Record<string, string>>;
  readonly managers?: readonly string[];
  readonly more?: Partial<PlanInput>;
  readonly plan: string;
}

const taking = makeDelivery({
  takeOver: [{ manager: 'kubectl', operation: 'Update', isPrefix: true }],
  foreignMarks: [tracking],
});

const cases: Readonly<Record<string, Case>> = {
  'an object that another delivery wants stays, and that is told': {
    git: `${a} v1`,
    inventory: `${a} v1`,
    more: { contender: () => other },
    plan: `keep ${a} (in-sync)\n! OBJECT_CONTESTED`,
  },
  'what leaves Git and is wanted elsewhere changes hands': {
    inventory: `${a} v1`,
    more: { contender: () => other },
    plan: `forget ${a} (not-ours)`,
  },
  'what leaves Git and may be wanted elsewhere waits': {
    inventory: `${a} v1`,
    more: { mayBeWanted: () => true },
    plan: `keep ${a} (awaits-others)`,
  },
  'an object that somebody edits with kubectl is taken back, though it is as Git wants it': {
    git: `${a} v1`,
    inventory: `${a} v1`,
    managers: ['Update kubectl-edit'],
    plan: `apply ${a} (contended)`,
  },
  'and is in sync where nothing is healed': {
    git: `${a} v1`,
    inventory: `${a} v1`,
    managers: ['Update kubectl-edit'],
    more: { heal: false },
    plan: `keep ${a} (in-sync)`,
  },
  'an object with the mark of another tool is taken over and told': {
    git: `${a} v1`,
    marks: { [tracking]: 'dead:/ConfigMap:web/a' },
    plan: `apply ${a} (unrecorded)\n! OBJECT_MARKED`,
  },
  'a mark that was copied from another object says nothing': {
    git: `${a} v1`,
    marks: { [tracking]: 'dead:/ConfigMap:web/b' },
    plan: `apply ${a} (unrecorded)`,
  },
  'a shared object stops the whole sync where the policy says so': {
    git: `${a} v1\nConfigMap/web/b v1`,
    marks: { [tracking]: 'dead:/ConfigMap:web/a' },
    more: { delivery: { ...taking, policy: { ...taking.policy, failOnShared: true } } },
    plan: `keep ${a} (claimed)\nkeep ConfigMap/web/b (awaits-sync)\n! OBJECT_MARKED`,
  },
};

for (const [name, { git = '', inventory = '', marks = {}, managers, more, plan }] of Object.entries(cases))
  it(name, () => {
    const live = new Map(
      [...liveFrom(`${a} v1`)].map(([id, found]) => [
        id,
        { ...found, marks: { ...found.marks, ...marks }, ...(managers === undefined ? {} : { managers }) },
      ]),
    );
    const cluster = new ModelCluster(live, inventoryFrom(inventory));
    const policy = { ...taking.policy, allowEmpty: true };
    const made = cluster.plan(gitFrom(git), { delivery: { ...taking, policy }, ...more });
    expect(showPlan(made)).toBe(plan);
  });
