// Which replica is to hold which cluster: rendezvous hashing over the replicas that live, and what one of them has to do
// about it. It reads no clock and writes no claim: how long something has been so comes in, actions come out.

/** One life of a replica: its name, and the uid of the Lease that it renews. A restart is another life. */
export interface Holder {
  readonly name: string;
  readonly life: string;
}

/** A replica whose Lease is there and not overdue. */
export interface LiveReplica extends Holder {
  /** Since the observer saw this life for the first time. */
  readonly aliveForMs: number;
}

export interface ClaimView {
  /** What is claimed: the key of a cluster. */
  readonly key: string;
  /** Whoever the claim names, alive or not. */
  readonly holder?: Holder;
  /** Counts the holders that the claim has had. */
  readonly epoch: number;
}

export type ClaimAction =
  | { readonly kind: 'take'; readonly key: string; readonly epoch: number }
  /** The claim names this life already: somebody handed it over, or the answer to a take was lost. */
  | { readonly kind: 'adopt'; readonly key: string; readonly epoch: number }
  | { readonly kind: 'hand-over'; readonly key: string; readonly to: Holder; readonly epoch: number }
  /** Nobody here has work for it, or it cannot be reached from here. */
  | { readonly kind: 'release'; readonly key: string; readonly epoch: number };

export interface ClaimSettings {
  /** A replica gets claims of others only after so long a life: one that comes and goes moves nothing. */
  readonly settleMs: number;
  /** A free claim waits so long for each better replica: it may not reach the cluster, or not live any more. */
  readonly patienceMs: number;
  /** Claims that are handed over at a time: a new replica is not flooded. */
  readonly maxHandOvers: number;
}

export interface ClaimsInput {
  readonly self: Holder;
  /** Those that live, this one included. */
  readonly replicas: readonly LiveReplica[];
  readonly claims: readonly ClaimView[];
  /** Keys that this replica has work for and has reached. */
  readonly wanted: ReadonlySet<string>;
  /** Keys that this replica acts for now. */
  readonly held: ReadonlySet<string>;
  /** For how long a key has been seen without a holder that lives. */
  readonly freeForMs: (key: string) => number;
  /** Whether that life gave the key back not long ago. */
  readonly isRefused: (key: string, life: string) => boolean;
  readonly settings: ClaimSettings;
}

/**
 * What this replica does now. A claim of a replica that lives is never taken: only its holder gives it away, so that
 * there are never two. Free claims go to the best that lives, held ones to the best that has lived for a while.
 */
export function planClaims(input: ClaimsInput): ClaimAction[] {
  const { claims, wanted, settings } = input;
  const byKey = new Map<string, ClaimView>([...wanted].map((key) => [key, { key, epoch: 0 }]));
  for (const claim of claims) byKey.set(claim.key, claim);
  const actions: ClaimAction[] = [];
  let handOvers = 0;
  for (const claim of byKey.values()) {
    const action = actionFor(claim, input);
    if (action?.kind === 'hand-over' && ++handOvers > settings.maxHandOvers) continue;
    if (action !== undefined) actions.push(action);
  }
  return actions;
}

function actionFor(claim: ClaimView, input: ClaimsInput): ClaimAction | undefined {
  const { self, replicas, wanted } = input;
  const { key, holder, epoch } = claim;
  if (holder !== undefined && holder.life === self.life) {
    if (!wanted.has(key)) return { kind: 'release', key, epoch };
    return input.held.has(key) ? handOver(claim, input) : { kind: 'adopt', key, epoch };
  }
  const isHeld = replicas.some(({ life }) => life === holder?.life);
  if (isHeld || !wanted.has(key)) return undefined;
  const rank = rankReplicas(key, replicas).findIndex(({ life }) => life === self.life);
  if (rank < 0 || input.freeForMs(key) < rank * input.settings.patienceMs) return undefined;
  return { kind: 'take', key, epoch: epoch + 1 };
}

function handOver({ key, epoch }: ClaimView, input: ClaimsInput): ClaimAction | undefined {
  const { self, settings, isRefused } = input;
  const fit = input.replicas.filter(
    ({ life, aliveForMs }) =>
      life === self.life || (aliveForMs >= settings.settleMs && !isRefused(key, life)),
  );
  const [best] = rankReplicas(key, fit);
  if (best === undefined || best.life === self.life) return undefined;
  return { kind: 'hand-over', key, to: { name: best.name, life: best.life }, epoch: epoch + 1 };
}

/** Best first. By name, not by life: a replica that comes back gets what it had. */
export function rankReplicas<R extends Holder>(key: string, replicas: readonly R[]): R[] {
  const scored = replicas.map((replica) => ({ replica, score: scoreOf(replica.name, key) }));
  scored.sort((a, b) => b.score - a.score || (a.replica.name < b.replica.name ? -1 : 1));
  return scored.map(({ replica }) => replica);
}

/** FNV-1a with the final mix of MurmurHash3: names that differ in one letter must not rank alike. */
function scoreOf(name: string, key: string): number {
  let hash = 0x811c9dc5;
  const text = `${name}\0${key}`;
  for (let index = 0; index < text.length; index++)
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A Lease as an observer has seen it, by its own monotonic clock. */
export interface LeaseSighting {
  /** As the replica itself wrote it; its own deadline is counted from that, too. */
  readonly durationMs: number;
  /** When this version of the Lease was seen first: not before it was written. */
  readonly seenAtMs: number;
}

/**
 * Whether nobody has renewed the Lease for its whole duration. Wall clocks of two machines are never compared. This alone
 * proves nothing (the watch may lag): whoever acts on it must delete that very version of the Lease first.
 */
export function isOverdue({ durationMs, seenAtMs }: LeaseSighting, nowMs: number): boolean {
  return nowMs - seenAtMs >= durationMs;
}
