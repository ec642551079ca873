// The destination namespace of a delivery that gives it labels and annotations: wanted like any object, but nobody's
// own. It carries no mark, so it is never pruned and never deleted with the delivery.

import { canonicalJson, type Digest } from './canonical.ts';
import type { Delivery } from './delivery.ts';
import { idOf, type KubeObject, type ObjectId, type ObjectRef } from './object.ts';

interface ManagedNamespace {
  readonly id: ObjectId;
  readonly ref: ObjectRef;
  readonly object: KubeObject;
  readonly digest: string;
  readonly isHome: true;
}

/** Undefined where no metadata is asked for, or Git has the namespace itself. */
export function managedNamespace(
  delivery: Pick<Delivery, 'namespace'> & Partial<Pick<Delivery, 'policy'>>,
  wanted: ReadonlyMap<ObjectId, unknown>,
  digest: Digest,
): ManagedNamespace | undefined {
  const { namespace: name, policy } = delivery;
  const { labels, annotations } = policy?.namespaceMetadata ?? {};
  const isEmpty = Object.keys(labels ?? {}).length + Object.keys(annotations ?? {}).length === 0;
  if (policy?.createNamespace !== true || name === '' || isEmpty) return undefined;
  const ref: ObjectRef = { group: '', version: 'v1', kind: 'Namespace', namespace: '', name };
  const id = idOf(ref);
  if (wanted.has(id)) return undefined;
  const metadata = {
    name,
    ...(labels === undefined ? {} : { labels }),
    ...(annotations === undefined ? {} : { annotations }),
  };
  const object: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata };
  return { id, ref, object, digest: digest(canonicalJson(object)), isHome: true };
}
