// Sums up a GitRepository or a Kustomization in one line, from the resource alone.
// It never fails: what is not there is empty.

import type { ErrorCode, KubeObject, Summary } from '@weir/core';
import { fieldAt, textAt } from '../resource/read-field.ts';
import { conditionOf } from './condition-set.ts';

export function summarizeFlux(object: KubeObject): Summary {
  const status = fieldAt(object, 'status');
  const ready = conditionOf(status as Record<string, unknown> | undefined, 'Ready');
  const isReady = textAt(ready, 'status') === 'True';
  const revision =
    textAt(status, 'lastAppliedRevision') ??
    textAt(status, 'artifact', 'revision') ??
    textAt(status, 'lastAttemptedRevision') ??
    '';
  return {
    cluster: textAt(object, 'spec', 'kubeConfig', 'secretRef', 'name') ?? 'in-cluster',
    revision,
    sync: syncOf(textAt(ready, 'status'), textAt(ready, 'reason')),
    health: healthOf(object),
    message: isReady ? '' : codedMessage((textAt(ready, 'message') ?? '').trim()),
    suspended: fieldAt(object, 'spec', 'suspend') === true,
  };
}

/** What could not be fetched or built is not known; what could not be applied is out of sync. */
const unknownReasons: ReadonlySet<unknown> = new Set([
  'ArtifactFailed',
  'BuildFailed',
  'GitOperationFailed',
  'URLInvalid',
  'Failed',
]);

function syncOf(ready: string | undefined, reason: string | undefined): string {
  if (ready === 'True' || reason === 'HealthCheckFailed') return 'Synced';
  return ready === undefined || unknownReasons.has(reason) ? 'Unknown' : 'OutOfSync';
}

function healthOf(object: KubeObject): string {
  const status = fieldAt(object, 'status') as Record<string, unknown> | undefined;
  const healthy = textAt(conditionOf(status, 'Healthy'), 'status');
  const ready = textAt(conditionOf(status, 'Ready'), 'status');
  if (ready === 'False' && healthy === 'False') return 'Degraded';
  if (ready === 'True') return 'Healthy';
  if (ready === 'False') return 'Degraded';
  return ready === undefined ? 'Unknown' : 'Progressing';
}

/** Flux's own phrases that weir writes word for word, without the code that the message of a summary wants. */
const phrases: readonly (readonly [RegExp, ErrorCode])[] = [
  [/^GitRepository\.\S+ ".*" not found$/, 'SOURCE_NOT_FOUND'],
  [/^Source artifact not found/, 'SOURCE_NOT_READY'],
  [/^dependency '/, 'DEPENDENCY_NOT_READY'],
  [/^health check failed/, 'HEALTH_TIMEOUT'],
  [/^kustomization path not found: /, 'PATH_NOT_FOUND'],
  [/^(kustomize build failed: |failed to decode )/, 'KUSTOMIZE_FAILED'],
  [/ dry-run failed \(Invalid\): /, 'APPLY_INVALID'],
  [/ dry-run failed \(Forbidden\): /, 'APPLY_FORBIDDEN'],
  [/ dry-run failed \(Conflict\): /, 'APPLY_CONFLICT'],
  [/ dry-run failed: no matches for kind /, 'KIND_UNKNOWN'],
  [/ (not found: namespaces|namespace not specified: )/, 'NAMESPACE_MISSING'],
];

function codedMessage(message: string): string {
  if (/\b[A-Z]+_[A-Z_]+: /.test(message)) return message;
  const found = phrases.find(([phrase]) => phrase.test(message));
  return found === undefined ? message : `${found[1]}: ${message}`;
}
