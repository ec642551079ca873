import { expect, it } from 'vitest';
import { showPlan } from './plan-action.ts';
import { desiredOf, ModelCluster, planOf, refFrom } from './plan-rig.ts';

const world = {
  git: 'ConfigMap/web/a v2\nSecret/web/b v2',
  inventory: 'ConfigMap/web/a v1\nSecret/web/b v1\nSecret/web/c v1',
  live: 'ConfigMap/web/a v1',
};

it('objects of a kind that cannot be seen are kept, and the others go on', () => {
  const isSecret = ({ kind }: { kind: string }): boolean => kind === 'Secret';
  const given = { isServed: (ref: { kind: string }) => !isSecret(ref), isBlind: isSecret };
  expect(showPlan(planOf({ ...world, given })).split('\n')).toEqual([
    'apply ConfigMap/web/a (changed)',
    'keep Secret/web/b (kind-unknown)',
    'keep Secret/web/c (kind-unknown)',
  ]);
});

it('objects of a kind that is served no more are let go', () =>
  expect(showPlan(planOf({ ...world, unserved: ['Secret'] }))).toContain('forget Secret/web/c (gone)'));

it('a delivery of 20,000 objects is planned, carried out, and planned again without a write', () => {
  const desired = Array.from({ length: 20_000 }, (_, index) =>
    desiredOf(refFrom(`ConfigMap/web/m-${index}`), `v${index % 7}`),
  );
  const cluster = new ModelCluster(new Map(), new Map());
  const plan = cluster.plan(desired);
  expect(plan.actions.filter(({ kind }) => kind === 'apply')).toHaveLength(desired.length);
  cluster.carryOut(plan);
  expect(cluster.plan(desired).actions.every(({ kind }) => kind === 'keep')).toBe(true);
});
