// Objects whose deletion does not come to an end: what they wait for, and whose that is. It reads each such object once a
// version and changes nothing.

import {
  isRecord,
  type KubeObject,
  type ObjectId,
  type ObjectRef,
  type Plan,
  type Problem,
  showRef,
} from '@weir/core';
import { holdsOf } from '@weir/kube';
import type { Session } from './fleet.ts';

/** What takes longer is worth a word. */
const stuckMs = 30_000;
/** Objects of one delivery that are explained. */
const maxTold = 10;

export interface Terminating {
  readonly uid: string;
  /** Milliseconds since the epoch; as far as it was seen. */
  readonly since: number;
  told?: { readonly version: string; readonly problem: Problem };
}

export async function stuckDeletions(of: {
  readonly plan: Pick<Plan, 'actions'>;
  /** The memory from one look to the next; replaced here. */
  readonly state: { terminating?: ReadonlyMap<ObjectId, Terminating> };
  readonly session: Pick<Session, 'client' | 'cache'>;
  readonly now: Date;
  readonly signal: AbortSignal;
}): Promise<Problem[]> {
  const { plan, state, session, signal } = of;
  const now = of.now.getTime();
  const known = new Map<ObjectId, Terminating>();
  const problems: Problem[] = [];
  for (const action of plan.actions) {
    if (action.kind !== 'keep' || action.reason !== 'terminating') continue;
    const live = session.cache.live(action.ref);
    if (live === undefined) continue;
    const before = state.terminating?.get(action.id);
    const entry: Terminating = before?.uid === live.uid ? before : { uid: live.uid, since: now };
    known.set(action.id, entry);
    if (now - entry.since < stuckMs || problems.length >= maxTold) continue;
    if (entry.told?.version !== live.resourceVersion) {
      const object = await session.client.get(action.ref, signal).catch(() => undefined);
      if (object === undefined) continue;
      entry.told = { version: live.resourceVersion, problem: explain(action.ref, object) };
    }
    problems.push(entry.told.problem);
  }
  if (known.size === 0) delete state.terminating;
  else state.terminating = known;
  return problems;
}

function explain(ref: ObjectRef, object: KubeObject): Problem {
  const { finalizers = [], deletionTimestamp } = object.metadata;
  const isNamespace = ref.kind === 'Namespace' && ref.group === '';
  const waits = [
    ...finalizers.map((name) => `finalizer ${name}${ownerOf(name, object)}`),
    ...(isNamespace ? holdsOf(object) : []),
  ];
  const what = waits.length === 0 ? 'nothing that it names' : waits.join('; ');
  return {
    code: 'DELETION_STUCK',
    message: `${showRef(ref)}: is being deleted since ${deletionTimestamp ?? 'long'} and waits for ${what}; expected whoever put it there to take it off`,
    object: ref,
  };
}

function ownerOf(finalizer: string, { metadata }: KubeObject): string {
  const name = `v:${JSON.stringify(finalizer)}`;
  const owner = metadata.managedFields?.find(({ fieldsV1 }) => {
    const inMetadata = fieldsV1?.['f:metadata'];
    const found = isRecord(inMetadata) ? inMetadata['f:finalizers'] : undefined;
    return isRecord(found) && Object.hasOwn(found, name);
  });
  return owner?.manager === undefined ? '' : ` (put there by ${owner.manager})`;
}
