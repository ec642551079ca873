// What a delivery is: the dialect-neutral statement "this path of this source belongs in that cluster, so".
// It never says which dialect's words asked for it, beyond a name for display.

import type { HealthExpressions } from './health/health-script.ts';
import type { IgnoreRule } from './ignore-rule.ts';
import type { ObjectRef } from './object.ts';
import type { OrderName } from './order.ts';
import type { Problem } from './problem.ts';
import type { ServiceAccountRef } from './service-account.ts';
import type { TakeOverRule } from './take-over.ts';

/** `dialect:Kind:namespace/name` of the custom resource on the hub that declares it. */
export type DeliveryId = string;
/** `dialect:Kind:namespace/name` of a declared source, or `git:<url>@<ref>` of one that a delivery carries inline. */
export type SourceId = string;

/** The custom resource on the hub that declares a delivery or a source, at the generation that was read. */
export interface Owner extends ObjectRef {
  readonly uid: string;
  readonly generation: number;
}

/** Exactly one way to name a commit; `head` is the remote's default branch. */
export type GitRef =
  | { readonly kind: 'head' }
  | { readonly kind: 'branch'; readonly branch: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'semver'; readonly range: string }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'commit'; readonly commit: string; readonly branch?: string }
  /** A word that may be a branch, a tag or a commit: resolved in that order (Argo CD's `targetRevision`). */
  | { readonly kind: 'revision'; readonly revision: string };

/** Where the credentials of a source lie: a Secret on the hub, by name, or whichever repository Secret matches the URL. */
export type CredentialsRef =
  | { readonly kind: 'secret'; readonly namespace: string; readonly name: string }
  | { readonly kind: 'match-url'; readonly namespace: string };

export interface SourceDeclaration {
  readonly id: SourceId;
  /** The custom resource that shows the source's status; absent for a source inside a delivery. */
  readonly owner?: Owner;
  readonly url: string;
  readonly ref: GitRef;
  readonly credentials?: CredentialsRef;
  /** Poll interval; jitter is added by the engine. */
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly suspended: boolean;
  /** Changes when a user asks for a fetch now (Flux `requestedAt`, Argo CD `refresh`). */
  readonly requestToken?: string;
}

export interface KustomizeRecipe {
  readonly mode: 'kustomize' | 'flux';
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly namespace?: string;
  readonly images?: readonly string[];
  readonly imageOverrides?: readonly {
    readonly name: string;
    readonly newName?: string;
    readonly newTag?: string;
    readonly digest?: string;
  }[];
  readonly replicas?: readonly { readonly name: string; readonly count: number }[];
  readonly commonLabels?: Readonly<Record<string, string>>;
  readonly commonAnnotations?: Readonly<Record<string, string>>;
  readonly patches?: readonly Readonly<Record<string, unknown>>[];
  readonly components?: readonly string[];
}

export interface HelmRecipe {
  readonly releaseName: string;
  readonly namespace: string;
  readonly valueFiles?: readonly string[];
  readonly ignoreMissingValueFiles?: boolean;
  readonly values?: string;
  readonly valuesObject?: Readonly<Record<string, unknown>>;
  readonly parameters?: readonly {
    readonly name: string;
    readonly value: string;
    readonly forceString?: boolean;
  }[];
  readonly fileParameters?: readonly { readonly name: string; readonly path: string }[];
  readonly skipCrds?: boolean;
  readonly skipTests?: boolean;
  readonly skipSchemaValidation?: boolean;
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
}

export interface DirectoryRecipe {
  readonly recurse?: boolean;
  readonly include?: string;
  readonly exclude?: string;
}

/** How a path becomes objects. `auto` detects Helm, then Kustomize, then a plain directory, as Argo CD does. */
export interface Recipe {
  readonly path: string;
  readonly type: 'auto' | 'directory' | 'kustomize' | 'helm';
  readonly directory?: DirectoryRecipe;
  readonly kustomize?: KustomizeRecipe;
  readonly helm?: HelmRecipe;
}

/** Which cluster: the hub itself, or one that a Secret on the hub describes. */
export type ClusterRef =
  | { readonly kind: 'hub' }
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'server'; readonly server: string }
  | {
      readonly kind: 'kubeconfig-secret';
      readonly namespace: string;
      readonly name: string;
      readonly key?: string;
    };

/** The mark that says on a live object which delivery owns it. */
export type OwnershipMark =
  | { readonly kind: 'labels'; readonly labels: Readonly<Record<string, string>> }
  /** An annotation with the value `<app>:<group>/<kind>:<namespace>/<name>`; the namespace falls back to `namespace`. */
  | {
      readonly kind: 'tracking-id';
      readonly annotation: string;
      readonly app: string;
      readonly namespace: string;
    };

/**
 * A label or annotation by which one object is treated in its own way. `value` is compared with each comma-separated part
 * of what stands there; '*' matches any.
 */
export interface ObjectSwitch {
  readonly key: string;
  readonly value: string;
  readonly ignoreCase?: boolean;
  /**
   * `skip`: the object is left out without a word. `refuse`: it is left out, and that is a problem. `create-only`: it is
   * never written again. `keep`: it is not pruned and stays told. `release`: it is not pruned and no longer ours.
   * `outlive`: it stays when the delivery itself is deleted.
   */
  readonly effect: SwitchEffect;
}

/**
 * What a switch does to its object. `prune-last`: it goes after everything else. `confirm-prune` and `confirm-delete`: it
 * goes only when somebody has said so. `replace`: it is replaced whole instead of applied. `force`: where the server
 * refuses a change of an immutable field, it is deleted and made anew. `skip-missing-kind`: no trouble while the cluster
 * does not serve its kind. `healthless`: its health does not count for the delivery. `share-fields`: what other managers
 * own of it stays theirs. `server-side` and `client-side`: whether it goes without the annotation that tells clients what was
 * applied last.
 */
export type SwitchEffect =
  | 'skip'
  | 'refuse'
  | 'create-only'
  | 'keep'
  | 'release'
  | 'outlive'
  | 'prune-last'
  | 'confirm-prune'
  | 'confirm-delete'
  | 'replace'
  | 'force'
  | 'skip-missing-kind'
  | 'healthless'
  | 'share-fields'
  | 'server-side'
  | 'client-side';

/** When an object that is no lasting part of the delivery is made: a Job that migrates, a test, a message. */
export type HookPhase = 'pre-sync' | 'sync' | 'post-sync' | 'sync-fail' | 'pre-delete' | 'post-delete';
export type HookDeletion = 'before-creation' | 'succeeded' | 'failed';

/** The annotations that make an object a hook, as data: each holds comma-separated words, unknown ones say nothing. */
export interface HookWords {
  /** The first annotation with a known word decides. `ordinary`: no hook after all; `left-out`: never applied. */
  readonly phases: readonly {
    readonly annotation: string;
    readonly words: Readonly<Record<string, HookPhase | 'ordinary' | 'left-out'>>;
  }[];
  /** All of these count together; none: before-creation. */
  readonly deletion: readonly {
    readonly annotation: string;
    readonly words: Readonly<Record<string, HookDeletion>>;
  }[];
  /** Held on a hook until its end has been seen, so that none vanishes unnoticed (a Job with a time to live). */
  readonly finalizer?: string;
}

/** In which order the objects of a delivery are applied and removed. */
export interface Sequence {
  readonly order: OrderName;
  /** Annotations that hold the wave of an object; the first that is an integer counts, none: 0. */
  readonly waves?: readonly string[];
  readonly hooks?: HookWords;
  /**
   * The annotation that names the objects to be there and healthy first, comma-separated:
   * `group/namespaces/namespace/Kind/name`, or `group/Kind/name` (Config Sync's `config.kubernetes.io/depends-on`).
   */
  readonly dependsOn?: string;
  /**
   * `last`: what left Git goes when everything else was applied. `waves`: it goes in its own wave, the waves in reverse,
   * before the applies of that wave (Argo CD).
   */
  readonly pruning: 'last' | 'waves';
}

/** A one-off order beside the standing policy: Argo CD's `operation`, or a manual sync. */
export interface SyncOrder {
  /** Changes with each new order; an order is carried out once. */
  readonly token: string;
  readonly revision?: string;
  readonly prune: boolean;
  readonly dryRun: boolean;
  /** Leave the hooks out (Argo CD's strategy `apply`). */
  readonly skipHooks?: boolean;
  /** Only these objects, hooks left out; the group, kind and name must match, the namespace where it is given. */
  readonly only?: readonly {
    readonly group: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace?: string;
  }[];
}

export interface SyncPolicy {
  /** `manual`: the plan is shown and runs only by order. */
  readonly mode: 'automatic' | 'manual';
  readonly prune: boolean;
  /** Repair drift at an unchanged revision. */
  readonly selfHeal: boolean;
  /** Let a render of nothing remove everything. */
  readonly allowEmpty: boolean;
  /** Readiness waits for the health of all objects. */
  readonly wait: boolean;
  readonly createNamespace: boolean;
  /** Labels and annotations of the namespace that `createNamespace` makes. */
  readonly namespaceMetadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  /** Delete and make anew what the server refuses to change, since the field is immutable. */
  readonly force: boolean;
  /** Objects carry the annotation by which clients know what was applied last, as `kubectl apply` writes it. */
  readonly lastApplied?: boolean;
  /** Replace objects whole instead of applying them. */
  readonly replace?: boolean;
  /** What left Git goes after everything else, whatever its wave. */
  readonly pruneLast?: boolean;
  /** Every deletion of an object that left Git waits for a word of approval. */
  readonly confirmPrune?: boolean;
  /**
   * `transactional`: all that is to be written is tried first, and where the server refuses any of it nothing is written
   * and all refusals are told. `partial`: what can be written is written.
   */
  readonly atomicity?: 'transactional' | 'partial';
  /** An object of a kind that the cluster does not serve is left out without trouble. */
  readonly skipMissingKinds?: boolean;
  /** How long a wave may wait for the health of an earlier one; absent: as long as it takes. */
  readonly gateTimeoutMs?: number;
  /** Plan and show everything, write nothing. */
  readonly shadow?: boolean;
  /** An object that carries another live delivery's mark is left alone in any case; here: is the whole sync refused? */
  readonly failOnShared: boolean;
  /** Health waits and applies end after this. */
  readonly timeoutMs: number;
  /** Wait before the next attempt after attempt n failed: base * factor^(n-1), at most max. */
  readonly retry: {
    readonly limit: number;
    readonly baseMs: number;
    readonly factor: number;
    readonly maxMs: number;
  };
  /** Everything is compared anew this often even when nothing happened. */
  readonly intervalMs: number;
}

export interface DeletionPolicy {
  /** The finalizer that holds the custom resource until its objects are gone; absent: no cascade. */
  readonly finalizer?: string;
  /** Put the finalizer on when it is missing (Flux), or only honour it (Argo CD). */
  readonly ensureFinalizer: boolean;
  readonly mode: 'delete' | 'orphan';
  readonly propagation: 'Foreground' | 'Background' | 'Orphan';
  /** Leave CustomResourceDefinitions, since every object of the kind would go with them (Argo CD). */
  readonly keepsDefinitions?: boolean;
  /** Nothing is deleted before somebody has said so. */
  readonly confirm?: boolean;
  /** Where the account as which the delivery acts is gone, its objects are left behind (Flux) instead of holding it. */
  readonly orphansWithoutAccount?: boolean;
}

export interface Delivery {
  readonly id: DeliveryId;
  readonly dialect: string;
  readonly owner: Owner;
  readonly source: SourceId;
  readonly recipe: Recipe;
  readonly cluster: ClusterRef;
  /** Every write of its objects is made as this account of that cluster; absent: as weir itself. */
  readonly impersonate?: ServiceAccountRef;
  /** Given to namespaced objects that name none. */
  readonly namespace: string;
  /** Put every namespaced object there, whatever it says (Flux `targetNamespace` does so while rendering). */
  readonly mark: OwnershipMark;
  readonly fieldManager: string;
  /** Labels and annotations by which other tools mark objects as theirs. */
  readonly foreignMarks?: readonly string[];
  /** Managers of live objects whose fields become ours. */
  readonly takeOver?: readonly TakeOverRule[];
  readonly policy: SyncPolicy;
  readonly order?: SyncOrder;
  /** Where readiness does not wait for all objects: those that it waits for, its own or others. */
  readonly healthChecks?: readonly ObjectRef[];
  /** How the health of kinds is told in this delivery, before any rule of weir. */
  readonly healthExpressions?: readonly HealthExpressions[];
  readonly deletion: DeletionPolicy;
  readonly switches?: readonly ObjectSwitch[];
  /** Fields in which live objects may differ from Git. */
  readonly ignore?: readonly IgnoreRule[];
  /** Ignored fields are not written either, once the object exists. */
  readonly respectIgnored?: boolean;
  readonly sequence?: Sequence;
  /** When somebody confirmed deletions that wait for a word, ISO 8601; counts for operations begun before it. */
  readonly confirmedAt?: string;
  /** The running operation is to end now. */
  readonly terminate?: boolean;
  readonly dependsOn: readonly DeliveryId[];
  readonly suspended: boolean;
  readonly deleting: boolean;
  /** When somebody deleted it, ISO 8601. */
  readonly deletedAt?: string;
  /** Changes when a user asks for a reconcile now. */
  readonly requestToken?: string;
  /** The plan digest whose deletions beyond the budget a user approved. */
  readonly approvedDeletions?: string;
}

/** What a dialect makes of one custom resource. A delivery may bring its source along. */
export type Reading =
  | { readonly kind: 'source'; readonly source: SourceDeclaration }
  | { readonly kind: 'delivery'; readonly delivery: Delivery; readonly source?: SourceDeclaration }
  | {
      readonly kind: 'invalid';
      readonly id: DeliveryId;
      readonly role: 'source' | 'delivery';
      readonly owner: Owner;
      readonly problems: readonly Problem[];
    };
