// Gives lost ownership back where every value is right, at a limited rate for the whole cluster: a single outage may have
// taken it from thousands of objects. It changes no value, and nothing of it is a sync.

import type { Action, Delivery, Desired } from '@weir/core';
import { askDrift, type SelectPaths } from './ask-drift.ts';
import { executePlan } from './execute.ts';
import type { Session } from './fleet.ts';
import type { InventoryRecord } from './inventories.ts';

/** Repairs of one cluster: this many at once, and then so many a second. */
const rate = { burst: 20, perSecond: 2 };

interface Allowance {
  left: number;
  at: number;
}

/** By what sessions of one cluster share, whoever acts in them. */
const allowances = new WeakMap<Session['cache'], Allowance>();

/** How many of `wanted` repairs may be made in this cluster now. */
export function takeAllowance({ cache }: Pick<Session, 'cache'>, wanted: number, now: number): number {
  const known = allowances.get(cache) ?? { left: rate.burst, at: now };
  const filled = Math.min(rate.burst, known.left + (Math.max(now - known.at, 0) / 1_000) * rate.perSecond);
  const taken = Math.min(wanted, Math.floor(filled));
  allowances.set(cache, { left: filled - taken, at: now });
  return taken;
}

/** How many are left for a later look; so is what failed, or has changed since. */
export async function repairOwnership(of: {
  readonly delivery: Delivery;
  readonly session: Session;
  readonly inventory: InventoryRecord;
  readonly disowned: readonly Desired[];
  readonly selectPaths?: SelectPaths;
  readonly now: Date;
  readonly signal: AbortSignal;
}): Promise<number> {
  const { disowned, session, delivery } = of;
  const count = takeAllowance(session, disowned.length, of.now.getTime());
  const actions: Action[] = [];
  for (const { id, ref, digest, object } of disowned.slice(0, count)) {
    const repair = (await askDrift(object, of))?.repair;
    if (repair === undefined) continue;
    actions.push({
      kind: 'apply',
      id,
      ref,
      object: repair,
      digest,
      reason: 'drifted',
      stage: 0,
      tracked: true,
      phase: 'sync',
      wave: 0,
    });
  }
  // Each stands for itself: what one of them cannot have, the others may.
  const policy = { ...delivery.policy, atomicity: 'partial' } as const;
  if (actions.length > 0)
    await executePlan({ ...of, delivery: { ...delivery, policy }, actions, dryRun: false });
  return disowned.length - actions.length;
}
