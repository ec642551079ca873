// The contract of a dialect: a pure translator between its own custom resources and the neutral model.
// A dialect never sees a cluster, a clock or another dialect.

import type { Reading } from './delivery.ts';
import type { KubeObject } from './object.ts';
import type { DeliveryVerdict, SourceVerdict } from './verdict.ts';

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
  readonly revision: string;
  readonly sync: string;
  readonly health: string;
  readonly message: string;
  readonly suspended: boolean;
}

export interface Dialect {
  readonly name: string;
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
  /** JSON merge patch that asks for a reconcile now, as the peer's own command does it. */
  readonly requestPatch: (input: {
    readonly object: KubeObject;
    readonly now: string;
  }) => Readonly<Record<string, unknown>>;
}
