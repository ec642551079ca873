// Reads the one object that an action is about from a file or from standard input. It asks no cluster.

import { readFile } from 'node:fs/promises';
import { type ErrorCode, isRecord, type KubeObject, WeirError } from '@weir/core';
import {
  boolCoreTag,
  floatYaml11Tag,
  intYaml11Tag,
  loadAll,
  mapTag,
  mergeTag,
  nullYaml11Tag,
  Schema,
  seqTag,
  strTag,
} from 'js-yaml';
import { Exit, exitCodes } from '../exit.ts';

/** An object that a server keeps has 1.5 MB at most; as YAML, with its managed fields, some times as much. */
const largestFile = 8 << 20;
/** With aliases a small file can say much: values are counted as often as they are referred to. */
const mostValues = 500_000;

/** Numbers as Kubernetes reads them (`0644` is octal), and times as the texts that they are. */
const manifestSchema = new Schema([
  mergeTag,
  nullYaml11Tag,
  boolCoreTag,
  intYaml11Tag,
  floatYaml11Tag,
  strTag,
  seqTag,
  mapTag,
]);

export async function readObject(path: string, stdin: AsyncIterable<Uint8Array>): Promise<KubeObject> {
  const name = path === '-' ? 'standard input' : path;
  const text = path === '-' ? await readStream(stdin) : await readText(path);
  const documents = parse(text, name).filter((document) => document !== null && document !== undefined);
  if (documents.length !== 1)
    throw problem('OBJECT_INVALID', `${name} holds ${documents.length} documents; expected one object`);
  return asObject(documents[0], name);
}

async function readText(path: string): Promise<string> {
  try {
    const bytes = await readFile(path);
    return decode(bytes, path);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    throw new Exit(
      exitCodes.usage,
      `${path} cannot be read (${String(error.code)}); expected a file, or - for standard input`,
    );
  }
}

async function readStream(stdin: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of stdin) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > largestFile) break;
  }
  return decode(Buffer.concat(chunks), 'standard input');
}

function decode(bytes: Uint8Array, name: string): string {
  if (bytes.length > largestFile)
    throw problem('OBJECT_INVALID', `${name} is larger than ${largestFile >> 20} MiB; expected one object`);
  return new TextDecoder().decode(bytes);
}

function parse(text: string, name: string): unknown[] {
  let documents: unknown[];
  try {
    documents = loadAll(text, { schema: manifestSchema, filename: name });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw problem('YAML_INVALID', `${name} is not valid YAML or JSON: ${reason}`);
  }
  if (!isWithin(documents, mostValues))
    throw problem('OBJECT_INVALID', `${name} says more than ${mostValues} values; expected one object`);
  return documents;
}

function isWithin(value: unknown, limit: number): boolean {
  const pending: unknown[] = [value];
  for (let seen = 0; pending.length > 0; seen += 1) {
    if (seen > limit || pending.length > limit) return false;
    const next = pending.pop();
    if (Array.isArray(next)) for (const entry of next) pending.push(entry);
    else if (isRecord(next)) for (const entry of Object.values(next)) pending.push(entry);
  }
  return true;
}

function asObject(document: unknown, name: string): KubeObject {
  const object = isRecord(document) ? document : {};
  const { apiVersion, kind, metadata } = object;
  const isNamed = isRecord(metadata) && typeof metadata.name === 'string' && metadata.name !== '';
  if (typeof apiVersion !== 'string' || typeof kind !== 'string' || !isNamed)
    throw problem('OBJECT_INVALID', `${name} is no object; expected apiVersion, kind and metadata.name`);
  return object as unknown as KubeObject;
}

function problem(code: ErrorCode, message: string): WeirError {
  return new WeirError({ code, message });
}
