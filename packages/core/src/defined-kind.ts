// Which kind a CustomResourceDefinition brings into a cluster. It looks at nothing else of the definition.

import { groupOf, isRecord, type KubeObject } from './object.ts';

/** The kind that a CustomResourceDefinition defines; undefined for any other object. */
export function definedKind(
  object: KubeObject,
): { readonly group: string; readonly kind: string; readonly isNamespaced: boolean } | undefined {
  if (object.kind !== 'CustomResourceDefinition' || groupOf(object.apiVersion) !== 'apiextensions.k8s.io')
    return undefined;
  const { spec } = object;
  if (!isRecord(spec) || !isRecord(spec.names) || typeof spec.group !== 'string') return undefined;
  const { kind } = spec.names;
  return typeof kind === 'string'
    ? { group: spec.group, kind, isNamespaced: spec.scope === 'Namespaced' }
    : undefined;
}
