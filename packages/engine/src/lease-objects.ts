// How replicas and claims are kept as Leases on the hub: what is written, and what is read back. It sends nothing.
// `kubectl get leases -n weir-system` shows who lives and who holds which cluster.

import { type ClaimView, isRecord, type KubeObject, type ObjectRef } from '@weir/core';
import { digestText } from '@weir/kube';

export const leaseNamespace = 'weir-system';
/** `replica` or `claim`. */
export const leaseLabel = 'weir.dev/lease';
const clusterAnnotation = 'weir.dev/cluster';
const clusterNameAnnotation = 'weir.dev/cluster-name';
const lifeAnnotation = 'weir.dev/holder-uid';
const processAnnotation = 'weir.dev/process';
const pushAnnotation = 'weir.dev/pushed';
/** Longer than this nobody waits for a Lease, whatever it says of itself; no replica may ask for more. */
export const maxDurationMs = 600_000;

/** The Lease that one life of a replica renews. */
export interface ReplicaLease {
  readonly name: string;
  /** The uid of the Lease. */
  readonly life: string;
  /** Of the Lease: another one with each renewal. */
  readonly version: string;
  readonly durationMs: number;
  /** Which process renews it, where that can be told; see `process-identity`. */
  readonly process: string | undefined;
  /** What was pushed last, told by the replica that heard of it. */
  readonly pushed: string | undefined;
}

export interface ClaimLease extends ClaimView {
  readonly version: string;
  /** What people call the cluster. */
  readonly clusterName: string;
  /** When it changed hands, ISO 8601. For people: nothing is decided by it. */
  readonly since: string | undefined;
}

const leaseRef = (name: string): ObjectRef => ({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  namespace: leaseNamespace,
  name,
});

export const replicaRef = (name: string): ObjectRef => leaseRef(`weir-replica-${name}`);
export const claimRef = (key: string): ObjectRef => leaseRef(`weir-claim-${digestText(key).slice(0, 16)}`);

/** Leases tell time in microseconds. */
const microTime = (now: Date): string => now.toISOString().replace(/Z$/, '000Z');

export function replicaObject(of: {
  readonly name: string;
  readonly durationMs: number;
  readonly process: string | undefined;
  readonly now: Date;
}): KubeObject {
  const time = microTime(of.now);
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: replicaRef(of.name).name,
      namespace: leaseNamespace,
      labels: { [leaseLabel]: 'replica' },
      ...(of.process === undefined ? {} : { annotations: { [processAnnotation]: of.process } }),
    },
    spec: {
      holderIdentity: of.name,
      leaseDurationSeconds: Math.ceil(of.durationMs / 1_000),
      acquireTime: time,
      renewTime: time,
    },
  };
}

/**
 * A renewal. The uid makes it fail where the Lease was taken away and another one has its name. The version does not
 * matter: whoever takes the Lease away does so by its version, so that a renewal in between wins.
 */
export function renewalPatch(of: {
  readonly life: string;
  readonly now: Date;
  readonly pushed: string | undefined;
}): Record<string, unknown> {
  const annotations = of.pushed === undefined ? {} : { annotations: { [pushAnnotation]: of.pushed } };
  return { metadata: { uid: of.life, ...annotations }, spec: { renewTime: microTime(of.now) } };
}

/** The whole claim, for the first holder. */
export function claimObject(of: {
  readonly key: string;
  readonly clusterName: string;
  readonly holder: { readonly name: string; readonly life: string };
  readonly now: Date;
}): KubeObject {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {
      name: claimRef(of.key).name,
      namespace: leaseNamespace,
      labels: { [leaseLabel]: 'claim' },
      annotations: {
        [clusterAnnotation]: of.key,
        [clusterNameAnnotation]: of.clusterName,
        [lifeAnnotation]: of.holder.life,
      },
    },
    spec: { holderIdentity: of.holder.name, leaseTransitions: 1, acquireTime: microTime(of.now) },
  };
}

/** The claim changes hands; without a holder it is free. Refused where somebody has written it since `version`. */
export function handOverPatch(of: {
  readonly version: string;
  readonly epoch: number;
  readonly holder: { readonly name: string; readonly life: string } | undefined;
  readonly clusterName?: string | undefined;
  readonly now: Date;
}): Record<string, unknown> {
  return {
    metadata: {
      resourceVersion: of.version,
      annotations: {
        [lifeAnnotation]: of.holder?.life ?? null,
        ...(of.clusterName === undefined ? {} : { [clusterNameAnnotation]: of.clusterName }),
      },
    },
    spec: {
      holderIdentity: of.holder?.name ?? null,
      leaseTransitions: of.epoch,
      acquireTime: microTime(of.now),
    },
  };
}

export function readReplica(object: KubeObject): ReplicaLease | undefined {
  const { metadata, spec } = object;
  const { uid, resourceVersion, labels, annotations = {} } = metadata;
  if (!isRecord(spec) || labels?.[leaseLabel] !== 'replica' || uid === undefined) return undefined;
  const { holderIdentity: name, leaseDurationSeconds: seconds } = spec;
  if (typeof name !== 'string' || replicaRef(name).name !== metadata.name) return undefined;
  const durationMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : maxDurationMs;
  return {
    name,
    life: uid,
    version: resourceVersion ?? '',
    durationMs: Math.min(durationMs, maxDurationMs),
    process: annotations[processAnnotation],
    pushed: annotations[pushAnnotation],
  };
}

/** Undefined for what is no claim, or lies at another place than its cluster's. */
export function readClaim(object: KubeObject): ClaimLease | undefined {
  const { metadata, spec } = object;
  const { labels, annotations = {} } = metadata;
  const key = annotations[clusterAnnotation];
  if (!isRecord(spec) || labels?.[leaseLabel] !== 'claim' || key === undefined) return undefined;
  if (claimRef(key).name !== metadata.name) return undefined;
  const { holderIdentity: name, leaseTransitions: epoch, acquireTime: since } = spec;
  const life = annotations[lifeAnnotation];
  const isHeld = typeof name === 'string' && name !== '' && life !== undefined;
  return {
    key,
    version: metadata.resourceVersion ?? '',
    epoch: typeof epoch === 'number' ? epoch : 0,
    clusterName: annotations[clusterNameAnnotation] ?? '',
    since: typeof since === 'string' ? since : undefined,
    ...(isHeld ? { holder: { name, life } } : {}),
  };
}
