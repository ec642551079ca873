// Asks the server whether one object really differs from what Git wants: one read and one dry run. It writes nothing, and
// decides nothing: what is ignored is the delivery's data.

import {
  claimFields,
  type Delivery,
  type DriftedField,
  driftedFields,
  type FieldSet,
  type IgnoreRule,
  ignoredFields,
  isOwnershipLost,
  type KeyPath,
  type KubeObject,
  keepIgnored,
  refOf,
  rulesFor,
} from '@weir/core';
import { ApiError } from '@weir/kube';
import type { Session } from './fleet.ts';

/** What jq expressions select in an object, as the paths of `path(expression)`. Throws a coded error. */
export type SelectPaths = (input: {
  readonly expressions: readonly string[];
  readonly object: KubeObject;
  readonly signal: AbortSignal;
}) => Promise<readonly KeyPath[]>;

export interface DriftContext {
  readonly delivery: Pick<Delivery, 'fieldManager' | 'mark' | 'ignore' | 'respectIgnored'>;
  readonly session: Pick<Session, 'client' | 'writer'>;
  readonly selectPaths?: SelectPaths;
  readonly signal: AbortSignal;
}

export interface DriftAnswer {
  readonly isDrifted: boolean;
  /** Empty where the object is gone. */
  readonly fields: readonly DriftedField[];
  /** Wanted fields that are not ours any more, though their values are right. */
  readonly isOwnershipLost: boolean;
}

/** What is known of a suspect, and of which state of it. */
export interface KnownSuspect extends DriftAnswer {
  /** Identity, wanted state and rules. */
  readonly subject: string;
  readonly resourceVersion: string;
  /** Digest of what we own. It alone decides where every wanted field is ours or ignored: only an ignored one was lost. */
  readonly owned: string | undefined;
}

interface Asked extends DriftAnswer {
  /** Applied, it gives the ownership back and changes no value; refused by the server once the object has changed. */
  readonly repair?: KubeObject;
}

/** Undefined where nothing can be said now. */
export async function askDrift(desired: KubeObject, context: DriftContext): Promise<Asked | undefined> {
  const { session, delivery, signal } = context;
  const { fieldManager: manager } = delivery;
  try {
    const live = await session.client.get(refOf(desired), signal);
    if (live === undefined) return { isDrifted: true, fields: [], isOwnershipLost: true };
    const ignored = await ignoredOf({ desired, live }, context);
    const tried = await tryOut(desired, context);
    const applied = tried ?? claimFields(desired, live, manager);
    const of = { applied, live, manager, ...(ignored === undefined ? {} : { ignored }) };
    const fields = driftedFields(of);
    const isLost = isOwnershipLost(of);
    // What the server refuses cannot be given back either.
    const isRepairable = isLost && fields.length === 0 && tried !== undefined;
    return {
      isDrifted: fields.length > 0,
      fields,
      isOwnershipLost: isLost,
      ...(isRepairable ? { repair: repairOf(desired, { live, ignored, delivery }) } : {}),
    };
  } catch {
    return undefined;
  }
}

/** What an apply would leave; undefined where the server refuses the object as it is in Git. */
async function tryOut(
  desired: KubeObject,
  { session, delivery, signal }: DriftContext,
): Promise<KubeObject | undefined> {
  const { fieldManager } = delivery;
  try {
    return await session.writer.apply(desired, { fieldManager, dryRun: true, signal });
  } catch (error) {
    if (error instanceof ApiError && error.status < 500) return undefined;
    throw error;
  }
}

function repairOf(
  desired: KubeObject,
  of: { live: KubeObject; ignored: FieldSet | undefined; delivery: DriftContext['delivery'] },
): KubeObject {
  const { live, ignored, delivery } = of;
  const { fieldManager: manager, mark } = delivery;
  const kept = ignored === undefined ? desired : keepIgnored(desired, { live, ignored, manager, mark });
  const { resourceVersion, uid } = live.metadata;
  const precondition = {
    ...(uid === undefined ? {} : { uid }),
    ...(resourceVersion === undefined ? {} : { resourceVersion }),
  };
  return { ...kept, metadata: { ...kept.metadata, ...precondition } };
}

/** What is to be written of an object: all that Git says, or without the fields that are ignored and respected. */
export async function objectToWrite(desired: KubeObject, context: DriftContext): Promise<KubeObject> {
  const { delivery, session, signal } = context;
  if (delivery.respectIgnored !== true || rulesFor(delivery.ignore, refOf(desired)).length === 0)
    return desired;
  const live = await session.client.get(refOf(desired), signal);
  const ignored = live === undefined ? undefined : await ignoredOf({ desired, live }, context);
  if (live === undefined || ignored === undefined) return desired;
  return keepIgnored(desired, { live, ignored, manager: delivery.fieldManager, mark: delivery.mark });
}

/** Undefined where no rule is about the object. */
export async function ignoredOf(
  { desired, live }: { desired: KubeObject; live: KubeObject },
  { delivery, selectPaths, signal }: DriftContext,
): Promise<FieldSet | undefined> {
  const rules: readonly IgnoreRule[] = rulesFor(delivery.ignore, refOf(desired));
  if (rules.length === 0) return undefined;
  const expressions = rules.flatMap(({ jq = [] }) => jq);
  if (expressions.length === 0 || selectPaths === undefined) return ignoredFields({ rules, desired, live });
  const [inDesired, inLive] = await Promise.all(
    [desired, live].map((object) => selectPaths({ expressions, object, signal })),
  );
  return ignoredFields({
    rules,
    desired,
    live,
    jq: { desired: inDesired ?? [], live: inLive ?? [] },
  });
}
