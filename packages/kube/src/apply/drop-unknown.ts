// An apply that leaves out what the cluster's schema does not have, as `kubectl apply` does with a warning. It drops
// exactly the fields that the server names, tells each of them, and never anything else.

import { type KubeObject, type Problem, refOf, showRef } from '@weir/core';
import { ApiError } from '../api-error.ts';
import { withoutField } from './prune-field.ts';

/** A server names one field a level at a time; an object with more mistakes than this is refused. */
const maxRounds = 20;

export async function applyDropping(
  object: KubeObject,
  of: {
    readonly apply: (object: KubeObject) => Promise<KubeObject>;
    readonly onDropped: (problem: Problem) => void;
  },
): Promise<KubeObject> {
  let pruned = object;
  const dropped: string[] = [];
  for (;;) {
    try {
      const answer = await of.apply(pruned);
      for (const path of dropped) of.onDropped(droppedField(object, path));
      return answer;
    } catch (error) {
      const found = error instanceof ApiError ? error.unknownFields : [];
      const next = found.reduce<KubeObject | undefined>(
        (rest, path) => rest && withoutField(rest, path),
        pruned,
      );
      // A field that cannot be found here is not ours to guess: the refusal stands.
      if (found.length === 0 || next === undefined || dropped.length >= maxRounds) throw error;
      dropped.push(...found);
      pruned = next;
    }
  }
}

function droppedField(object: KubeObject, path: string): Problem {
  const ref = refOf(object);
  return {
    code: 'FIELD_UNKNOWN',
    message: `${showRef(ref)}: ${path} is not in the cluster's schema of ${ref.kind} and was left out; correct or remove the field`,
    object: ref,
  };
}
