// Reads the one object that an action is about from a file or from standard input. It asks no cluster.

import { isRecord, type KubeObject, showProblem, WeirError } from '@weir/core';
import { Exit, exitCodes } from '../exit.ts';
import { readDocuments, showFile } from '../manifest/documents.ts';

export async function readObject(path: string, stdin: AsyncIterable<Uint8Array>): Promise<KubeObject> {
  const name = showFile({ path });
  const documents = await readDocuments({ path, stdin, expected: 'one object' }).catch(asUsage);
  if (documents.length !== 1)
    throw invalid(`${name} holds ${documents.length} documents; expected one object`);
  return asObject(documents[0], name);
}

/** A file that is not there is a wrong argument. */
function asUsage(error: unknown): never {
  if (error instanceof WeirError && error.problem.code === 'FILE_UNREADABLE')
    throw new Exit(exitCodes.usage, showProblem(error.problem));
  throw error;
}

function asObject(document: unknown, name: string): KubeObject {
  const object = isRecord(document) ? document : {};
  const { apiVersion, kind, metadata } = object;
  const isNamed = isRecord(metadata) && typeof metadata.name === 'string' && metadata.name !== '';
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isNamed)
    throw invalid(`${name} is no object; expected apiVersion, kind and metadata.name`);
  return object as unknown as KubeObject;
}

function invalid(message: string): WeirError {
  return new WeirError({ code: 'OBJECT_INVALID', message });
}
