// Why a namespace that takes no more objects is not gone yet, in the words of its own conditions. It only reads.

import { isRecord, type KubeObject, type ObjectRef } from '@weir/core';
import { ApiError } from '../api-error.ts';

/** Conditions that are true where something holds the namespace. */
const holding: ReadonlySet<unknown> = new Set([
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceContentRemaining',
  'NamespaceFinalizersRemaining',
]);
/** Each names kinds and finalizers with their counts. */
const maxWords = 400;

/** The same refusal; where a namespace is being deleted, with what holds it. */
export async function explained(
  error: unknown,
  read: (namespace: ObjectRef) => Promise<KubeObject | undefined>,
): Promise<unknown> {
  if (!(error instanceof ApiError) || error.problem.code !== 'NAMESPACE_TERMINATING') return error;
  const { object } = error.problem;
  if (object === undefined || object.namespace === '') return error;
  const ref = { group: '', version: 'v1', kind: 'Namespace', namespace: '', name: object.namespace };
  const namespace = await read(ref).catch(() => undefined);
  const held = namespace === undefined ? [] : holdsOf(namespace);
  const why =
    held.length === 0
      ? 'it is tried again when the namespace is gone'
      : `it is held by: ${held.join('; ')}. See to what has these finalizers, it is tried again`;
  const { status, reason, causes } = error;
  return new ApiError({
    status,
    reason,
    causes,
    object,
    code: 'NAMESPACE_TERMINATING',
    message: `${error.message}; ${why}`,
  });
}

/** What holds a namespace that is being deleted. */
export function holdsOf({ metadata, spec, status }: KubeObject): string[] {
  const conditions = isRecord(status) && Array.isArray(status.conditions) ? status.conditions : [];
  const told = conditions
    .filter(isRecord)
    .filter((condition) => condition.status === 'True' && holding.has(condition.type))
    .map(({ message }) => String(message ?? '').slice(0, maxWords));
  const own = isRecord(spec) && Array.isArray(spec.finalizers) ? spec.finalizers : [];
  // `kubernetes` is the namespace controller's own, which waits for the content.
  const finalizers = [...(metadata.finalizers ?? []), ...own].filter((name) => name !== 'kubernetes');
  return finalizers.length === 0
    ? told
    : [...told, `finalizers of the namespace itself: ${finalizers.join(', ')}`];
}
