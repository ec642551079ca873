import { describe, expect, it } from 'vitest';
import type { ObjectSwitch } from './delivery.ts';
import { effectsOf } from './object-switch.ts';
import { showPlan } from './plan-action.ts';
import { planOf, removalOf } from './plan-rig.ts';

const switches: readonly ObjectSwitch[] = [
  { key: 'options', value: 'Prune=false', effect: 'keep' },
  { key: 'mode', value: 'off', ignoreCase: true, effect: 'skip' },
  { key: 'hook', value: '*', effect: 'refuse' },
];

describe('the switches of an object', () => {
  const table: Record<string, { marks: Record<string, string>; effects: string }> = {
    'are off where nothing stands': { marks: {}, effects: '' },
    'are one of several, by commas': { marks: { options: 'Validate=false, Prune=false' }, effects: 'keep' },
    'need the whole part': { marks: { options: 'Prune=falsehood' }, effects: '' },
    'heed the case': { marks: { options: 'prune=FALSE' }, effects: '' },
    'ignore the case where they say so': { marks: { mode: 'Off' }, effects: 'skip' },
    'are on for any value where they say so': { marks: { hook: 'whatever' }, effects: 'refuse' },
    'add up': { marks: { mode: 'off', options: 'Prune=false' }, effects: 'keep skip' },
  };
  for (const [sentence, { marks, effects }] of Object.entries(table))
    it(sentence, () => expect([...effectsOf(switches, undefined, marks)].sort().join(' ')).toBe(effects));
});

describe('a switch that is set on a live object', () => {
  const a = 'ConfigMap/web/a';
  const on = (effect: ObjectSwitch['effect']) => ({ switches: [{ key: 'owner', value: 'us', effect }] });
  const table: Record<string, { effect: ObjectSwitch['effect']; git?: string; plan: string }> = {
    'leaves it out of an apply': { effect: 'skip', git: `${a} v2`, plan: `keep ${a} (switched-off)` },
    'leaves it out and says so': {
      effect: 'refuse',
      git: `${a} v2`,
      plan: `keep ${a} (switched-off)\n! FIELD_UNSUPPORTED`,
    },
    'lets it be as it was made': { effect: 'create-only', git: `${a} v2`, plan: `keep ${a} (in-sync)` },
    'keeps it when it leaves Git': { effect: 'keep', plan: `keep ${a} (prune-off)` },
    'lets it go when it leaves Git': { effect: 'release', plan: `forget ${a} (not-ours)` },
    'is of no account for pruning when it speaks of removal': { effect: 'outlive', plan: `delete ${a}` },
  };
  for (const [sentence, { effect, git, plan }] of Object.entries(table))
    it(sentence, () => {
      const allowEmpty = { allowEmpty: true };
      const world = { inventory: `${a} v1`, live: `${a} v1`, delivery: on(effect), policy: allowEmpty };
      expect(showPlan(planOf({ ...world, ...(git === undefined ? {} : { git }) }))).toBe(plan);
    });
  it('outlives the delivery where it says so', () => {
    expect(showPlan(removalOf({ inventory: `${a} v1`, live: `${a} v1`, delivery: on('outlive') }))).toBe(
      `forget ${a} (not-ours)`,
    );
  });
});
