// Carries one sync through: asks the step machine what is to be done now, does it, and asks again, until it is over or
// has to wait. Waiting ends the look; the next event begins another, with the operation as it was stored.

import {
  type Action,
  type Delivery,
  isWrite,
  nextStep,
  observeHooks,
  type Plan,
  type ResourceVerdict,
  type Step,
  type SyncOperation,
  scopeOf,
  terminateOperation,
} from '@weir/core';
import type { SelectPaths } from './ask-drift.ts';
import type { DeliveryState } from './delivery-state.ts';
import { type ActionResult, executePlan } from './execute.ts';
import type { Observation } from './observe.ts';
import { afterRun, beginOperation, type RunDecision, refusalOf, refuseOrder } from './run-decision.ts';
import { runOf } from './run-results.ts';

export interface SyncRun {
  readonly delivery: Delivery;
  readonly state: DeliveryState;
  readonly observation: Pick<Observation, 'session' | 'inventory' | 'revision'> &
    Partial<Pick<Observation, 'live'>>;
  readonly decision: RunDecision;
  readonly planFor: (operation: SyncOperation | undefined) => Plan;
  readonly selectPaths?: SelectPaths;
  readonly now: () => Date;
  readonly signal: AbortSignal;
}

/** An action that succeeds and is planned again and again does not settle. */
const maxTries = 3;

/** The plan after all that could be done now. */
export async function runSync(of: SyncRun): Promise<Plan> {
  const { state, observation, decision, signal } = of;
  const before = of.planFor(undefined);
  const operation = decision.resumed ?? beginOperation({ ...of, plan: before, now: of.now() });
  if (operation === undefined) return before;
  const refusal = refusalOf(of);
  if (refusal !== undefined) {
    refuseOrder({ state, operation, refusal, now: of.now() });
    return before;
  }
  const sync = new OneSync(of, operation);
  const plan = operation.dryRun ? await sync.tryOut() : await sync.carryOn();
  if (!signal.aborted && sync.isOver) {
    await observation.inventory.keep(undefined, signal);
    delete state.results;
  }
  return plan;
}

class OneSync {
  isOver = false;
  #operation: SyncOperation;
  readonly #of: SyncRun;
  readonly #results: Map<string, ActionResult>;
  readonly #tries = new Map<string, number>();

  constructor(of: SyncRun, operation: SyncOperation) {
    this.#of = of;
    this.#operation = operation;
    const known = of.state.results;
    this.#results = known?.startedAt === operation.startedAt ? known.byKey : new Map();
    of.state.results = { startedAt: operation.startedAt, byKey: this.#results };
  }

  async carryOn(): Promise<Plan> {
    const { signal, delivery } = this.#of;
    if (delivery.terminate === true) this.#operation = terminateOperation(this.#operation);
    let plan = this.#of.planFor(this.#operation);
    while (!signal.aborted) {
      const seen = observeHooks(this.#operation, plan, this.#live);
      if (seen !== this.#operation) {
        this.#operation = seen;
        plan = this.#of.planFor(seen);
      }
      const step = nextStep({ plan, operation: this.#operation, live: this.#live });
      if (step.kind === 'wait' && !this.#isOverdue()) {
        await this.#wait(step);
        return plan;
      }
      await this.#take(step, plan);
      if (signal.aborted) break;
      plan = this.#of.planFor(this.isOver ? undefined : this.#operation);
      if (this.isOver) break;
    }
    return plan;
  }

  /** A dry run never comes to a later wave by itself, since nothing of an earlier one is done: all of it at once. */
  async tryOut(): Promise<Plan> {
    const plan = this.#of.planFor(this.#operation);
    const inScope = scopeOf(this.#operation);
    const tried = plan.actions.filter(
      (action) => isWrite(action) && action.kind !== 'release' && inScope(action),
    );
    await this.#act(tried, plan);
    if (!this.#of.signal.aborted) this.#end(plan);
    return plan;
  }

  #live = (ref: Action['ref']) => {
    const { live, session } = this.#of.observation;
    return live === undefined ? session.cache.live(ref) : live(ref);
  };

  async #take(step: Step, plan: Plan): Promise<void> {
    switch (step.kind) {
      case 'act':
        return await this.#act(step.actions, plan);
      case 'wait':
        if (this.#operation.failure !== undefined) return this.#end(plan);
        this.#operation = fail(this.#operation, `timed out: ${showWait(step)}`);
        return;
      case 'fail':
        this.#operation = fail(this.#operation, step.message);
        return;
      default:
        await this.#act(step.actions, plan);
        if (!this.#of.signal.aborted && !this.isOver) this.#end(plan, step.hadHooks);
    }
  }

  async #act(actions: readonly Action[], plan: Plan): Promise<void> {
    const { delivery, observation, selectPaths, signal } = this.#of;
    const { session, inventory } = observation;
    const { dryRun } = this.#operation;
    const jq = selectPaths === undefined ? {} : { selectPaths };
    const { waitingSince: _over, ...operation } = this.#operation;
    this.#operation = operation;
    const stuck = actions.find((action) => this.#isStuck(action));
    // It has failed already, and what is left of it comes to no end.
    if (stuck !== undefined && operation.failure !== undefined) return this.#end(plan);
    if (stuck !== undefined) {
      const { kind, namespace, name } = stuck.ref;
      this.#operation = fail(
        this.#operation,
        `${kind} ${namespace}/${name} does not settle: it is planned anew after every write`,
      );
      return;
    }
    // One group without hooks is done again from the start by whoever finds it undone.
    if (!dryRun && isLong(plan)) await inventory.keep(this.#operation, signal);
    const all = [...actions, ...plan.actions.filter(({ kind }) => kind === 'forget')];
    const results = await executePlan({ delivery, actions: all, session, inventory, dryRun, ...jq, signal });
    if (!signal.aborted) this.#note(results);
  }

  #isStuck(action: Action): boolean {
    const key = `${action.kind} ${keyOf(action)}`;
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    return tries > maxTries;
  }

  #note(results: readonly ActionResult[]): void {
    const hooks = { ...this.#operation.hooks };
    for (const result of results) {
      const { action, outcome, uid } = result;
      if (action.kind === 'release') continue;
      const hook = action.kind === 'apply' ? action.hook : undefined;
      if (hook !== undefined && outcome !== 'failed')
        hooks[hook.key] = { status: 'running', ...(uid === undefined ? {} : { uid }) };
      // Of a hook its making counts, not that its last one had to go before.
      if (action.kind === 'delete' && action.hook !== undefined && outcome !== 'failed') continue;
      this.#results.set(keyOf(action), result);
    }
    this.#operation = { ...this.#operation, hooks };
    const failed = results.find(({ outcome }) => outcome === 'failed');
    if (failed !== undefined && this.#operation.failure === undefined)
      this.#operation = fail(this.#operation, `one or more objects failed to apply: ${failed.message ?? ''}`);
  }

  async #wait(step: Extract<Step, { kind: 'wait' }>): Promise<void> {
    const { state, observation, now, signal } = this.#of;
    this.#operation = {
      ...this.#operation,
      waitingSince: this.#operation.waitingSince ?? now().toISOString(),
    };
    await observation.inventory.keep(this.#operation, signal);
    const { reason, refs } = step;
    state.run = {
      ...runOf(this.#operation, this.#results),
      phase: 'running',
      waiting: { reason, refs },
    };
  }

  #isOverdue(): boolean {
    const { gateTimeoutMs } = this.#of.delivery.policy;
    const { waitingSince } = this.#operation;
    if (gateTimeoutMs === undefined || waitingSince === undefined) return false;
    return this.#of.now().getTime() - Date.parse(waitingSince) >= gateTimeoutMs;
  }

  #end(plan: Plan, hadHooks = false): void {
    this.isOver = true;
    const run = runOf(this.#operation, this.#results);
    const results: readonly ResourceVerdict[] = run.results;
    afterRun({
      ...this.#of,
      plan,
      run: hadHooks ? { ...run, hadHooks } : run,
      results,
      operation: this.#operation,
      now: this.#of.now(),
    });
  }
}

function fail(operation: SyncOperation, failure: string): SyncOperation {
  return { ...operation, failure: operation.failure ?? failure };
}

const keyOf = (action: Action): string =>
  (action.kind === 'apply' || action.kind === 'delete') && action.hook !== undefined
    ? action.hook.key
    : action.id;

/** More than one turn, or hooks: it can be found half done. */
function isLong(plan: Plan): boolean {
  const turns = new Set<string>();
  for (const action of plan.actions) {
    if (action.kind === 'forget') continue;
    if ('hook' in action && action.hook !== undefined) return true;
    turns.add(`${action.phase} ${action.wave}`);
  }
  return turns.size > 1;
}

function showWait({ reason, refs }: Extract<Step, { kind: 'wait' }>): string {
  const [first] = refs;
  const more = refs.length > 1 ? ` and ${refs.length - 1} more` : '';
  return `waited for ${reason} of ${first === undefined ? 'nothing' : `${first.kind} ${first.namespace}/${first.name}`}${more}`;
}
