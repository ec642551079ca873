// The tree of a delivery as it is shown: each object with its sync, health, images, addresses and last events. Pure.

import {
  concludeLinks,
  type ExternalLink,
  idOf,
  isRecord,
  judgeHealth,
  type KubeObject,
  type ObjectId,
  type ObjectRef,
  type TreeNode,
} from '@weir/core';
import { dialects } from '../dialects.ts';
import type { Declared } from '../hub/declared.ts';
import type { ObjectEvent } from './events.ts';
import type { ReadTree } from './read-tree.ts';

export interface Node {
  readonly ref: ObjectRef;
  /** Synced, OutOfSync, Missing or Unknown; '' below the objects of the delivery itself. */
  readonly sync: string;
  /** '' for kinds that have no health. */
  readonly health: string;
  readonly message: string;
  readonly images: readonly string[];
  readonly links: readonly ExternalLink[];
  /** Oldest first. */
  readonly events: readonly ObjectEvent[];
  readonly children: readonly Node[];
}

export interface Shown {
  readonly tree: Pick<ReadTree, 'objects'>;
  /** By uid. */
  readonly events: ReadonlyMap<string, readonly ObjectEvent[]>;
}

export function nodesOf(input: {
  readonly delivery: Declared;
  readonly owned: readonly ObjectRef[];
  readonly tree: ReadTree;
  readonly events: Shown['events'];
}): Node[] {
  const { delivery, tree, events } = input;
  const syncs = recordedSyncs(delivery);
  return [...input.owned].sort(byKindAndName).map((ref) => {
    const sync = syncs.get(idOf(ref)) ?? (delivery.summary.sync === 'Synced' ? 'Synced' : 'Unknown');
    const node = tree.roots.get(idOf(ref));
    if (node !== undefined) return { ...nodeOf(node, { tree, events }), sync };
    return { ...emptyNode, ref, sync: 'Missing', health: 'Missing' };
  });
}

const emptyNode = { sync: '', health: '', message: '', images: [], links: [], events: [], children: [] };

/** Where the custom resource's status lists its resources with a status each (Argo CD), that is shown. */
function recordedSyncs(delivery: Declared): ReadonlyMap<ObjectId, string> {
  const status = delivery.object.status;
  const resources =
    isRecord(status) && Array.isArray(status.resources) ? status.resources.filter(isRecord) : [];
  const text = (value: unknown): string => (typeof value === 'string' ? value : '');
  return new Map(
    resources
      .filter((resource) => text(resource.status) !== '')
      .map((resource) => [
        idOf({
          group: text(resource.group),
          kind: text(resource.kind),
          namespace: text(resource.namespace),
          name: text(resource.name),
        }),
        text(resource.status),
      ]),
  );
}

export function nodeOf({ facts, children }: TreeNode, shown: Shown): Node {
  const read = shown.tree.objects.get(facts.uid);
  return {
    ...emptyNode,
    ref: facts.ref,
    ...(read === undefined || read.isPartial ? {} : stateOf(read.object, facts.ref)),
    ...(read === undefined ? {} : concludeLinks(read.object)),
    events: shown.events.get(facts.uid) ?? [],
    children: children.map((child) => nodeOf(child, shown)),
  };
}

/** A delivery below a delivery says how it is in the words of its dialect. */
function stateOf(object: KubeObject, ref: ObjectRef): { health: string; message: string } {
  const dialect = dialects.find(({ kinds }) =>
    kinds.some(({ group, kind, role }) => group === ref.group && kind === ref.kind && role === 'delivery'),
  );
  if (dialect !== undefined) {
    const { health, message } = dialect.summarize(object);
    return { health, message };
  }
  const judged = judgeHealth(object);
  return { health: judged?.status ?? '', message: judged?.message ?? '' };
}

function byKindAndName(a: ObjectRef, b: ObjectRef): number {
  const key = (ref: ObjectRef): string => `${ref.kind}/${ref.namespace}/${ref.name}`;
  return key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0;
}
