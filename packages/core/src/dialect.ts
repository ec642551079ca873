// The contract of a dialect: a pure translator between its own custom resources and the neutral model.
// A dialect never sees a cluster, a clock or another dialect.

import type { Reading } from './delivery.ts';
import type { FindHealthScript } from './health/health-script.ts';
import type { KubeObject } from './object.ts';
import type { Result } from './problem.ts';
import type { DeliveryVerdict, ResolvedRef, SourceVerdict } from './verdict.ts';

export interface DialectKind {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly role: 'source' | 'delivery';
  /** Whether the status is a subresource (Flux) or part of the object (Argo CD's Application). */
  readonly statusSubresource: boolean;
}

/** A Kubernetes Event to be posted on the custom resource. */
export interface EventDraft {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What to write on the custom resource. */
export interface Projection {
  /** The whole new status; equal to the live one: nothing is written. */
  readonly status: Readonly<Record<string, unknown>>;
  /** JSON merge patch on the rest of the object (an operation or a refresh annotation that was carried out). */
  readonly patch?: Readonly<Record<string, unknown>>;
  readonly events: readonly EventDraft[];
}

/** How one delivery and cluster is summed up in `weir get`, from a custom resource alone. */
export interface Summary {
  readonly cluster: string;
  /** In full, in the dialect's own form: whoever shows it in a table shortens it. */
  readonly revision: string;
  readonly sync: string;
  readonly health: string;
  readonly message: string;
  readonly suspended: boolean;
}

/** How to reach a cluster that a Secret on the hub registers. PEM texts are decoded; at most one kind of identity. */
export interface ClusterRecord {
  readonly name: string;
  readonly server: string;
  readonly username?: string;
  readonly password?: string;
  readonly bearerToken?: string;
  readonly caPem?: string;
  readonly certPem?: string;
  readonly keyPem?: string;
  readonly serverName?: string;
  readonly insecure?: boolean;
  readonly proxyUrl?: string;
}

/** What a Git server wants to see. */
export interface GitCredentials {
  readonly username?: string;
  readonly password?: string;
  readonly bearerToken?: string;
  readonly caPem?: string;
}

/** Credentials that a Secret offers for every repository of a URL, or below a URL prefix. */
export interface RepositoryRecord {
  readonly url: string;
  readonly isPrefix: boolean;
  readonly credentials: GitCredentials;
}

/** The Secrets on the hub that a dialect reads; `undefined` where a Secret is of another sort. */
export interface DialectSecrets {
  /** Label selector of the Secrets to watch; absent where Secrets are only read by name. */
  readonly labelSelector?: string;
  /** The only namespace whose Secrets count: whoever may write there decides where weir deploys to, and as whom. */
  readonly namespace?: string;
  readonly readCluster?: (secret: KubeObject) => Result<ClusterRecord> | undefined;
  readonly readRepository?: (secret: KubeObject) => Result<RepositoryRecord> | undefined;
  /** A Secret that a source names. */
  readonly readCredentials?: (secret: KubeObject) => Result<GitCredentials>;
}

/** A ConfigMap on the hub that holds for every delivery of a dialect. */
export interface DialectSettings {
  readonly namespace: string;
  readonly name: string;
  /** Parsing the YAML within it is the caller's; that may throw. */
  readonly readHealth: (
    configMap: KubeObject,
    parseYaml: (text: string) => unknown,
  ) => Result<FindHealthScript>;
}

/** The keys by which a dialect's deliveries mark and switch live objects, and the field managers under which they apply. */
export interface DialectMarks {
  readonly labels: readonly string[];
  readonly annotations: readonly string[];
  readonly managers: readonly string[];
}

export interface Dialect {
  readonly name: string;
  readonly marks: DialectMarks;
  readonly secrets: DialectSecrets;
  readonly settings?: DialectSettings;
  readonly kinds: readonly DialectKind[];
  /** The reporting controller of its events. */
  readonly eventSource: (kind: string) => string;
  readonly read: (object: KubeObject) => Reading;
  readonly projectDelivery: (input: {
    readonly object: KubeObject;
    readonly verdict: DeliveryVerdict;
    readonly now: string;
  }) => Projection;
  readonly projectSource: (input: {
    readonly object: KubeObject;
    readonly verdict: SourceVerdict;
    readonly now: string;
  }) => Projection;
  readonly summarize: (object: KubeObject) => Summary;
  /** The revision at which a delivery's status tells that it is ready; where others may depend on it. */
  readonly recallReady?: (object: KubeObject) => ResolvedRef | undefined;
  /** JSON merge patch that asks for a reconcile now, as the peer's own command does it. */
  readonly requestPatch: (input: {
    readonly object: KubeObject;
    readonly now: string;
  }) => Readonly<Record<string, unknown>>;
}
