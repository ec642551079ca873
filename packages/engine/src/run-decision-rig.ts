// Decides how the tests of the run decision make a delivery, its memory and runs of it in a few words.
// It is no part of the product.

import type { Action, Delivery, KeepReason, ResolvedRef, ResourceVerdict, SyncOrder } from '@weir/core';
import type { DeliveryState } from './delivery-state.ts';
import type { Observation } from './observe.ts';
import { afterRun, beginOperation, decideRun, type RunDecision } from './run-decision.ts';
import { runOf } from './run-results.ts';

export interface Given {
  readonly policy?: Partial<Delivery['policy']>;
  readonly order?: SyncOrder;
  readonly request?: string;
  readonly state?: Partial<DeliveryState>;
  /** The candidate that was reached last. */
  readonly reached?: string;
  /** The commit that was applied last; by default the present one. */
  readonly applied?: string;
  readonly now?: number;
}

const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'web', name: 'a' };
const id = '/ConfigMap/web/a';

const policy: Delivery['policy'] = {
  mode: 'automatic',
  prune: true,
  selfHeal: true,
  allowEmpty: false,
  wait: false,
  createNamespace: false,
  force: false,
  failOnShared: false,
  timeoutMs: 300_000,
  retry: { limit: 5, baseMs: 5_000, factor: 2, maxMs: 180_000 },
  intervalMs: 600_000,
};

/** A delivery `c1` at commit `now`, with nothing reached. */
export function decisionRig(given: Given = {}): RunRig {
  return new RunRig(given);
}

export class RunRig {
  readonly state: DeliveryState;
  candidate = 'c1';
  reached: string | undefined;
  now: number;
  readonly #delivery: Delivery;
  #applied: string | undefined;

  constructor(given: Given) {
    this.state = { uid: 'uid', failures: 0, retryAt: 0, heals: 0, healAt: 0, healedAt: 0, ...given.state };
    this.reached = given.reached;
    this.#applied = given.applied ?? (given.reached === undefined ? undefined : 'now');
    this.now = given.now ?? 1_000_000;
    this.#delivery = deliveryOf(given);
  }

  /** `run` or `show`, then what it may do, by what, and until when drift is left. */
  decide(): string {
    const decision = this.#decision();
    return [
      decision.execute ? 'run' : 'show',
      ...(decision.heal ? ['heal'] : []),
      ...(decision.prune ? ['prune'] : []),
      decision.trigger,
      ...(decision.orderToken === undefined ? [] : [decision.orderToken]),
      ...(decision.dryRun ? ['dry'] : []),
      ...(decision.healBlockedUntil === undefined ? [] : [`until ${decision.healBlockedUntil}`]),
    ].join(' ');
  }

  begins(kinds: readonly (KeepReason | 'apply' | 'delete' | 'forget')[]): boolean {
    const plan = { actions: kinds.map(actionOf), problems: [] };
    return beginOperation({ ...this.#common(), plan, now: new Date(this.now) }) !== undefined;
  }

  /** Which objects of these names a sync that begins now is about; undefined: all. */
  chooses(names: readonly string[]): readonly string[] | undefined {
    const actions = names.map((name) => ({
      ...actionOf('apply'),
      id: `/ConfigMap/web/${name}`,
      ref: { ...ref, name },
    }));
    const plan = { actions, problems: [] };
    return beginOperation({ ...this.#common(), plan, now: new Date(this.now) })?.only;
  }

  /** One run with these outcomes; it begins because there is something to write, or because of an order or candidate. */
  run(outcomes: readonly NonNullable<ResourceVerdict['outcome']>[], actions: readonly Action[] = []): void {
    const common = { ...this.#common(), now: new Date(this.now) };
    const plan = { actions: [...actions, ...outcomes.map(() => actionOf('apply'))], problems: [] };
    const operation = beginOperation({ ...common, plan });
    if (operation === undefined) throw new Error('the run does not begin');
    const run = runOf(operation, new Map());
    afterRun({ ...common, plan, run, operation, results: outcomes.map(resultOf) });
  }

  #decision(): RunDecision {
    const { inventory } = this.#observation();
    const { state, candidate, now } = this;
    return decideRun({ delivery: this.#delivery, state, candidate, inventory, now: new Date(now) });
  }

  #common(): { delivery: Delivery; state: DeliveryState; observation: Observation; decision: RunDecision } {
    return {
      delivery: this.#delivery,
      state: this.state,
      observation: this.#observation(),
      decision: this.#decision(),
    };
  }

  /** Only what a decision looks at. */
  #observation(): Observation {
    const revision: ResolvedRef = { commit: 'now' };
    const inventory = {
      delivery: this.#delivery.id,
      cluster: 'hub',
      entries: new Map(),
      ...(this.reached === undefined ? {} : { candidate: this.reached }),
      ...(this.#applied === undefined ? {} : { applied: { commit: this.#applied } }),
      succeed: (applied: ResolvedRef, candidate: string) => {
        this.#applied = applied.commit;
        this.reached = candidate;
      },
    };
    return { revision, inventory } as unknown as Observation;
  }
}

function deliveryOf(given: Given): Delivery {
  const delivery = {
    id: 'argocd:Application:argocd/shop',
    policy: { ...policy, ...given.policy },
    ...(given.order === undefined ? {} : { order: given.order }),
    ...(given.request === undefined ? {} : { requestToken: given.request }),
  };
  return delivery as unknown as Delivery;
}

function actionOf(kind: KeepReason | 'apply' | 'delete' | 'forget'): Action {
  const stage = 1;
  const turn = { phase: 'sync', wave: 0 } as const;
  if (kind === 'forget') return { kind, id, ref, reason: 'gone' };
  if (kind === 'delete') return { kind, id, ref, uid: 'u', stage, ...turn };
  if (kind !== 'apply') return { kind: 'keep', id, ref, reason: kind, ...turn };
  const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };
  return { kind, id, ref, object, digest: 'd', reason: 'changed', stage, tracked: true, ...turn };
}

function resultOf(outcome: NonNullable<ResourceVerdict['outcome']>): ResourceVerdict {
  const result: ResourceVerdict = { ref, sync: 'Synced', requiresPruning: false, outcome };
  return outcome === 'failed' ? { ...result, message: 'no such luck' } : result;
}
