import { describe, expect, it } from 'vitest';
import { type ClaimsInput, type ClaimView, isOverdue, planClaims, rankReplicas } from './claims.ts';

const settings = { settleMs: 30_000, patienceMs: 3_000, maxHandOvers: 2 };
const names = ['a', 'b', 'c', 'd'];
const keys = Array.from({ length: 4_000 }, (_, index) => `cluster-${index}`);
const lifeOf = (name: string): string => `${name}1`;
const holderOf = (name: string): { name: string; life: string } => ({ name, life: lifeOf(name) });
const best = (key: string, of: readonly string[]): string | undefined =>
  rankReplicas(key, of.map(holderOf))[0]?.name;
/** A key that ranks the replicas in that order. */
function keyFor(...order: readonly string[]): string {
  const found = keys.find(
    (key) =>
      rankReplicas(key, order.map(holderOf))
        .map(({ name }) => name)
        .join() === order.join(),
  );
  if (found === undefined) throw new Error('no such key');
  return found;
}
const ab = keyFor('a', 'b');
const ba = keyFor('b', 'a');

describe('rendezvous hashing', () => {
  it('gives each of four replicas about a quarter', () => {
    for (const name of names) {
      const share = keys.filter((key) => best(key, names) === name).length / keys.length;
      expect(share).toBeGreaterThan(0.22);
      expect(share).toBeLessThan(0.28);
    }
  });

  it('moves nothing but what the one that went had', () => {
    const rest = names.filter((name) => name !== 'c');
    for (const key of keys) {
      const before = best(key, names);
      if (before !== 'c') expect(best(key, rest)).toBe(before);
    }
  });

  it('does not depend on the order in which replicas are seen', () => {
    for (const key of keys.slice(0, 200)) expect(best(key, [...names].reverse())).toBe(best(key, names));
  });
});

interface Case {
  readonly self?: string;
  /** Names, with the time that each has lived; those without are old. */
  readonly live: readonly (string | readonly [string, number])[];
  readonly claims?: readonly (readonly [string, string | undefined, number])[];
  readonly wanted?: readonly string[];
  readonly held?: readonly string[];
  readonly freeForMs?: number;
  readonly refused?: readonly string[];
}

function inputOf(of: Case): ClaimsInput {
  const { self = 'a', wanted = [ab], held = [], freeForMs = 0, refused = [] } = of;
  const claims = (of.claims ?? []).map(
    ([key, holder, epoch]): ClaimView => ({
      key,
      epoch,
      ...(holder === undefined ? {} : { holder: { name: holder.charAt(0), life: holder } }),
    }),
  );
  return {
    self: holderOf(self),
    replicas: of.live.map((each) => {
      const [name, aliveForMs] = typeof each === 'string' ? [each, 3_600_000] : each;
      return { ...holderOf(name), aliveForMs };
    }),
    claims,
    wanted: new Set(wanted),
    held: new Set(held),
    freeForMs: () => freeForMs,
    isRefused: (_key, life) => refused.includes(life),
    settings,
  };
}

const show = (of: Case): string[] =>
  planClaims(inputOf(of)).map((action) => {
    const to = action.kind === 'hand-over' ? ` to ${action.to.life}` : '';
    return `${action.kind} ${action.key === ab ? 'ab' : action.key === ba ? 'ba' : action.key}${to} ${action.epoch}`;
  });

const cases: Readonly<Record<string, readonly [Case, readonly string[]]>> = {
  'a cluster that nobody ever held is taken with epoch 1': [{ live: ['a'] }, ['take ab 1']],
  'a claim that was released is taken with the next epoch': [
    { live: ['a'], claims: [[ab, undefined, 4]] },
    ['take ab 5'],
  ],
  'a claim of one that died is taken with the next epoch': [
    { live: ['a'], claims: [[ab, 'b1', 4]] },
    ['take ab 5'],
  ],
  'a claim of an earlier life of this replica is taken with the next epoch': [
    { live: ['a'], claims: [[ab, 'a0', 4]] },
    ['take ab 5'],
  ],
  'a claim of one that lives is never taken, however much better this one is': [
    { live: ['a', 'b'], claims: [[ab, 'b1', 4]], freeForMs: 600_000 },
    [],
  ],
  'a free claim is left to the better one': [{ live: ['a', 'b'], wanted: [ba] }, []],
  'a free claim that the better one does not take is taken after a while': [
    { live: ['a', 'b'], wanted: [ba], freeForMs: 3_000 },
    ['take ba 1'],
  ],
  'a free claim that this one has no work for is left alone': [
    { live: ['a'], claims: [[ab, undefined, 1]], wanted: [] },
    [],
  ],
  'a held claim stays where it is the best place': [
    { live: ['a', 'b'], claims: [[ab, 'a1', 1]], held: [ab] },
    [],
  ],
  'a held claim is handed to a better one that has lived for a while': [
    { live: ['a', 'b'], claims: [[ba, 'a1', 1]], wanted: [ba], held: [ba] },
    ['hand-over ba to b1 2'],
  ],
  'a held claim is kept from a better one that has just come': [
    { live: ['a', ['b', 29_999]], claims: [[ba, 'a1', 1]], wanted: [ba], held: [ba] },
    [],
  ],
  'a held claim is kept from a better one that gave it back': [
    { live: ['a', 'b'], claims: [[ba, 'a1', 1]], wanted: [ba], held: [ba], refused: ['b1'] },
    [],
  ],
  'a claim that was handed to this one is adopted as it is': [
    { live: ['a', 'b'], claims: [[ab, 'a1', 7]] },
    ['adopt ab 7'],
  ],
  'a claim that was handed to this one is given back where it has no work for it': [
    { live: ['a', 'b'], claims: [[ab, 'a1', 7]], wanted: [] },
    ['release ab 7'],
  ],
  'a claim without any work left is released': [
    { live: ['a'], claims: [[ab, 'a1', 7]], wanted: [], held: [ab] },
    ['release ab 7'],
  ],
  'a replica that does not live itself takes nothing': [{ live: ['b'], freeForMs: 600_000 }, []],
};

it.each(Object.entries(cases))('%s', (_sentence, [given, wanted]) => {
  expect(show(given)).toEqual(wanted);
});

it('only a few claims are handed over at a time', () => {
  const many = keys.filter((key) => best(key, ['a', 'b']) === 'b').slice(0, 10);
  const claims = many.map((key) => [key, 'a1', 1] as const);
  expect(show({ live: ['a', 'b'], claims, wanted: many, held: many })).toHaveLength(2);
});

it('whoever sees what, no two take the same free claim at once', () => {
  for (const key of keys.slice(0, 500)) {
    const takers = names.filter(
      (self) => planClaims(inputOf({ self, live: names, wanted: [key] })).length > 0,
    );
    expect(takers).toHaveLength(1);
  }
});

it.each([
  ['a Lease that was renewed within its duration is not overdue', 1_000, 15_999, false],
  ['a Lease that was not renewed for its whole duration is overdue', 1_000, 16_000, true],
])('%s', (_sentence, seenAtMs, nowMs, expected) => {
  expect(isOverdue({ durationMs: 15_000, seenAtMs }, nowMs)).toBe(expected);
});
