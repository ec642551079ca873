// The vocabulary of a plan: what may be done to an object, why, and when within a sync. Data alone; it decides nothing.

import type { DeliveryId, HookDeletion } from './delivery.ts';
import { type KubeObject, type ObjectId, type ObjectRef, showRef } from './object.ts';
import type { Problem } from './problem.ts';
import type { SyncPhase, Turn } from './sequence.ts';
import type { TakeOverRule } from './take-over.ts';

export type ApplyReason =
  | 'missing'
  | 'changed'
  | 'drifted'
  | 'unrecorded'
  | 'restored'
  | 'hook'
  /** Is as Git wants it, and a manager owns something that the delivery takes over. */
  | 'contended';
export type KeepReason =
  | 'in-sync'
  /** Differs, and the policy does not repair it now. */
  | 'drift-tolerated'
  /** Would be written; the delivery is manual and there is no order, or the order is about other objects. */
  | 'awaits-sync'
  /** Another delivery has it. */
  | 'claimed'
  /** A switch on the object says so. */
  | 'switched-off'
  | 'kind-unknown'
  /** The cluster does not serve its kind, and that is allowed. */
  | 'kind-missing'
  /** Its CustomResourceDefinition is part of the same set. */
  | 'awaits-definition'
  /** What it says it needs first is not there or not healthy. */
  | 'awaits-dependency'
  /** Something that says it needs this one still lives. */
  | 'awaits-dependents'
  /** Another delivery may want it, and has not rendered the commit yet. */
  | 'awaits-others'
  /** Its deletion needs somebody's word. */
  | 'awaits-confirmation'
  | 'prune-off'
  | 'deletion-blocked'
  /** Left the inventory: the live object is not, or no longer, ours. */
  | 'not-ours'
  | 'terminating'
  /** No lasting part of the delivery; it has its turn in a sync. */
  | 'hook'
  | 'hook-running'
  | 'hook-done';

/** A hook in one phase; the same object in another phase is another task. */
export interface HookTask {
  readonly key: string;
  readonly phase: SyncPhase;
  readonly deletion: readonly HookDeletion[];
}

/** How an object is written; plain: a server-side apply that takes the fields over. */
export interface WriteOptions {
  readonly replace?: boolean;
  readonly force?: boolean;
  /** What these own becomes ours first. */
  readonly takeOver?: readonly TakeOverRule[];
}

export type Action =
  | (Turn & {
      readonly kind: 'apply';
      readonly id: ObjectId;
      readonly ref: ObjectRef;
      readonly object: KubeObject;
      readonly digest: string;
      readonly reason: ApplyReason;
      readonly stage: number;
      readonly tracked: boolean;
      readonly hook?: HookTask;
      readonly write?: WriteOptions;
    })
  | (Turn & {
      readonly kind: 'delete';
      readonly id: ObjectId;
      readonly ref: ObjectRef;
      readonly uid: string;
      readonly stage: number;
      readonly hook?: HookTask;
    })
  /** Takes the finalizer of a hook off whose end has been seen. */
  | (Turn & {
      readonly kind: 'release';
      readonly id: ObjectId;
      readonly ref: ObjectRef;
      readonly uid: string;
      readonly finalizers: readonly string[];
      readonly resourceVersion: string;
      /** Of an earlier sync: it has its turn with the hook that takes its place. */
      readonly isStale: boolean;
    })
  /** The entry leaves the inventory without a request: nothing of ours is there. */
  | {
      readonly kind: 'forget';
      readonly id: ObjectId;
      readonly ref: ObjectRef;
      readonly reason: 'gone' | 'not-ours';
    }
  | (Turn & {
      readonly kind: 'keep';
      readonly id: ObjectId;
      readonly ref: ObjectRef;
      readonly reason: KeepReason;
      readonly hook?: HookTask;
      /** Left Git, and would go. */
      readonly departs?: boolean;
      /** Its health counts for nothing. */
      readonly healthless?: boolean;
    });

export interface Plan {
  /** Writes in the order of execution: applies by stage, then deletions in reverse. */
  readonly actions: readonly Action[];
  readonly problems: readonly Problem[];
  /** Deletions beyond the budget: the digest that approves them. */
  readonly deletionDigest?: string;
}

export function isWrite(action: Action): boolean {
  return action.kind === 'apply' || action.kind === 'delete' || action.kind === 'release';
}

/** `argocd:Application:argocd/guestbook` as people say it. */
export function showDelivery(id: DeliveryId): string {
  const [, kind = '', name = ''] = id.split(':');
  return `${kind} ${name}`;
}

/** One line an action: for tests, logs and people. Turns other than the plain one are told. */
export function showPlan(plan: Plan): string {
  const lines = plan.actions.map((action) => {
    const why = 'reason' in action ? ` (${action.reason})` : '';
    return `${action.kind} ${showRef(action.ref)}${why}${showTurn(action)}`;
  });
  return [...lines, ...plan.problems.map(({ code }) => `! ${code}`)].join('\n');
}

function showTurn(action: Action): string {
  if (action.kind === 'forget' || (action.phase === 'sync' && action.wave === 0)) return '';
  return ` @${action.phase}${action.wave === 0 ? '' : ` ${action.wave}`}`;
}
