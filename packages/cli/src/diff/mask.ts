// What of an object is shown in a difference: no server bookkeeping, and never a Secret's value.

import { groupOf, isRecord, type KubeObject } from '@weir/core';

export interface Pair {
  readonly before?: KubeObject;
  readonly after?: KubeObject;
}

const bookkeeping = [
  'managedFields',
  'resourceVersion',
  'uid',
  'generation',
  'creationTimestamp',
  'selfLink',
];
/** It repeats the whole object, values of Secrets included. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';
const mask = '***';

export function presentable(pair: Pair): Pair {
  const before = pair.before === undefined ? undefined : trimmed(pair.before);
  const after = pair.after === undefined ? undefined : trimmed(pair.after);
  const object = after ?? before;
  if (object === undefined || object.kind !== 'Secret' || groupOf(object.apiVersion) !== '')
    return pairOf(before, after);
  return pairOf(
    before === undefined ? undefined : masked({ object: before, other: after, note: 'before' }),
    after === undefined ? undefined : masked({ object: after, other: before, note: 'after' }),
  );
}

const pairOf = (before: KubeObject | undefined, after: KubeObject | undefined): Pair => ({
  ...(before === undefined ? {} : { before }),
  ...(after === undefined ? {} : { after }),
});

function trimmed(object: KubeObject): KubeObject {
  const metadata: Record<string, unknown> = { ...object.metadata };
  for (const field of bookkeeping) delete metadata[field];
  if (isRecord(metadata.annotations)) {
    const { [lastApplied]: _, ...annotations } = metadata.annotations;
    if (Object.keys(annotations).length === 0) delete metadata.annotations;
    else metadata.annotations = annotations;
  }
  const { status: _, ...rest } = object;
  return {
    ...rest,
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: metadata as KubeObject['metadata'],
  };
}

/** Equal values stay equal and different ones different, without showing either. */
function masked(input: { object: KubeObject; other: KubeObject | undefined; note: string }): KubeObject {
  const hide = (field: 'data' | 'stringData'): Record<string, unknown> => {
    const values = input.object[field];
    if (!isRecord(values)) return {};
    const others = input.other?.[field];
    const entries = Object.entries(values).map(([key, value]) => {
      const differs = isRecord(others) && key in others && others[key] !== value;
      return [key, differs ? `${mask} (${input.note})` : mask];
    });
    return { [field]: Object.fromEntries(entries) };
  };
  return { ...input.object, ...hide('data'), ...hide('stringData') };
}
