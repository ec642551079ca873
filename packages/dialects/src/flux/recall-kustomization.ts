// What the status of a Kustomization says of its last verdict, for whoever depends on it and did not make that verdict.
// It never fails: what is not there is not ready.

import type { KubeObject, ResolvedRef } from '@weir/core';
import { fieldAt, textAt } from '../resource/read-field.ts';
import { conditionOf } from './condition-set.ts';

/** The revision at which it is ready, as it is declared now. */
export function recallKustomization(object: KubeObject): ResolvedRef | undefined {
  const status = fieldAt(object, 'status');
  const ready = conditionOf(status as Record<string, unknown> | undefined, 'Ready');
  const isCurrent = fieldAt(status, 'observedGeneration') === object.metadata.generation;
  if (textAt(ready, 'status') !== 'True' || !isCurrent) return undefined;
  const [, name, commit] =
    /^(?:(.+)@)?[^@:]+:([0-9a-f]+)$/.exec(textAt(status, 'lastAppliedRevision') ?? '') ?? [];
  if (commit === undefined) return undefined;
  return { commit, ...(name === undefined ? {} : { name }) };
}
