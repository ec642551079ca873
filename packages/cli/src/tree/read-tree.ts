// What a tree is made of, read from one cluster with few requests: the objects of the delivery, then lists of what can
// stand below them. Reads only; what may not be listed hides its objects and nothing else.

import {
  apiVersionOf,
  concludeTreeFacts,
  growTree,
  idOf,
  type KubeObject,
  type ObjectId,
  type ObjectRef,
  refOf,
  type TreeNode,
} from '@weir/core';
import type { KubeClient } from '@weir/kube';
import { mayHaveHealth, type Wanted, wantedLists } from './child-kinds.ts';

const parallelReads = 8;
/** From this many objects of one kind and namespace on, one list costs less than a request each. */
const listFrom = 5;
/** Custom resources below the delivery's own that are read whole, for their health. */
const mostWholeChildren = 100;

export interface ReadObject {
  readonly object: KubeObject;
  /** Nothing but its metadata was read: it says nothing of its health. */
  readonly isPartial: boolean;
}

export interface ReadTree {
  /** One for each object of the delivery that is in the cluster. */
  readonly roots: ReadonlyMap<ObjectId, TreeNode>;
  /** By uid. */
  readonly objects: ReadonlyMap<string, ReadObject>;
  /** There is more than was asked for. */
  readonly isCut: boolean;
}

interface Reading {
  readonly client: KubeClient;
  readonly signal: AbortSignal;
}

export async function readTree(input: Reading & { readonly owned: readonly ObjectRef[] }): Promise<ReadTree> {
  const { client, owned } = input;
  const roots = await readRoots(input, owned);
  const { all } = await client.resources();
  const wanted = wantedLists(
    roots.map((object) => refOf(object)),
    all,
  );
  const lists = await mapInParallel(wanted.lists, (list) => readList(input, list));
  const objects = new Map<string, ReadObject>();
  for (const read of lists.flat()) add(objects, read);
  for (const object of roots) add(objects, { object, isPartial: false });
  const facts = [...objects.values()].map(({ object }) => concludeTreeFacts(object));
  const grown = growTree({ all: facts, roots: roots.map(({ metadata }) => metadata.uid ?? '') });
  await completeChildren(input, { nodes: grown.nodes, objects });
  return {
    roots: new Map(grown.nodes.map((node) => [idOf(node.facts.ref), node])),
    objects,
    isCut: wanted.isCut || grown.isCut,
  };
}

function add(objects: Map<string, ReadObject>, read: ReadObject): void {
  const { uid } = read.object.metadata;
  if (uid !== undefined && (!read.isPartial || !objects.has(uid))) objects.set(uid, read);
}

async function readRoots(reading: Reading, owned: readonly ObjectRef[]): Promise<KubeObject[]> {
  const groups = new Map<string, ObjectRef[]>();
  for (const ref of owned) {
    const key = `${ref.group}/${ref.version}/${ref.kind}/${ref.namespace}`;
    groups.set(key, [...(groups.get(key) ?? []), ref]);
  }
  const reads = [...groups.values()].flatMap((refs) =>
    refs.length < listFrom ? refs.map((ref) => [ref]) : [refs],
  );
  const found = await mapInParallel(reads, (refs) => readGroup(reading, refs));
  return found.flat();
}

const isSecret = ({ group, kind }: ObjectRef): boolean => group === '' && kind === 'Secret';
/** Their values are of no interest to a tree, and large or secret. */
const isPlain = (ref: ObjectRef): boolean => isSecret(ref) || (ref.group === '' && ref.kind === 'ConfigMap');

/** None where the object, or its whole kind, is gone. A list that is refused is read one by one. */
async function readGroup(reading: Reading, refs: readonly ObjectRef[]): Promise<KubeObject[]> {
  const { client, signal } = reading;
  const [first] = refs;
  const resource = first === undefined ? undefined : (await client.resources()).find(first);
  if (first === undefined || resource === undefined) return [];
  if (refs.length > 1 || isSecret(first)) {
    const names = new Set(refs.map(({ name }) => name));
    const listed = await readList(reading, {
      resource,
      namespace: first.namespace,
      metadataOnly: isPlain(first),
      ...(refs.length === 1 ? { fieldSelector: `metadata.name=${first.name}` } : {}),
    });
    const known = listed.filter(({ object }) => names.has(object.metadata.name));
    if (known.length > 0) return known.map(({ object }) => object);
  }
  const single = await mapInParallel(refs, (ref) => client.get(ref, signal));
  return single.filter((object) => object !== undefined);
}

async function readList({ client, signal }: Reading, wanted: Wanted): Promise<ReadObject[]> {
  const { resource, namespace, metadataOnly, fieldSelector } = wanted;
  const options = {
    ...(namespace === '' ? {} : { namespace }),
    ...(fieldSelector === undefined ? {} : { fieldSelector }),
    metadataOnly,
    signal,
  };
  try {
    const listed = await client.list(resource, options);
    const named = { apiVersion: apiVersionOf(resource), kind: resource.kind };
    return listed.map((object) => ({ object: { ...object, ...named }, isPartial: metadataOnly }));
  } catch (error) {
    if (signal.aborted) throw error;
    return [];
  }
}

/** Children that may say how they are, and of which only the metadata is known, are read whole. */
async function completeChildren(
  { client, signal }: Reading,
  grown: { readonly nodes: readonly TreeNode[]; readonly objects: Map<string, ReadObject> },
): Promise<void> {
  const partial = new Map<string, ObjectRef>();
  const collect = ({ facts, children }: TreeNode): void => {
    const read = grown.objects.get(facts.uid);
    if (read?.isPartial === true && mayHaveHealth(facts.ref)) partial.set(facts.uid, facts.ref);
    for (const child of children) collect(child);
  };
  for (const node of grown.nodes) collect(node);
  await mapInParallel([...partial].slice(0, mostWholeChildren), async ([uid, ref]) => {
    const object = await client.get(ref, signal).catch((error: unknown) => {
      if (signal.aborted) throw error;
      return undefined;
    });
    if (object?.metadata.uid === uid) grown.objects.set(uid, { object, isPartial: false });
  });
}

export async function mapInParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      const item = items[i];
      if (item !== undefined) results[i] = await work(item);
    }
  };
  await Promise.all(Array.from({ length: parallelReads }, worker));
  return results;
}
