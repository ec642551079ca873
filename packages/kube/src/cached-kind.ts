// One kind in a cluster's cache: what is known of its objects, who uses it, and how its watch fares. It asks nothing.

import { type Conclusion, type ObjectId, type ObjectRef, WeirError } from '@weir/core';
import { ApiError } from './api-error.ts';
import type { Resource } from './discovery.ts';

export interface Kind {
  readonly resource: Resource;
  readonly objects: Map<ObjectId, Conclusion>;
  /** Ids that a relist has not named yet; undefined outside a list. */
  unseen: Set<ObjectId> | undefined;
  isSynced: boolean;
  readonly synced: Promise<void>;
  readonly markSynced: () => void;
  readonly stop: AbortController;
  readonly users: Set<string>;
  /** By the monotonic clock: since when nobody uses it. */
  idleSince: number;
  failure: WeirError | undefined;
  failedSince: number | undefined;
  /** It was told that the kind cannot be seen. */
  isBlind: boolean;
}

export const kindKey = (kind: Pick<ObjectRef, 'group' | 'version' | 'kind'>): string =>
  `${kind.group}/${kind.version}/${kind.kind}`;

/**
 * The server's word about this kind alone, and not: no answer, a failure of the server, or credentials that it refuses.
 * A 503 without a Status is the API server's word about another server behind it, which serves the group.
 */
export function isOwnFailure({ failure, resource }: Kind): boolean {
  if (!(failure instanceof ApiError)) return false;
  if (failure.status === 503) return failure.reason === '' && resource.group.includes('.');
  return failure.status < 500 && failure.status !== 401;
}

export function notServed({ group, version, kind }: Resource): WeirError {
  return new WeirError({
    code: 'KIND_UNKNOWN',
    message: `${kind} in ${group === '' ? version : `${group}/${version}`} is served no more`,
  });
}

export function newKind(resource: Resource): Kind {
  let markSynced: () => void = () => {};
  const synced = new Promise<void>((resolve) => {
    markSynced = resolve;
  });
  return {
    resource,
    objects: new Map(),
    unseen: undefined,
    isSynced: false,
    synced,
    markSynced,
    stop: new AbortController(),
    users: new Set(),
    idleSince: performance.now(),
    failure: undefined,
    failedSince: undefined,
    isBlind: false,
  };
}

/** A kind without a watch or a list: what is known of it was read by name. */
export function readKind(resource: Resource): Kind {
  return { ...newKind(resource), isSynced: true };
}
