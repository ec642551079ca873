// What happens when a cluster's claim comes or goes: its journals are read or written, its caches dropped, its keys woken.
// It takes and gives no claim.

import type { DeliveryId, DeliveryVerdict } from '@weir/core';
import { digestText, pause } from '@weir/kube';
import type { ClaimsListener } from './claims.ts';
import type { Declarations } from './declarations.ts';
import type { DeliveryStates } from './delivery-state.ts';
import type { Fleet } from './fleet.ts';
import type { Inventories } from './inventories.ts';
import type { Places } from './places.ts';
import type { Waker } from './waker.ts';

export interface ClaimedClustersOptions {
  readonly declarations: Declarations;
  readonly fleet: Fleet;
  readonly places: Places;
  readonly inventories: Inventories;
  readonly states: DeliveryStates;
  readonly waker: Waker;
  readonly signal: AbortSignal;
}

/** Claims of a replica that died come together: their journals are read by one list. */
const gatherMs = 20;
const flushMs = 5_000;
/** Sources that a push names; beyond that all are looked at. */
const maxNamed = 64;

export function followClaims(options: ClaimedClustersOptions): ClaimsListener {
  const { declarations, fleet, places, inventories, states, waker, signal } = options;
  const read = gathered(async (keys) => {
    await inventories.load(signal, (cluster) => keys.has(cluster));
    // A delivery that went while nobody looked claims nothing any more.
    for (const id of inventories.deliveries())
      if (declarations.declared(id) === undefined) inventories.forget(id);
  });
  return {
    candidates: () => places.candidates(),
    onGained: read,
    onOpen: (key) => waker.opened({ deliveries: places.in(key), isHub: key === fleet.hub.key }),
    onClosing: (key) => inventories.flush(AbortSignal.timeout(flushMs), key).catch(() => undefined),
    onLost: (key) => {
      fleet.reset(key);
      inventories.forgetCluster(key);
      for (const id of places.in(key)) states.forget(id);
    },
    onPushed: (text) => waker.woken(readPush(text)),
  };
}

/** Work for everything that is asked for within a moment, done once. */
function gathered(work: (keys: ReadonlySet<string>) => Promise<void>): (key: string) => Promise<void> {
  let next: { readonly keys: Set<string>; readonly done: Promise<void> } | undefined;
  return (key) => {
    if (next === undefined) {
      const keys = new Set<string>();
      const done = pause(gatherMs).then(() => {
        next = undefined;
        return work(keys);
      });
      next = { keys, done };
    }
    next.keys.add(key);
    return next.done;
  };
}

const digestOf = (source: string): string => digestText(source).slice(0, 16);

/** Told to the other replicas: which sources were pushed to, each time anew. It holds no address and no credentials. */
export function showPush(sources: readonly string[]): string {
  const named = sources.length > maxNamed ? '*' : sources.map(digestOf).join(',');
  return `${Date.now().toString(36)} ${named}`;
}

function readPush(text: string): (source: string) => boolean {
  const named = new Set(text.slice(text.indexOf(' ') + 1).split(','));
  return (source) => named.has('*') || named.has(digestOf(source));
}

/** The verdict on a delivery that another replica works on, as far as its status tells it. */
export function rememberedVerdict(id: DeliveryId, declarations: Declarations): DeliveryVerdict | undefined {
  const declared = declarations.declared(id);
  if (declared === undefined || declared.dialect.recallReady === undefined) return undefined;
  const revision = declared.dialect.recallReady(declared.object);
  return {
    delivery: id,
    stage: revision === undefined ? 'progressing' : 'ready',
    sync: 'Unknown',
    health: { status: 'Unknown' },
    resources: [],
    problems: [],
    images: [],
    externalUrls: [],
    ...(revision === undefined ? {} : { revision }),
  };
}
