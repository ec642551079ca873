// Sets and removes conditions as Flux does: in its order, with the time of the last transition kept.
// It never decides which conditions hold.

import { kubeTime } from '../resource/kube-time.ts';
import { recordsAt, textAt } from '../resource/read-field.ts';

export interface ConditionDraft {
  readonly type: string;
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: string;
  readonly message: string;
}

type Condition = Record<string, unknown>;

/** These stand first, in this order; the others follow by name. */
const leading = ['Reconciling', 'Stalled', 'Ready'];

/** The conditions of `status` without those of `removed`, and with `set` in the place of theirs. */
export function changeConditions(input: {
  readonly status: Readonly<Record<string, unknown>>;
  readonly set: readonly ConditionDraft[];
  readonly removed: readonly string[];
  readonly generation: number;
  readonly now: string;
}): readonly Condition[] {
  const before = recordsAt(input.status, 'conditions');
  const replaced = new Set([...input.removed, ...input.set.map(({ type }) => type)]);
  const kept = before.filter((condition) => !replaced.has(textAt(condition, 'type') ?? ''));
  const set = input.set.map((draft) => {
    const known = before.find((condition) => condition.type === draft.type);
    const isSame =
      known !== undefined &&
      known.status === draft.status &&
      known.reason === draft.reason &&
      known.message === draft.message;
    return {
      lastTransitionTime: (isSame ? textAt(known, 'lastTransitionTime') : undefined) ?? kubeTime(input.now),
      message: draft.message,
      observedGeneration: input.generation,
      reason: draft.reason,
      status: draft.status,
      type: draft.type,
    };
  });
  return [...kept, ...set].sort(byRank);
}

function byRank(left: Condition, right: Condition): number {
  const rank = (condition: Condition) => {
    const type = textAt(condition, 'type') ?? '';
    const index = leading.indexOf(type);
    return `${index < 0 ? leading.length : index} ${type}`;
  };
  const [one, other] = [rank(left), rank(right)];
  return one === other ? 0 : one < other ? -1 : 1;
}

export function conditionOf(
  status: Readonly<Record<string, unknown>> | undefined,
  type: string,
): Condition | undefined {
  return recordsAt(status, 'conditions').find((condition) => condition.type === type);
}
