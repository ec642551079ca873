// An object without what every write changes and nobody declares, so that two states can be compared.

import type { KubeObject } from '@weir/core';

export function bareObject(object: KubeObject): KubeObject {
  const {
    managedFields: _fields,
    resourceVersion: _version,
    generation: _generation,
    ...metadata
  } = object.metadata;
  return { ...object, metadata: metadata as KubeObject['metadata'] };
}
