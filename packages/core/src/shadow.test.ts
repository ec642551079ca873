import { expect, it } from 'vitest';
import { planOf } from './plan-rig.ts';
import { isSameShadow, readShadow, shadowOf, showShadow } from './shadow.ts';

const of = { at: '2026-01-01T00:00:00Z', revision: 'main@1' };

it('says how much a plan would do, and what', () => {
  const plan = planOf({
    git: 'ConfigMap/web/a v2\nConfigMap/web/b v1\nConfigMap/web/d v1',
    inventory: 'ConfigMap/web/a v1\nConfigMap/web/c v1\nConfigMap/web/d v1',
    live: 'ConfigMap/web/a v1\nConfigMap/web/c v1\nConfigMap/web/d v1',
  });
  const shadow = shadowOf(plan, of);
  expect(showShadow(shadow)).toBe('shadow: would create 1, change 1, delete 1');
  expect(shadow.lines).toEqual([
    'change ConfigMap/web/a (changed)',
    'create ConfigMap/web/b',
    'delete ConfigMap/web/c',
  ]);
  expect(readShadow(JSON.parse(JSON.stringify(shadow)))).toEqual(shadow);
});

it('keeps 100 lines of a long plan, and counts all', () => {
  const git = Array.from({ length: 150 }, (_, index) => `ConfigMap/web/m-${index} v1`).join('\n');
  const shadow = shadowOf(planOf({ git }), of);
  expect([shadow.create, shadow.lines.length]).toEqual([150, 100]);
});

it('tells the first problem', () => {
  const plan = planOf({ git: 'ConfigMap/web/a v1', claimed: ['ConfigMap/web/a'] });
  expect(showShadow(shadowOf(plan, of))).toContain('delete 0; OBJECT_CLAIMED: ConfigMap/web/a');
});

it('is the same as long as only the time differs', () => {
  const shadow = shadowOf({ actions: [], problems: [] }, of);
  expect(isSameShadow(shadow, { ...shadow, at: 'later' })).toBe(true);
  expect(isSameShadow(shadow, { ...shadow, keep: 1 })).toBe(false);
  expect(isSameShadow(undefined, shadow)).toBe(false);
});

it('is not read from anything else', () => {
  for (const value of [undefined, 'x', {}, { at: 1, revision: 'x' }])
    expect(readShadow(value)).toBeUndefined();
});
