// Objects whose ownership no longer matches what was recorded: a mismatch only makes them suspect. Here a dry run asks
// the server whether a value that Git wants really differs, once for each state of the object. It writes nothing.

import { canonicalJson, type Delivery, type Desired, type ObjectId } from '@weir/core';
import { ApiError } from '@weir/kube';
import { bareObject } from './bare-object.ts';
import type { DeliveryState } from './delivery-state.ts';
import type { Observation } from './observe.ts';

/** Suspects asked about in one reconcile; the others count as drifted until the next one. */
const maxAsked = 200;

/** The suspects that turned out to hold every value that Git wants. */
export async function clearSuspects(of: {
  delivery: Pick<Delivery, 'fieldManager'>;
  state: DeliveryState;
  observation: Observation;
  signal: AbortSignal;
}): Promise<ReadonlySet<ObjectId>> {
  const { state, observation } = of;
  const verdicts = new Map<string, boolean>();
  const cleared = new Set<ObjectId>();
  for (const desired of observation.desired.objects) {
    const key = suspectKey(desired, of.delivery.fieldManager, observation);
    if (key === undefined || verdicts.size >= maxAsked) continue;
    const isEqual = state.suspects?.get(key) ?? (await holdsDesired(desired, of));
    if (isEqual !== undefined) verdicts.set(key, isEqual);
    if (isEqual === true) cleared.add(desired.id);
  }
  state.suspects = verdicts;
  return cleared;
}

/** Names the object in its present state; undefined where nothing is suspect. */
function suspectKey(
  desired: Desired,
  manager: string,
  { inventory, session }: Observation,
): string | undefined {
  const entry = inventory.entries.get(desired.id);
  const live = session.cache.live(desired.ref);
  if (live === undefined || live.deleting || entry?.owned === undefined || entry.desired !== desired.digest)
    return undefined;
  return live.owned[manager] === entry.owned
    ? undefined
    : `${desired.id}@${live.uid}@${live.resourceVersion}`;
}

async function holdsDesired(
  desired: Desired,
  of: Parameters<typeof clearSuspects>[0],
): Promise<boolean | undefined> {
  const { observation, delivery, signal } = of;
  try {
    const { client, writer } = observation.session;
    const live = await client.get(desired.ref, signal);
    if (live === undefined) return false;
    const applied = await writer.apply(desired.object, {
      fieldManager: delivery.fieldManager,
      dryRun: true,
      signal,
    });
    return canonicalJson(bareObject(live)) === canonicalJson(bareObject(applied));
  } catch (error) {
    // An object that the server would refuse now is not as Git wants it. Anything else is asked again.
    return error instanceof ApiError && error.status < 500 ? false : undefined;
  }
}
