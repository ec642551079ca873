import type { Action, Delivery, KeepReason, ResourceVerdict } from '@weir/core';
import { describe, expect, it } from 'vitest';
import type { DeliveryState } from './delivery-state.ts';
import { createDeliveryStates } from './delivery-state.ts';
import { decisionRig, type RunRig } from './run-decision-rig.ts';

const policyOf = (over: Partial<Delivery['policy']>): Partial<Delivery['policy']> => over;

describe('a run', () => {
  const table: Record<string, [given: Partial<Parameters<typeof decisionRig>[0]>, expected: string]> = {
    'of a new candidate is automatic and repairs drift': [{}, 'run heal prune automatic'],
    'of the candidate in force heals': [{ reached: 'c1' }, 'run heal prune self-heal'],
    'does not heal where the policy does not': [
      { reached: 'c1', policy: policyOf({ selfHeal: false }) },
      'run prune self-heal',
    ],
    'of a new candidate repairs drift even where the policy does not heal': [
      { policy: policyOf({ selfHeal: false }) },
      'run heal prune automatic',
    ],
    'does not prune where the policy does not': [
      { policy: policyOf({ prune: false }) },
      'run heal automatic',
    ],
    'of a manual delivery is only shown': [
      { policy: policyOf({ mode: 'manual' }) },
      'show heal prune automatic',
    ],
    'by order runs a manual delivery as the order says': [
      { policy: policyOf({ mode: 'manual' }), order: { token: 'o1', prune: false, dryRun: false } },
      'run heal order o1',
    ],
    'by order may be dry': [
      { order: { token: 'o1', prune: true, dryRun: true } },
      'run heal prune order o1 dry',
    ],
    'by order happens once': [
      { order: { token: 'o1', prune: true, dryRun: false }, state: { handledOrder: 'o1' } },
      'run heal prune automatic',
    ],
    'by a second order happens again': [
      { order: { token: 'o2', prune: true, dryRun: false }, state: { handledOrder: 'o1' } },
      'run heal prune order o2',
    ],
    'waits after a failure': [
      { state: { failedCandidate: 'c1', failures: 1, retryAt: 5_000 }, now: 4_999 },
      'show heal prune automatic',
    ],
    'is tried again when its time has come': [
      { state: { failedCandidate: 'c1', failures: 1, retryAt: 5_000 }, now: 5_000 },
      'run heal prune automatic',
    ],
    'of another candidate does not wait': [
      { state: { failedCandidate: 'c0', failures: 3, retryAt: 5_000 }, now: 0 },
      'run heal prune automatic',
    ],
    'ends after as many failures as the policy allows': [
      { state: { failedCandidate: 'c1', failures: 6, retryAt: 0 }, now: 99_000 },
      'show heal prune automatic',
    ],
    'is tried at once when a user asks for it': [
      { state: { failedCandidate: 'c1', failures: 6, retryAt: 0 }, request: 'now!' },
      'run heal prune automatic',
    ],
    'is not tried again for a request that was answered': [
      { state: { failedCandidate: 'c1', failures: 6, retryAt: 0, handledToken: 'now!' }, request: 'now!' },
      'show heal prune automatic',
    ],
    'leaves drift that comes back too often for a while': [
      { reached: 'c1', state: { heals: 3, healAt: 8_000 }, now: 7_000 },
      'run prune self-heal until 8000',
    ],
    'heals again after that while': [
      { reached: 'c1', state: { heals: 3, healAt: 8_000 }, now: 8_000 },
      'run heal prune self-heal',
    ],
    'of a new candidate does not care for the pace of healing': [
      { reached: 'c0', state: { heals: 3, healAt: 8_000 }, now: 7_000 },
      'run heal prune automatic',
    ],
  };
  for (const [sentence, [given, expected]] of Object.entries(table))
    it(sentence, () => expect(decisionRig(given).decide()).toBe(expected));
});

describe('a run begins', () => {
  const apply = 'apply' as const;
  const table: Record<
    string,
    [
      given: Parameters<typeof decisionRig>[0],
      actions: readonly (KeepReason | 'apply' | 'delete' | 'forget')[],
      expected: boolean,
    ]
  > = {
    'to write': [{ reached: 'c1' }, [apply], true],
    'to delete': [{ reached: 'c1' }, ['delete'], true],
    'to forget': [{ reached: 'c1' }, ['forget'], true],
    'to declare a candidate reached': [{}, ['in-sync'], true],
    'to note a commit that changed nothing here': [{ reached: 'c1', applied: 'older' }, ['in-sync'], true],
    'to answer an order': [
      { reached: 'c1', order: { token: 'o', prune: true, dryRun: false } },
      ['in-sync'],
      true,
    ],
    'not when all is in sync': [{ reached: 'c1' }, ['in-sync'], false],
    'not for drift that is tolerated': [{ reached: 'c1' }, ['drift-tolerated'], false],
  };
  for (const [sentence, [given, actions, expected]] of Object.entries(table))
    it(sentence, () => expect(decisionRig(given).begins(actions)).toBe(expected));
});

describe('a sync of single objects', () => {
  const names = Array.from({ length: 600 }, (_, index) => `c${index}`);
  const only = names.slice(1).map((name) => ({ group: '', kind: 'ConfigMap', name }));

  it('is about those alone, however many they are', () => {
    const rig = decisionRig({ order: { token: 'o', prune: true, dryRun: false, only } });
    expect(rig.chooses(names)).toHaveLength(599);
  });

  it('in a namespace leaves their namesakes alone', () => {
    const elsewhere = [{ group: '', kind: 'ConfigMap', name: 'c1', namespace: 'other' }];
    const rig = decisionRig({ order: { token: 'o', prune: true, dryRun: false, only: elsewhere } });
    expect(rig.chooses(names)).toEqual([]);
  });

  it('is about all where a repair has very much to do', () => {
    expect(decisionRig({ reached: 'c1' }).chooses(names)).toBeUndefined();
  });
});

describe('retries', () => {
  it('come later each time, up to a limit, and end', () => {
    const rig = decisionRig({ policy: { retry: { limit: 5, baseMs: 1_000, factor: 2, maxMs: 6_000 } } });
    const waits = [1, 2, 3, 4, 5, 6].map(() => {
      rig.run(['failed']);
      const waitMs = rig.state.retryAt - rig.now;
      rig.now = Math.max(rig.now, rig.state.retryAt);
      return rig.state.retryAt === 0 ? 'over' : String(waitMs);
    });
    expect(waits.join(' ')).toBe('1000 2000 4000 6000 6000 over');
    expect(rig.decide()).toBe('show heal prune automatic');
  });

  it('are counted in the run, from 0', () => {
    const rig = decisionRig({});
    const retries = [1, 2, 3].map(() => {
      rig.run(['failed']);
      rig.now = rig.state.retryAt;
      return rig.state.run?.retries;
    });
    expect(retries).toEqual([0, 1, 2]);
  });

  it('begin anew with a new candidate', () => {
    const rig = decisionRig({});
    rig.run(['failed']);
    rig.run(['failed']);
    rig.candidate = 'c2';
    rig.run(['failed']);
    expect([rig.state.failures, rig.state.failedCandidate, rig.state.run?.retries]).toEqual([1, 'c2', 0]);
  });

  it('are forgotten after a success', () => {
    const rig = decisionRig({});
    rig.run(['failed']);
    rig.run(['configured']);
    expect(memory(rig)).toBe('failures 0, retryAt 0, heals 0, succeeded');
    expect(rig.state.failedCandidate).toBeUndefined();
    expect(rig.reached).toBe('c1');
  });

  it('do not happen where the policy allows none', () => {
    const rig = decisionRig({ policy: { retry: { limit: 0, baseMs: 1_000, factor: 2, maxMs: 6_000 } } });
    rig.run(['failed']);
    expect(rig.decide()).toBe('show heal prune automatic');
  });
});

const memory = ({ state }: { state: DeliveryState }): string =>
  `failures ${state.failures}, retryAt ${state.retryAt}, heals ${state.heals}, ${state.run?.phase ?? 'no run'}`;

describe('healing', () => {
  it('slows down when drift comes back, and is limited', () => {
    const rig = decisionRig({ reached: 'c1' });
    const pauses = [1, 2, 3, 4, 5, 6, 7, 8].map(() => {
      rig.run(['configured']);
      const pauseMs = Math.max(rig.state.healAt - rig.now, 0);
      rig.now += pauseMs;
      return pauseMs;
    });
    expect(pauses.join(' ')).toBe('0 2000 6000 18000 54000 162000 300000 300000');
  });

  it('is quick again after a quiet time', () => {
    const rig = decisionRig({ reached: 'c1' });
    for (let count = 0; count < 4; count++) rig.run(['configured']);
    rig.now += 600_001;
    rig.run(['configured']);
    expect([rig.state.heals, rig.state.healAt]).toEqual([1, 0]);
  });

  it('does not count runs that wrote nothing', () => {
    const rig = decisionRig({ reached: 'c1', applied: 'older' });
    rig.run([]);
    expect(rig.state.heals).toBe(0);
  });
});

describe('the end of a run', () => {
  const kept = (reason: KeepReason): Action => ({
    kind: 'keep',
    id: '/ConfigMap/web/a',
    ref: { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'web', name: 'a' },
    reason,
    phase: 'sync',
    wave: 0,
  });
  const end = (
    rig: RunRig,
    actions: Action[],
    outcomes: NonNullable<ResourceVerdict['outcome']>[] = [],
  ): string => {
    rig.run(outcomes, actions);
    const { run } = rig.state;
    return `${run?.phase ?? 'no run'}, ${rig.reached === 'c1' ? 'reached' : 'not reached'}: ${run?.message ?? ''}`;
  };
  const table: Record<string, [Action[], NonNullable<ResourceVerdict['outcome']>[], string]> = {
    'is a success when everything was written': [
      [],
      ['created', 'configured', 'pruned'],
      'succeeded, reached: successfully synced (all tasks run)',
    ],
    'is a failure when one object failed': [
      [],
      ['created', 'failed'],
      'failed, not reached: one or more objects failed to apply: no such luck',
    ],
    'is told in no word when nothing was written': [[kept('in-sync')], [], 'no run, reached: '],
    'is a success though something waits to be pruned': [
      [kept('prune-off')],
      ['created'],
      'succeeded, reached: successfully synced (all tasks run)',
    ],
    'is a failure when another delivery has an object': [
      [kept('claimed')],
      ['created'],
      'failed, not reached: one or more objects could not be synced: ConfigMap/web/a (claimed)',
    ],
    'is a failure when a kind is unknown': [
      [kept('kind-unknown')],
      [],
      'failed, not reached: one or more objects could not be synced: ConfigMap/web/a (kind-unknown)',
    ],
    'is a failure when deletions are blocked': [
      [kept('deletion-blocked')],
      [],
      'failed, not reached: one or more objects could not be synced: ConfigMap/web/a (deletion-blocked)',
    ],
  };
  for (const [sentence, [actions, outcomes, expected]] of Object.entries(table))
    it(sentence, () => expect(end(decisionRig({}), actions, outcomes)).toBe(expected));

  it('of a dry run leaves no trace but the run itself', () => {
    const rig = decisionRig({ order: { token: 'o1', prune: true, dryRun: true } });
    rig.run(['failed']);
    expect(memory(rig)).toBe('failures 0, retryAt 0, heals 0, failed');
    expect([rig.reached, rig.state.handledOrder]).toEqual([undefined, 'o1']);
  });

  it('of an order without work is told all the same', () => {
    const rig = decisionRig({ reached: 'c1', order: { token: 'o1', prune: true, dryRun: false } });
    rig.run([]);
    expect([rig.state.run?.phase, rig.state.run?.orderToken]).toEqual(['succeeded', 'o1']);
  });
});

describe('the memory of deliveries', () => {
  it('is made when it is asked for, and forgotten', () => {
    const states = createDeliveryStates();
    expect(states.peek('a')).toBeUndefined();
    states.of('a', 'uid').failures = 3;
    expect(states.of('a', 'uid').failures).toBe(3);
    expect([...states.all()].map(([id]) => id)).toEqual(['a']);
    states.forget('a');
    expect(states.peek('a')).toBeUndefined();
  });
});
