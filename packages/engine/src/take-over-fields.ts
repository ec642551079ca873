// Makes fields ours that another manager of the object holds, so that what leaves Git leaves the object. It changes no
// value: who may be relieved was a rule of the plan.

import { type ObjectRef, takeOverEntries, type WriteOptions } from '@weir/core';
import { isConflict } from '@weir/kube';
import type { Session } from './fleet.ts';

/** Whoever writes the object again and again while it is taken over wins for now; the apply is tried again later. */
const maxAttempts = 4;

export async function takeOverFields(
  { ref, write }: { readonly ref: ObjectRef; readonly write?: WriteOptions },
  of: {
    readonly session: Pick<Session, 'client' | 'writer'>;
    readonly delivery: { readonly fieldManager: string };
    readonly signal: AbortSignal;
  },
): Promise<void> {
  const { session, delivery, signal } = of;
  const { fieldManager } = delivery;
  const rules = write?.takeOver ?? [];
  for (let attempt = 1; ; attempt++) {
    const live = await session.client.get(ref, signal);
    const managedFields =
      live === undefined ? undefined : takeOverEntries(live, { manager: fieldManager, rules });
    if (live === undefined || managedFields === undefined) return;
    const { resourceVersion = '' } = live.metadata;
    try {
      await session.writer.migrateManagers(ref, { fieldManager, managedFields, resourceVersion, signal });
      return;
    } catch (error) {
      if (!isConflict(error) || attempt >= maxAttempts) throw error;
    }
  }
}
