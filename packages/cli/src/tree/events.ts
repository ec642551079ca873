// The last events of the objects of a tree, with one request per namespace. Reads only.

import { isRecord, type KubeObject, type TreeNode } from '@weir/core';
import type { KubeClient } from '@weir/kube';
import { eventRow } from '../commands/events.ts';
import { mapInParallel, type ReadTree } from './read-tree.ts';

export interface ObjectEvent {
  /** ISO 8601. */
  readonly time: string;
  readonly type: string;
  readonly reason: string;
  readonly count: number;
  readonly message: string;
}

const eventsResource = { group: '', version: 'v1', plural: 'events' };
const mostPerObject = 3;
const mostNamespaces = 30;
/** Where the API server keeps the events of objects without a namespace. */
const clusterEvents = 'default';

export async function readEvents(input: {
  readonly client: KubeClient;
  readonly tree: ReadTree;
  readonly signal: AbortSignal;
}): Promise<Map<string, readonly ObjectEvent[]>> {
  const { client, tree, signal } = input;
  const shown = new Map<string, string>();
  const collect = ({ facts, children }: TreeNode): void => {
    shown.set(facts.uid, facts.ref.namespace === '' ? clusterEvents : facts.ref.namespace);
    for (const child of children) collect(child);
  };
  for (const node of tree.roots.values()) collect(node);
  const namespaces = [...new Set(shown.values())].slice(0, mostNamespaces);
  const listed = await mapInParallel(namespaces, (namespace) =>
    client.list(eventsResource, { namespace, signal }).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return [];
    }),
  );
  return lastEvents(listed.flat(), new Set(shown.keys()));
}

/** By uid of the object that each is about; oldest first, and only the last few. */
export function lastEvents(
  events: readonly KubeObject[],
  uids: ReadonlySet<string>,
): Map<string, readonly ObjectEvent[]> {
  const byUid = new Map<string, ObjectEvent[]>();
  for (const event of events) {
    const about = isRecord(event.involvedObject) ? event.involvedObject.uid : undefined;
    if (typeof about !== 'string' || !uids.has(about)) continue;
    const { time, type, reason, count, message } = eventRow(event);
    byUid.set(about, [...(byUid.get(about) ?? []), { time, type, reason, count, message }]);
  }
  const last = [...byUid].map(([uid, of]): [string, ObjectEvent[]] => [
    uid,
    of.sort((a, b) => Date.parse(a.time) - Date.parse(b.time)).slice(-mostPerObject),
  ]);
  return new Map(last);
}
