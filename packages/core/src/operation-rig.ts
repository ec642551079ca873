// Decides how the tests of the step machine write down a sync in a few words: Git as lines with waves and hooks, a model
// of a cluster in which every step is carried out, and the steps as text. It is no part of the product.

import type { Delivery, Sequence } from './delivery.ts';
import type { Desired } from './desired.ts';
import type { InventoryEntry } from './inventory.ts';
import type { Conclusion } from './live.ts';
import { idOf, type ObjectId, type ObjectRef } from './object.ts';
import { nextStep, observeHooks, type Step, type SyncOperation } from './operation.ts';
import { planSync } from './plan.ts';
import type { Action, Plan } from './plan-action.ts';
import { desiredOf, inventoryOf, linesOf, makeDelivery, refFrom, weakDigest } from './plan-rig.ts';
import type { HealthStatus } from './verdict.ts';

/** Words of the tests' own: no dialect's. */
export const sequence: Sequence = {
  order: 'argocd',
  waves: ['wave'],
  pruning: 'waves',
  dependsOn: 'needs',
  hooks: {
    phases: [
      {
        annotation: 'hook',
        words: {
          pre: 'pre-sync',
          during: 'sync',
          post: 'post-sync',
          fail: 'sync-fail',
          gone: 'pre-delete',
          never: 'left-out',
        },
      },
    ],
    deletion: [
      {
        annotation: 'policy',
        words: { before: 'before-creation', succeeded: 'succeeded', failed: 'failed' },
      },
    ],
    finalizer: 'held',
  },
};

/** `Job/web/pre hook=pre policy=failed`: the words after the name are annotations, `generate=x-` a prefix of the name. */
export function gitWith(text: string): Desired[] {
  return linesOf(text).map(({ ref: place, words }) => {
    const pairs = words.map((word): [string, string] => {
      const at = word.indexOf('=');
      return [word.slice(0, at), word.slice(at + 1)];
    });
    const { generate, ...annotations } = Object.fromEntries(pairs);
    const desired = desiredOf(place, `v ${words.join(' ')}`);
    const metadata = { ...desired.object.metadata, annotations };
    if (generate === undefined) return { ...desired, object: { ...desired.object, metadata } };
    const ref = { ...desired.ref, name: '' };
    const object = { ...desired.object, metadata: { ...metadata, name: '', generateName: generate } };
    return { ...desired, id: `${idOf(ref)}${generate}*`, ref, object };
  });
}

export class SyncModel {
  readonly live = new Map<ObjectId, Conclusion>();
  readonly inventory = new Map<ObjectId, InventoryEntry>();
  readonly #healthOf: (ref: ObjectRef) => HealthStatus | undefined;
  readonly #delivery: Delivery;
  readonly #failing: ReadonlySet<string>;
  readonly #claimed: ReadonlySet<string>;
  operation: SyncOperation;
  desired: readonly Desired[] = [];
  #uids = 0;

  constructor(given: {
    readonly health?: Readonly<Record<string, HealthStatus>>;
    readonly delivery?: Partial<Delivery>;
    readonly policy?: Partial<Delivery['policy']>;
    /** `Kind/name` of objects that the server refuses. */
    readonly refuses?: readonly string[];
    /** Ids of objects that another delivery has. */
    readonly claimed?: readonly string[];
  }) {
    this.health = { ...given.health };
    this.#healthOf = ({ kind, name }) => this.health[`${kind}/${name}`];
    this.#delivery = makeDelivery({ sequence, ...given.delivery }, given.policy);
    this.#failing = new Set(given.refuses);
    this.#claimed = new Set(given.claimed);
    this.operation = this.begin({});
  }

  health: Record<string, HealthStatus>;

  begin(over: Partial<SyncOperation>): SyncOperation {
    this.operation = {
      candidate: 'c1',
      revision: { commit: '0123456789' },
      trigger: 'automatic',
      startedAt: '2026-01-01T00:00:00Z',
      retries: 0,
      prune: true,
      dryRun: false,
      hooksOn: true,
      hooks: {},
      ...over,
    };
    return this.operation;
  }

  plan(): Plan {
    return planSync({
      delivery: this.#delivery,
      desired: this.desired,
      inventory: inventoryOf(this.inventory),
      live: (ref) => this.find(ref),
      claimedBy: (id) => (this.#claimed.has(id) ? 'flux:Kustomization:apps/other' : undefined),
      isServed: ({ kind }) =>
        kind !== 'Widget' || this.find(refFrom('CustomResourceDefinition/widgets')) !== undefined,
      execute: true,
      heal: true,
      prune: true,
      operation: this.operation,
      digest: weakDigest,
    });
  }

  find(ref: ObjectRef): Conclusion | undefined {
    const found = this.live.get(idOf(ref));
    const status = found === undefined ? undefined : this.#healthOf(found.ref);
    return found === undefined || status === undefined ? found : { ...found, health: { status } };
  }

  /** Goes on until it waits or ends; a line a step. */
  run(): string[] {
    const lines: string[] = [];
    for (let round = 0; round < 30; round++) {
      const plan = this.plan();
      const seen = observeHooks(this.operation, plan, (ref) => this.find(ref));
      if (seen !== this.operation) {
        this.operation = seen;
        continue;
      }
      const step = nextStep({ plan, operation: this.operation, live: (ref) => this.find(ref) });
      lines.push(showStep(step));
      if (step.kind === 'wait') return lines;
      if (step.kind === 'fail') this.operation = { ...this.operation, failure: step.message };
      if (step.kind === 'act' || step.kind === 'end')
        for (const action of step.actions) this.#carryOut(action);
      if (step.kind === 'end') return lines;
    }
    throw new Error(`does not settle: ${lines.join('; ')}`);
  }

  #carryOut(action: Action): void {
    if (action.kind === 'delete') {
      const found = this.live.get(action.id);
      if (found?.uid !== action.uid) throw new Error('another object would have been deleted');
      // A finalizer of ours holds it; one of others is theirs.
      if (found.finalizers.length > 0) this.live.set(action.id, { ...found, deleting: true });
      else this.live.delete(action.id);
      if (found.finalizers.length === 0) this.inventory.delete(action.id);
    }
    if (action.kind === 'release') {
      const found = this.live.get(action.id);
      if (found !== undefined) this.live.set(action.id, { ...found, finalizers: action.finalizers });
      if (found?.deleting === true && action.finalizers.length === 0) this.live.delete(action.id);
    }
    if (action.kind === 'apply') this.#apply(action);
  }

  #apply(action: Extract<Action, { kind: 'apply' }>): void {
    const { id, ref, object, digest, hook } = action;
    if (this.#failing.has(`${ref.kind}/${ref.name}`)) {
      this.operation = { ...this.operation, failure: `${ref.kind}/${ref.name} was refused` };
      return;
    }
    const uid = this.live.get(id)?.uid ?? `uid-${++this.#uids}`;
    const finalizers = object.metadata.finalizers ?? [];
    this.live.set(id, {
      id,
      ref,
      uid,
      resourceVersion: '1',
      marks: { owner: 'us', ...object.metadata.annotations },
      owned: { 'weir-test': digest },
      images: [],
      deleting: false,
      finalizers,
    });
    const entry: InventoryEntry = { ref, state: 'present', uid, desired: digest, owned: digest };
    if (action.tracked) this.inventory.set(id, hook === undefined ? entry : { ...entry, isHook: true });
    if (hook !== undefined)
      this.operation = {
        ...this.operation,
        hooks: { ...this.operation.hooks, [hook.key]: { status: 'running', uid } },
      };
  }
}

const nameOf = ({ kind, name }: ObjectRef): string => `${kind}/${name}`;

function showStep(step: Step): string {
  switch (step.kind) {
    case 'act':
      return step.actions.map(({ kind, ref }) => `${kind} ${nameOf(ref)}`).join(', ');
    case 'wait':
      return `wait for ${step.reason} of ${step.refs.map(nameOf).join(', ')}`;
    case 'fail':
      return 'fail';
    default:
      return [step.outcome, ...step.actions.map(({ kind, ref }) => `${kind} ${nameOf(ref)}`)].join(', ');
  }
}
