// Sums up an Application in one line, from the resource alone.
// It never fails: what is not there is empty.

import type { ErrorCode, KubeObject, Summary } from '@weir/core';
import { recordsAt, textAt } from '../resource/read-field.ts';
import { inClusterName, inClusterServer, skipReconcileAnnotation } from './names.ts';

export function summarizeApplication(object: KubeObject): Summary {
  const server = textAt(object, 'spec', 'destination', 'server') ?? '';
  const cluster = textAt(object, 'spec', 'destination', 'name') || server;
  return {
    cluster: cluster.replace(/\/$/, '') === inClusterServer ? inClusterName : cluster,
    revision: revisionOf(object),
    sync: textAt(object, 'status', 'sync', 'status') ?? 'Unknown',
    health: textAt(object, 'status', 'health', 'status') ?? 'Unknown',
    message: messageOf(object),
    suspended: textAt(object, 'metadata', 'annotations', skipReconcileAnnotation) === 'true',
  };
}

function revisionOf(object: KubeObject): string {
  const revisions = recordsAt(object, 'status', 'history').at(-1);
  return (
    textAt(object, 'status', 'sync', 'revision') ??
    textAt(revisions, 'revision') ??
    textAt(object, 'spec', 'source', 'targetRevision') ??
    ''
  );
}

function messageOf(object: KubeObject): string {
  const [condition] = recordsAt(object, 'status', 'conditions');
  if (condition !== undefined) return textAt(condition, 'message') ?? '';
  const phase = textAt(object, 'status', 'operationState', 'phase');
  if (phase === undefined || phase === 'Succeeded') return '';
  return codedMessage(textAt(object, 'status', 'operationState', 'message') ?? '');
}

/** A sync that will be tried again tells its failure in Argo CD's words, which carry no code. */
const phrases: readonly (readonly [RegExp, ErrorCode])[] = [
  [/Too long: may not be more than|request is too large/, 'OBJECT_TOO_LARGE'],
  [/ denied (the )?request/, 'ADMISSION_DENIED'],
  [/failed calling webhook /, 'ADMISSION_UNAVAILABLE'],
  [/because it is being terminated/, 'NAMESPACE_TERMINATING'],
  [/ is invalid: |failed to create typed patch object/, 'APPLY_INVALID'],
  [/ is forbidden: /, 'APPLY_FORBIDDEN'],
  [/Operation cannot be fulfilled/, 'APPLY_CONFLICT'],
  [/namespaces ".*" not found/, 'NAMESPACE_MISSING'],
  // A hook, or the health of an earlier wave: no object was refused.
  [/^one or more synchronization tasks completed unsuccessfully($|\. Retrying| \(retried)/, 'SYNC_FAILED'],
  [/^one or more synchronization tasks completed unsuccessfully/, 'APPLY_FAILED'],
];

function codedMessage(message: string): string {
  if (/\b[A-Z]+_[A-Z_]+\b/.test(message.replace(/"[^"]*"/g, ''))) return message;
  const found = phrases.find(([phrase]) => phrase.test(message));
  return found === undefined ? message : `${found[1]}: ${message}`;
}
