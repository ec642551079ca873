// Objects whose ownership no longer matches what was recorded: a mismatch only makes them suspect. Here the server is
// asked whether a value that Git wants really differs, once for each state of the object. It writes nothing.

import {
  type Conclusion,
  type Delivery,
  type Desired,
  type DriftedField,
  type ObjectId,
  rulesFor,
  rulesText,
} from '@weir/core';
import { digestText } from '@weir/kube';
import { askDrift, type KnownSuspect, type SelectPaths } from './ask-drift.ts';
import type { Observation } from './observe.ts';

/** Suspects asked about in one reconcile; the others count as drifted until the next one. */
const maxAsked = 200;
/** Of these at once; the transport bounds them for the whole cluster. */
const concurrency = 8;

export interface Suspects {
  /** Hold every value that Git wants, ignored fields aside. */
  readonly cleared: ReadonlySet<ObjectId>;
  /** Of the others, what differs. */
  readonly drift: ReadonlyMap<ObjectId, readonly DriftedField[]>;
  /** Of the cleared those whose ownership is to be given back. */
  readonly disowned: readonly Desired[];
  /** Suspects that were not asked about yet, or about which nothing could be said. */
  readonly pending: number;
}

export interface SuspectsInput {
  readonly delivery: Pick<Delivery, 'fieldManager' | 'mark' | 'ignore' | 'respectIgnored'>;
  /** The memory from one look to the next; replaced here. */
  readonly state: { suspects?: ReadonlyMap<ObjectId, KnownSuspect> };
  readonly observation: Pick<Observation, 'desired' | 'inventory' | 'session'>;
  readonly selectPaths?: SelectPaths;
  /**
   * `repair`: drift is written at once anyway, where one apply is cheaper than asking first. Asked is only where a write
   * could be wrong (fields are ignored) or too many could follow (an outage of a conversion webhook takes all ownership
   * away). `renew`: the same, but ignored fields are written too unless they are respected.
   */
  readonly purpose: 'show' | 'repair' | 'renew';
  readonly signal: AbortSignal;
}

export async function judgeSuspects(input: SuspectsInput): Promise<Suspects> {
  const { observation, state, signal } = input;
  const suspects = new Map<ObjectId, Key>();
  const known = new Map<ObjectId, KnownSuspect>();
  const asked: { desired: Desired; key: Key }[] = [];
  for (const desired of observation.desired.objects) {
    const key = keyOf(desired, input);
    if (key === undefined) continue;
    suspects.set(desired.id, key);
    const before = state.suspects?.get(desired.id);
    if (before !== undefined && isStill(before, key)) known.set(desired.id, before);
    else if (asked.length < maxAsked) asked.push({ desired, key });
  }
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < asked.length && !signal.aborted) {
      const one = asked[next++];
      if (one === undefined) return;
      const answer = await askDrift(one.desired.object, { ...input, session: observation.session });
      if (answer === undefined) continue;
      const { isDrifted, fields, isOwnershipLost } = answer;
      known.set(one.desired.id, { isDrifted, fields, isOwnershipLost, ...one.key });
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, asked.length) }, worker));
  state.suspects = known;
  return sortSuspects(suspects, known, observation.desired.objects);
}

function sortSuspects(
  suspects: ReadonlyMap<ObjectId, Key>,
  known: ReadonlyMap<ObjectId, KnownSuspect>,
  objects: readonly Desired[],
): Suspects {
  const cleared = new Set<ObjectId>();
  const drift = new Map<ObjectId, readonly DriftedField[]>();
  const disowned: Desired[] = [];
  for (const desired of objects) {
    const suspect = known.get(desired.id);
    const key = suspects.get(desired.id);
    if (suspect?.isDrifted === true) drift.set(desired.id, suspect.fields);
    // Without our entry nothing has been said about any value yet: that alone is no drift, and must not start a repair.
    else if (suspect !== undefined || (key !== undefined && key.owned === undefined)) cleared.add(desired.id);
    if (suspect?.isDrifted === false && suspect.isOwnershipLost) disowned.push(desired);
  }
  return { cleared, drift, disowned, pending: suspects.size - known.size };
}

type Key = Pick<KnownSuspect, 'subject' | 'resourceVersion' | 'owned'>;

/** The object in its present state; undefined where nothing is suspect, or where asking is not worth it. */
function keyOf(desired: Desired, input: SuspectsInput): Key | undefined {
  const { delivery, observation, purpose } = input;
  const entry = observation.inventory.entries.get(desired.id);
  const live: Conclusion | undefined = observation.session.cache.live(desired.ref);
  if (live === undefined || live.deleting || entry?.owned === undefined || entry.desired !== desired.digest)
    return undefined;
  const owned = live.owned[delivery.fieldManager];
  if (owned === entry.owned) return undefined;
  const rules = rulesFor(delivery.ignore, desired.ref);
  const isKept = rules.length > 0 && (purpose !== 'renew' || delivery.respectIgnored === true);
  if (purpose !== 'show' && owned !== undefined && !isKept) return undefined;
  return {
    subject: [live.uid, desired.digest, digestText(rulesText(rules))].join('@'),
    resourceVersion: live.resourceVersion,
    owned,
  };
}

function isStill(before: KnownSuspect, now: Key): boolean {
  if (before.subject !== now.subject) return false;
  if (before.resourceVersion === now.resourceVersion) return true;
  return !before.isDrifted && !before.isOwnershipLost && before.owned === now.owned;
}
