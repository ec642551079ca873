// What is told of objects that more than one delivery, or another tool, lays claim to, and whether that stops a sync.
// Whose an object is was decided by who had it first.

import type { Delivery } from './delivery.ts';
import type { Desired } from './desired.ts';
import type { Conclusion } from './live.ts';
import { type ObjectRef, showRef } from './object.ts';
import { type Action, showDelivery } from './plan-action.ts';
import type { PlanInput } from './plan-input.ts';
import type { Problem } from './problem.ts';

/** About an object of this delivery. */
export function sharingOf({ id, ref, object, isHome, file, line }: Desired, input: PlanInput): Problem[] {
  if (isHome === true) return [];
  const place = { ...(file === undefined ? {} : { file }), ...(line === undefined ? {} : { line }) };
  const contender = input.contender?.(id);
  if (contender !== undefined) {
    const message = `${showRef(ref)}: ${showDelivery(contender)} wants it too; it stays with this delivery, expected each object in one only`;
    return [{ code: 'OBJECT_CONTESTED', message, object: ref, ...place }];
  }
  const live = input.live(ref);
  const mark = live === undefined ? undefined : foreignMark(live, { delivery: input.delivery, ref });
  const { labels, annotations } = object.metadata;
  if (mark === undefined || labels?.[mark.key] === mark.value || annotations?.[mark.key] === mark.value)
    return [];
  const message = `${showRef(ref)}: is marked ${mark.key}=${mark.value}; expected no mark of something that weir does not run`;
  return [{ code: 'OBJECT_MARKED', message, object: ref, ...place }];
}

/** A mark that says whose the live object is, other than ours. */
function foreignMark(
  live: Conclusion,
  of: { readonly delivery: Pick<Delivery, 'mark' | 'foreignMarks'>; readonly ref: ObjectRef },
): { readonly key: string; readonly value: string } | undefined {
  const { mark, foreignMarks = [] } = of.delivery;
  for (const key of foreignMarks) {
    const value = live.marks[key];
    if (value === undefined || value === '') continue;
    if (mark.kind === 'labels' && mark.labels[key] === value) continue;
    if (mark.kind === 'tracking-id' && key === mark.annotation && value.startsWith(`${mark.app}:`)) continue;
    // A tracking id that was copied along with another object's annotations says nothing of this one.
    if (value.includes(':') && !value.endsWith(`/${of.ref.name}`)) continue;
    return { key, value };
  }
  return undefined;
}

const sharing: ReadonlySet<string> = new Set(['OBJECT_CLAIMED', 'OBJECT_MARKED']);

/** Where the policy says so, an object that is another's too stops the whole sync. */
export function refuseShared(
  actions: readonly Action[],
  { input, problems }: { readonly input: PlanInput; readonly problems: readonly Problem[] },
): Action[] {
  const isRefused = input.delivery.policy.failOnShared && problems.some(({ code }) => sharing.has(code));
  if (!isRefused) return [...actions];
  const shared = new Set(
    problems.flatMap(({ code, object }) => (sharing.has(code) && object ? [object] : [])),
  );
  return actions.map((action): Action => {
    if (action.kind !== 'apply' && action.kind !== 'delete') return action;
    const { kind, id, ref, phase, wave } = action;
    const reason = shared.has(ref) ? 'claimed' : 'awaits-sync';
    return { kind: 'keep', id, ref, phase, wave, reason, ...(kind === 'delete' ? { departs: true } : {}) };
  });
}
