// Sums up an Application in one line, from the resource alone.
// It never fails: what is not there is empty.

import type { KubeObject, Summary } from '@weir/core';
import { recordsAt, textAt } from '../resource/read-field.ts';
import { inClusterName, inClusterServer, skipReconcileAnnotation } from './names.ts';

export function summarizeApplication(object: KubeObject): Summary {
  const server = textAt(object, 'spec', 'destination', 'server') ?? '';
  const cluster = textAt(object, 'spec', 'destination', 'name') || server;
  return {
    cluster: cluster.replace(/\/$/, '') === inClusterServer ? inClusterName : cluster,
    revision: shortRevision(object),
    sync: textAt(object, 'status', 'sync', 'status') ?? 'Unknown',
    health: textAt(object, 'status', 'health', 'status') ?? 'Unknown',
    message: messageOf(object),
    suspended: textAt(object, 'metadata', 'annotations', skipReconcileAnnotation) === 'true',
  };
}

function shortRevision(object: KubeObject): string {
  const revisions = recordsAt(object, 'status', 'history').at(-1);
  const revision =
    textAt(object, 'status', 'sync', 'revision') ??
    textAt(revisions, 'revision') ??
    textAt(object, 'spec', 'source', 'targetRevision') ??
    '';
  return /^[0-9a-f]{40,64}$/.test(revision) ? revision.slice(0, 7) : revision;
}

function messageOf(object: KubeObject): string {
  const [condition] = recordsAt(object, 'status', 'conditions');
  if (condition !== undefined) return textAt(condition, 'message') ?? '';
  const phase = textAt(object, 'status', 'operationState', 'phase');
  if (phase === undefined || phase === 'Succeeded') return '';
  return textAt(object, 'status', 'operationState', 'message') ?? '';
}
