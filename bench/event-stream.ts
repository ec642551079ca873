// The events that bench/events.ts replays: which objects there are, and what the n-th event says of which. It is the same
// in the process that sends and in the one that reads, so that the reader can tell what must be known at the end.

import type { KubeObject, ObjectMeta } from '@weir/core';

export const eventsPerSecond = 1_000;
export const objectsPerKind = 1_000;
export const manager = 'bench';

export const eventKinds = [
  { group: 'apps', version: 'v1', kind: 'Deployment', plural: 'deployments' },
  { group: '', version: 'v1', kind: 'ConfigMap', plural: 'configmaps' },
] as const;

export type EventKind = (typeof eventKinds)[number];

/** Versions of objects before the first event. */
const firstVersion = 1_000_000;

/** The object of a kind after so many of its events; each is ready after every second one. */
export function objectAfter(kind: EventKind, index: number, turns: number): KubeObject {
  const isReady = turns % 2 === 0;
  const metadata: ObjectMeta = {
    name: `${kind.plural}-${index}`,
    namespace: `team-${index % 50}`,
    uid: `00000000-0000-4000-8000-${kind.plural.length}${String(index).padStart(11, '0')}`,
    resourceVersion: String(firstVersion + turns * objectsPerKind + index),
    generation: 1,
    labels: { app: `app-${index}`, 'app.kubernetes.io/managed-by': 'bench' },
    annotations: { 'bench/turn': String(turns) },
    managedFields: managedFieldsOf(kind),
  };
  const head = {
    apiVersion: kind.group === '' ? kind.version : `${kind.group}/${kind.version}`,
    kind: kind.kind,
  };
  if (kind.kind === 'ConfigMap')
    return {
      ...head,
      metadata,
      data: { config: 'key: value\n'.repeat(40), turn: String(Math.floor(turns / 2)) },
    };
  const labels = { app: `app-${index}` };
  const container = { name: 'web', image: `shop:${index}`, ports: [{ containerPort: 80 }], resources: {} };
  return {
    ...head,
    metadata,
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [container] } },
    },
    status: {
      observedGeneration: 1,
      replicas: 2,
      updatedReplicas: 2,
      availableReplicas: isReady ? 2 : 1,
      conditions: [],
    },
  };
}

function managedFieldsOf({ kind }: EventKind): NonNullable<ObjectMeta['managedFields']> {
  const owned =
    kind === 'ConfigMap'
      ? { 'f:data': { 'f:config': {}, 'f:turn': {} } }
      : {
          'f:metadata': { 'f:labels': { 'f:app': {} } },
          'f:spec': {
            'f:replicas': {},
            'f:template': {
              'f:spec': { 'f:containers': { 'k:{"name":"web"}': { '.': {}, 'f:name': {}, 'f:image': {} } } },
            },
          },
        };
  const entry = { manager, operation: 'Apply', apiVersion: 'v1', fieldsType: 'FieldsV1', fieldsV1: owned };
  return [
    entry,
    {
      ...entry,
      manager: 'controller',
      operation: 'Update',
      subresource: 'status',
      fieldsV1: { 'f:status': {} },
    },
  ];
}

/** What the n-th event of the run, counted from 0, is about. */
export function eventAt(count: number): { kind: EventKind; object: KubeObject } {
  const kind = eventKinds[count % eventKinds.length] ?? eventKinds[0];
  const ofKind = Math.floor(count / eventKinds.length);
  return {
    kind,
    object: objectAfter(kind, ofKind % objectsPerKind, 1 + Math.floor(ofKind / objectsPerKind)),
  };
}

/** How many events of a kind were about the object, after so many in all. */
export function turnsOf(kind: EventKind, index: number, count: number): number {
  const place = eventKinds.indexOf(kind);
  const ofKind = Math.floor((count - place + eventKinds.length - 1) / eventKinds.length);
  return Math.max(0, Math.floor((ofKind - index + objectsPerKind - 1) / objectsPerKind));
}

export const lineOf = (type: string, object: KubeObject): string => `${JSON.stringify({ type, object })}\n`;
