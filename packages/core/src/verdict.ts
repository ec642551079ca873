// What the engine concluded about a delivery or a source: the neutral facts that a dialect projects on its status.
// It never holds a dialect's reasons or conditions.

import type { DeliveryId, SourceId } from './delivery.ts';
import type { DriftedField } from './drifted-fields.ts';
import type { ObjectRef } from './object.ts';
import type { Problem } from './problem.ts';
import type { SyncPhase } from './sequence.ts';

/** From best to worst when children are summed up. */
export type HealthStatus = 'Healthy' | 'Suspended' | 'Progressing' | 'Missing' | 'Degraded' | 'Unknown';

export interface Health {
  readonly status: HealthStatus;
  readonly message?: string;
}

export type SyncStatus = 'Synced' | 'OutOfSync' | 'Unknown';

/** What was done to an object in the last run, in the past participle. */
export type Outcome = 'created' | 'configured' | 'unchanged' | 'pruned' | 'skipped' | 'failed' | 'pending';

export interface ResourceVerdict {
  readonly ref: ObjectRef;
  readonly sync: SyncStatus;
  /** Absent for kinds that have no health. */
  readonly health?: Health;
  /** Lives in the cluster and in the inventory, no longer in Git. */
  readonly requiresPruning: boolean;
  /** Of the last run that touched it; absent when the last run did not concern it. */
  readonly outcome?: Outcome;
  readonly message?: string;
  readonly problem?: Problem;
  /** Of an object that differs and is left alone: which fields, as far as they are known. */
  readonly drift?: readonly DriftedField[];
  /** Of a hook: no lasting part of the delivery, so that its health and sync count for nothing. */
  readonly isHook?: boolean;
  /** In a run: the part of it that this is about; absent: `sync`. */
  readonly phase?: SyncPhase;
  /** In a run: how far a hook has come. */
  readonly hookStatus?: HookStatus;
  /** In a run: of an earlier turn, and found healthy. */
  readonly isSettled?: boolean;
}

export type HookStatus = 'running' | 'succeeded' | 'failed' | 'terminated';

/** What a run waits for. `confirmation`: somebody's word that objects may go. */
export type WaitReason = 'health' | 'hook' | 'deletion' | 'definition' | 'dependency' | 'confirmation';

export type RunPhase = 'running' | 'succeeded' | 'failed';

/** The last time that the engine executed a plan for this delivery. Times are ISO 8601. */
export interface Run {
  readonly phase: RunPhase;
  readonly revision: ResolvedRef;
  readonly startedAt: string;
  readonly finishedAt?: string;
  readonly message: string;
  readonly trigger: 'automatic' | 'self-heal' | 'order';
  readonly orderToken?: string;
  /** 0 for the first attempt. */
  readonly retries: number;
  readonly dryRun: boolean;
  /** What a running run waits for; it goes on by itself when that has come. */
  readonly waiting?: { readonly reason: WaitReason; readonly refs: readonly ObjectRef[] };
  /** Hooks were part of it. */
  readonly hadHooks?: boolean;
  /** Somebody ended it. */
  readonly terminated?: boolean;
  /** Why it failed, where that is no single object's problem. */
  readonly problem?: Problem;
  /** Objects that this run created, configured, pruned, skipped or failed; unchanged ones where the run concerned them. */
  readonly results: readonly ResourceVerdict[];
}

/**
 * Where the delivery stands, from the first that applies:
 * suspended; deleting; invalid (the custom resource cannot be understood); waiting (for a dependency);
 * blocked (deletions beyond the budget wait for approval); failed; progressing; out-of-sync; ready.
 */
export type Stage =
  | 'suspended'
  | 'deleting'
  | 'invalid'
  | 'waiting'
  | 'blocked'
  | 'failed'
  | 'progressing'
  | 'out-of-sync'
  | 'ready';

/** The step in which a failed delivery failed. */
export type FailedStep =
  | 'source'
  | 'render'
  | 'cluster'
  | 'dependency'
  | 'plan'
  | 'apply'
  | 'prune'
  | 'health'
  | 'decode';

export interface DeliveryVerdict {
  readonly delivery: DeliveryId;
  readonly stage: Stage;
  readonly failedStep?: FailedStep;
  readonly sync: SyncStatus;
  readonly health: Health;
  /** The commit that the comparison is about, and the name that led to it. */
  readonly revision?: ResolvedRef;
  /** Of the last run that succeeded. */
  readonly appliedRevision?: ResolvedRef;
  /** Of the last run, however it ended. */
  readonly attemptedRevision?: ResolvedRef;
  readonly resources: readonly ResourceVerdict[];
  readonly run?: Run;
  readonly problems: readonly Problem[];
  /** The objects that readiness waits for by name, as they are. */
  readonly checks?: readonly HealthCheck[];
  /** The dependency that a waiting delivery waits for. */
  readonly waitingFor?: { readonly id: DeliveryId; readonly reason: 'not-found' | 'not-ready' };
  /** Digest to approve when deletions are blocked. */
  readonly deletionDigest?: string;
  /** `Helm`, `Kustomize`, `Directory`: what `auto` resolved to. */
  readonly renderedAs?: 'directory' | 'kustomize' | 'helm';
  /** sha256 of the rendered objects, hex. */
  readonly renderDigest?: string;
  readonly images: readonly string[];
  readonly externalUrls: readonly string[];
  /** The token of the last reconcile request that was carried out. */
  readonly handledToken?: string;
  /** The order that was carried out and may be taken off the custom resource. */
  readonly handledOrder?: string;
}

export interface HealthCheck {
  readonly ref: ObjectRef;
  readonly health: Health;
}

/** What a ref resolved to. */
export interface ResolvedRef {
  readonly commit: string;
  /** `main`, `v1.2.0`, `refs/heads/x`; absent where a bare commit was asked for. */
  readonly name?: string;
  /** True where `name` is a full ref name that was asked for as such. */
  readonly full?: boolean;
}

export interface SourceVerdict {
  readonly source: SourceId;
  readonly stage: 'suspended' | 'invalid' | 'failed' | 'fetching' | 'ready';
  readonly resolved?: ResolvedRef;
  /** When `resolved` was fetched, ISO 8601. */
  readonly fetchedAt?: string;
  /** Content digest of the snapshot, `sha256:<hex>`, and its size in bytes. */
  readonly digest?: string;
  readonly size?: number;
  /** First line of the commit message. */
  readonly subject?: string;
  readonly problems: readonly Problem[];
  readonly handledToken?: string;
}
