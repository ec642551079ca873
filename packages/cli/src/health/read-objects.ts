// Reads the objects of one file, of a list too, within the sizes that a cluster accepts. It judges none of them.

import { groupOf, isRecord, type KubeObject, WeirError } from '@weir/core';
import { readDocuments, showFile } from '../manifest/documents.ts';

/** What etcd accepts of one object. */
const largestObject = 1.5 * (1 << 20);
const mostObjects = 10_000;

interface ObjectFile {
  readonly path: string;
  readonly stdin: AsyncIterable<Uint8Array>;
}

export async function readObjects(file: ObjectFile): Promise<KubeObject[]> {
  const name = showFile(file);
  const documents = await readDocuments({ ...file, expected: 'objects', lastOfEqualKeys: true });
  const objects = documents.flatMap(itemsOf);
  if (objects.length === 0)
    throw new WeirError({ code: 'OBJECT_INVALID', message: `${name} is empty; expected objects` });
  if (objects.length > mostObjects) {
    const message = `${name} holds ${objects.length} objects; expected ${mostObjects} at most`;
    throw new WeirError({ code: 'OBJECT_INVALID', message });
  }
  return objects.map((object, index) => asObject(object, `document ${index + 1} of ${name}`));
}

/** A list as `kubectl get -o yaml` writes it. */
function itemsOf(document: unknown): unknown[] {
  if (!isRecord(document) || document.apiVersion !== 'v1' || document.kind !== 'List') return [document];
  return Array.isArray(document.items) ? document.items : [document];
}

function asObject(document: unknown, name: string): KubeObject {
  if (!isRecord(document) || !isText(document.apiVersion) || !isText(document.kind))
    throw new WeirError({
      code: 'OBJECT_INVALID',
      message: `${name} is no object; expected apiVersion and kind`,
    });
  if (groupOf(document.apiVersion).length + document.kind.length > 512)
    throw new WeirError({
      code: 'OBJECT_INVALID',
      message: `${name} has a kind longer than 512 characters; expected one that a cluster knows`,
    });
  const size = JSON.stringify(document).length;
  if (size > largestObject) {
    const message = `${name} has ${size} bytes; expected ${largestObject} at most, as a cluster accepts`;
    throw new WeirError({ code: 'OBJECT_TOO_LARGE', message });
  }
  const metadata = isRecord(document.metadata) ? document.metadata : {};
  return { ...document, metadata: { name: '', ...metadata } } as unknown as KubeObject;
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
