// What is kept of a live object: a few hundred bytes of conclusions, never the object.

import type { Digest } from './canonical.ts';
import type { DialectMarks } from './dialect.ts';
import { ownedDigest } from './drift.ts';
import { judgeHealth } from './health/health.ts';
import { imagesOf, linksOf } from './links.ts';
import { idOf, type KubeObject, type ObjectId, type ObjectRef, refOf } from './object.ts';
import { managersOf } from './take-over.ts';
import type { Health } from './verdict.ts';

export interface Conclusion {
  readonly id: ObjectId;
  readonly ref: ObjectRef;
  readonly uid: string;
  readonly resourceVersion: string;
  /** The labels and annotations by which objects are marked and switched, as far as present. */
  readonly marks: Readonly<Record<string, string>>;
  /** By field manager: digest of what it owns by apply. */
  readonly owned: Readonly<Record<string, string>>;
  /** Who else owns something, as `Update kubectl-edit`; absent: nobody. */
  readonly managers?: readonly string[];
  readonly health?: Health;
  readonly images: readonly string[];
  /** Where it can be reached; absent for the many objects that have no address. */
  readonly externalUrls?: readonly string[];
  readonly deleting: boolean;
  readonly finalizers: readonly string[];
}

export function concludeFrom(
  object: KubeObject,
  context: { readonly marks: DialectMarks; readonly digest: Digest },
): Conclusion {
  const { metadata } = object;
  const ref = refOf(object);
  const health = judgeHealth(object);
  const managers = managersOf(object, context.marks.managers);
  const externalUrls = linksOf(object).map(({ url }) => url);
  return {
    id: idOf(ref),
    ref,
    uid: metadata.uid ?? '',
    resourceVersion: metadata.resourceVersion ?? '',
    marks: {
      ...pick(metadata.labels, context.marks.labels),
      ...pick(metadata.annotations, context.marks.annotations),
    },
    owned: ownedBy(object, context),
    ...(managers.length === 0 ? {} : { managers }),
    ...(health === undefined ? {} : { health }),
    images: imagesOf(object),
    ...(externalUrls.length === 0 ? {} : { externalUrls }),
    deleting: metadata.deletionTimestamp !== undefined,
    finalizers: metadata.finalizers ?? [],
  };
}

function ownedBy(
  object: KubeObject,
  context: { readonly marks: DialectMarks; readonly digest: Digest },
): Record<string, string> {
  const owned: Record<string, string> = {};
  for (const manager of context.marks.managers) {
    const found = ownedDigest(object, manager, context.digest);
    if (found !== undefined) owned[manager] = found;
  }
  return owned;
}

function pick(
  from: Readonly<Record<string, string>> | undefined,
  keys: readonly string[],
): Record<string, string> {
  const picked: Record<string, string> = {};
  for (const key of keys) {
    const value = from?.[key];
    if (value !== undefined) picked[key] = value;
  }
  return picked;
}

/** Whether resource version `a` is newer than `b`; versions of one cluster compare as numbers (Kubernetes 1.35). */
export function isNewer(a: string, b: string): boolean {
  return a.length === b.length ? a > b : a.length > b.length;
}
