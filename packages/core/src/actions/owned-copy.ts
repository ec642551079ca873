// Names and owners of objects that an action creates from another one. It never looks inside a spec.

import type { KubeObject, ObjectMeta } from '../object.ts';

export function ownedBy(object: KubeObject): Record<string, unknown> {
  const { apiVersion, kind, metadata } = object;
  return {
    apiVersion,
    kind,
    name: metadata.name,
    // Absent in a manifest that no server has seen yet.
    ...(metadata.uid === undefined ? {} : { uid: metadata.uid }),
  };
}

/** `<name>-<digits of the time>`; a name that would become too long is cut before the time, not in it. */
export function stampedName(object: KubeObject, time: string, longest: number): string {
  const stamp = time.replaceAll(/\D/g, '');
  const room = longest - stamp.length - 1;
  return `${object.metadata.name.slice(0, room).replace(/[-.]+$/, '')}-${stamp}`;
}

/** Beside what is given: the namespace of the object that it is made from. */
export function createdMetadata(
  from: KubeObject,
  fields: Readonly<Record<string, unknown>> & { readonly name: string },
): ObjectMeta {
  const { namespace } = from.metadata;
  return { ...fields, ...(namespace === undefined ? {} : { namespace }) } as ObjectMeta;
}
