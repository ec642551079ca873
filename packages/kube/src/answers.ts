// How an API server's answers are read: the one place where unknown JSON becomes an object.

import { isRecord, type KubeObject, WeirError } from '@weir/core';

export function selectors(options: {
  labelSelector?: string;
  fieldSelector?: string;
}): Record<string, string> {
  return {
    ...(options.labelSelector === undefined ? {} : { labelSelector: options.labelSelector }),
    ...(options.fieldSelector === undefined ? {} : { fieldSelector: options.fieldSelector }),
  };
}

/** The one place where an answer becomes an object. */
export function parseObject(answer: unknown, what: string): KubeObject {
  if (isRecord(answer) && typeof answer.kind === 'string' && isRecord(answer.metadata))
    return answer as unknown as KubeObject;
  throw malformed(what);
}

export function malformed(what: string): WeirError {
  return new WeirError({
    code: 'APPLY_FAILED',
    message: `${what}: the API server's answer is not an object; expected apiVersion, kind and metadata`,
  });
}
