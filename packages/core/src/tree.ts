// Which object stands below which: by owner references, and by the few relations that Kubernetes keeps otherwise.
// It never drops an object because its parent is unknown, and never follows a cycle twice.

import { groupOf, isRecord, type KubeObject, type ObjectRef, refOf } from './object.ts';

/** What is kept of an object to place it; from its metadata alone, but for the claims of a StatefulSet. */
export interface TreeFacts {
  readonly uid: string;
  readonly ref: ObjectRef;
  readonly owners: readonly Owner[];
  /** Of a StatefulSet: the names of its claim templates. */
  readonly claims?: readonly string[];
}

/** `uid` is '' where only the name is known; such an owner is in the namespace of what it owns. */
interface Owner {
  readonly uid: string;
  readonly group: string;
  readonly kind: string;
  readonly name: string;
}

export interface TreeEdge {
  /** Uids. */
  readonly parent: string;
  readonly child: string;
}

export interface TreeNode {
  readonly facts: TreeFacts;
  readonly children: readonly TreeNode[];
}

export interface TreeLimits {
  readonly depth: number;
  readonly nodes: number;
}

/** Deeper than any controller nests; more than anybody reads. */
export const treeLimits: TreeLimits = { depth: 16, nodes: 5_000 };

export function concludeTreeFacts(object: KubeObject): TreeFacts {
  const owners = [
    ...(object.metadata.ownerReferences ?? []).map(({ apiVersion, kind, name, uid }) => ({
      group: groupOf(apiVersion),
      kind,
      name,
      uid,
    })),
    ...inferredOwners(object),
  ];
  const claims = claimsOf(object);
  const facts = { uid: object.metadata.uid ?? '', ref: refOf(object), owners };
  return claims.length === 0 ? facts : { ...facts, claims };
}

/** Relations by name, as Argo CD knows them; an object that says its owner itself needs none of the first two. */
function inferredOwners(object: KubeObject): Owner[] {
  const { metadata, kind } = object;
  const group = groupOf(object.apiVersion);
  const owner = (of: { group: string; kind: string; name: string | undefined; uid?: string }): Owner[] =>
    of.name === undefined || of.name === ''
      ? []
      : [{ group: of.group, kind: of.kind, name: of.name, uid: of.uid ?? '' }];
  const isOwned = (metadata.ownerReferences ?? []).length > 0;
  if (group === '' && kind === 'Endpoints' && !isOwned)
    return owner({ group: '', kind: 'Service', name: metadata.name });
  if (group === 'discovery.k8s.io' && kind === 'EndpointSlice' && !isOwned)
    return owner({ group: '', kind: 'Service', name: metadata.labels?.['kubernetes.io/service-name'] });
  if (group === 'operators.coreos.com' && kind === 'ClusterServiceVersion')
    return owner({ group, kind: 'OperatorGroup', name: metadata.annotations?.['olm.operatorGroup'] });
  // Only tokens of service accounts carry the annotation, so the type of the Secret need not be read.
  if (group === '' && kind === 'Secret')
    return owner({
      group: '',
      kind: 'ServiceAccount',
      name: metadata.annotations?.['kubernetes.io/service-account.name'],
      uid: metadata.annotations?.['kubernetes.io/service-account.uid'] ?? '',
    });
  return [];
}

function claimsOf(object: KubeObject): string[] {
  if (object.kind !== 'StatefulSet' || groupOf(object.apiVersion) !== 'apps' || !isRecord(object.spec))
    return [];
  const templates = object.spec.volumeClaimTemplates;
  if (!Array.isArray(templates)) return [];
  return templates.flatMap((template: unknown) => {
    const metadata = isRecord(template) && isRecord(template.metadata) ? template.metadata : {};
    return typeof metadata.name === 'string' ? [metadata.name] : [];
  });
}

/** Each pair once; an object is never its own parent. A uid may point into another namespace or to no namespace at all. */
export function edgesOf(all: readonly TreeFacts[]): TreeEdge[] {
  const byUid = new Map(all.map((facts) => [facts.uid, facts]));
  const byName = new Map(all.map((facts) => [nameKey(facts.ref), facts]));
  const claimants = claimantsOf(all);
  const edges = new Map<string, TreeEdge>();
  for (const facts of all)
    for (const parent of parentsOf(facts, { byUid, byName, claimants }))
      if (parent.uid !== facts.uid)
        edges.set(`${parent.uid}/${facts.uid}`, { parent: parent.uid, child: facts.uid });
  return [...edges.values()];
}

interface Index {
  readonly byUid: ReadonlyMap<string, TreeFacts>;
  readonly byName: ReadonlyMap<string, TreeFacts>;
  readonly claimants: ReadonlyMap<string, readonly TreeFacts[]>;
}

const nameKey = (of: { group: string; kind: string; namespace: string; name: string }): string =>
  `${of.group}/${of.kind}/${of.namespace}/${of.name}`;

function parentsOf(facts: TreeFacts, index: Index): TreeFacts[] {
  const { namespace } = facts.ref;
  const owners = facts.owners.flatMap(({ uid, ...named }) => {
    // A uid counts alone: an owner that was made anew under the old name is another object.
    const found = uid === '' ? index.byName.get(nameKey({ ...named, namespace })) : index.byUid.get(uid);
    return found === undefined ? [] : [found];
  });
  return [...owners, ...claimingSets(facts, index)];
}

/** `<template>-<set>-<ordinal>`: claims have no owner, so that they outlive their set. */
function claimingSets({ ref }: TreeFacts, { claimants }: Index): readonly TreeFacts[] {
  if (ref.group !== '' || ref.kind !== 'PersistentVolumeClaim') return [];
  const stem = /^(.+)-\d+$/.exec(ref.name)?.[1];
  return stem === undefined ? [] : (claimants.get(`${ref.namespace}/${stem}`) ?? []);
}

function claimantsOf(all: readonly TreeFacts[]): Map<string, TreeFacts[]> {
  const claimants = new Map<string, TreeFacts[]>();
  for (const facts of all)
    for (const claim of facts.claims ?? []) {
      const key = `${facts.ref.namespace}/${claim}-${facts.ref.name}`;
      claimants.set(key, [...(claimants.get(key) ?? []), facts]);
    }
  return claimants;
}

/**
 * Below each root what it leads to, children by kind and name. An object with two parents stands below both; one that
 * would stand below itself, too deep, or beyond the limit of nodes is left out, and then `isCut` is true.
 */
export function growTree(input: {
  readonly all: readonly TreeFacts[];
  /** Uids. */
  readonly roots: readonly string[];
  readonly limits?: TreeLimits;
}): { readonly nodes: readonly TreeNode[]; readonly isCut: boolean } {
  const { all, roots, limits = treeLimits } = input;
  const byUid = new Map(all.map((facts) => [facts.uid, facts]));
  const children = new Map<string, TreeFacts[]>();
  for (const { parent, child } of edgesOf(all)) {
    const facts = byUid.get(child);
    if (facts !== undefined) children.set(parent, [...(children.get(parent) ?? []), facts]);
  }
  const state = { left: limits.nodes, isCut: false };
  const grow = (facts: TreeFacts, above: readonly string[]): TreeNode => {
    const path = [...above, facts.uid];
    const below = (children.get(facts.uid) ?? [])
      .filter(({ uid }) => !path.includes(uid))
      .sort(byKindAndName);
    const room = path.length >= limits.depth ? 0 : state.left;
    if (below.length > room) state.isCut = true;
    const shown = below.slice(0, Math.max(0, room));
    state.left -= shown.length;
    return { facts, children: shown.map((child) => grow(child, path)) };
  };
  const known = roots.flatMap((uid) => byUid.get(uid) ?? []);
  return { nodes: known.map((facts) => grow(facts, [])), isCut: state.isCut };
}

function byKindAndName({ ref: a }: TreeFacts, { ref: b }: TreeFacts): number {
  const keys = [a, b].map((ref) => `${ref.kind}/${ref.namespace}/${ref.name}`) as [string, string];
  return keys[0] < keys[1] ? -1 : keys[0] > keys[1] ? 1 : 0;
}
