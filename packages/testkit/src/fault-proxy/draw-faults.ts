// Decides which faults come together in one spell of trouble, drawn from a seed. It draws no answer that an API server
// could not give: no 409 to a read, no 404 for what is there.

import type { Fault, FaultRule, RequestMatch } from './fault.ts';
import type { SeededRandom } from './seeded-random.ts';

const writes: RequestMatch = { verbs: ['create', 'update', 'patch', 'delete'] };
const reads: RequestMatch = { verbs: ['get', 'list'] };
const watches: RequestMatch = { verbs: ['watch'] };
const listings: RequestMatch = { verbs: ['list', 'watch'] };

type Draw = (random: SeededRandom) => FaultRule;

/** One spell has at most so many kinds of faults. */
const maxRules = 4;
/** Chance that nothing at all gets through. */
const outageChance = 0.06;

const kinds: readonly Draw[] = [
  (random) => ({
    fault: { kind: 'latency', ms: random.between(10, 300), jitterMs: random.between(0, 300) },
    probability: portion(random, { low: 0.2, high: 1 }),
  }),
  (random) => ({
    fault: { kind: 'reset', at: random.pick(['request', 'answer', 'body'] as const) },
    match: random.pick([{}, writes, writes, reads, listings]),
    probability: portion(random, { low: 0.03, high: 0.5 }),
  }),
  (random) => ({
    fault: { kind: 'half-open', at: random.pick(['request', 'answer'] as const) },
    match: random.pick([writes, reads, watches]),
    probability: portion(random, { low: 0.1, high: 0.6 }),
    times: random.between(1, 6),
  }),
  (random) => ({
    fault: { kind: 'answer', status: 409 },
    match: writes,
    probability: portion(random, { low: 0.1, high: 0.6 }),
  }),
  (random) => ({
    fault: { kind: 'answer', status: 410 },
    match: listings,
    probability: portion(random, { low: 0.1, high: 0.6 }),
  }),
  (random) => ({
    fault: { kind: 'answer', status: 429, retryAfterSeconds: random.between(0, 1) },
    probability: portion(random, { low: 0.1, high: 0.5 }),
  }),
  (random) => ({
    fault: failure(random),
    match: random.pick([{}, writes, writes, reads, listings]),
    probability: portion(random, { low: 0.05, high: 0.6 }),
  }),
  (random) => ({
    fault: { kind: 'watch-cut', by: random.pick(['end', 'reset'] as const) },
    probability: portion(random, { low: 0.05, high: 0.4 }),
  }),
  (random) => ({
    fault: { kind: 'watch-repeat' },
    probability: portion(random, { low: 0.2, high: 1 }),
  }),
  (random) => ({
    fault: { kind: 'watch-swap' },
    probability: portion(random, { low: 0.2, high: 1 }),
  }),
  (random) => ({
    fault: { kind: 'watch-expire' },
    probability: portion(random, { low: 0.05, high: 0.3 }),
  }),
  (random) => ({
    fault: random.chance(0.3) ? { kind: 'watch-no-bookmarks', all: true } : { kind: 'watch-no-bookmarks' },
  }),
  (random) => ({
    fault: { kind: 'watch-silence' },
    probability: portion(random, { low: 0.05, high: 0.5 }),
  }),
  (random) => ({ fault: { kind: 'clock-skew', seconds: random.pick([-86_400, -3_600, 3_600, 86_400]) } }),
];

/** The rules of one spell; it lasts as long as the caller leaves them in force. */
export function drawFaults(random: SeededRandom): FaultRule[] {
  if (random.chance(outageChance)) return [{ fault: { kind: 'reset', at: 'request' } }];
  return Array.from({ length: random.between(1, maxRules) }, () => random.pick(kinds)(random));
}

function failure(random: SeededRandom): Fault {
  const status = random.pick([500, 503, 504] as const);
  return random.chance(0.4) ? { kind: 'answer', status, executed: true } : { kind: 'answer', status };
}

/** With two digits, so that it can be read in a report. */
function portion(random: SeededRandom, of: { low: number; high: number }): number {
  return Math.round((of.low + random.next() * (of.high - of.low)) * 100) / 100;
}
