// Reads the YAML or JSON documents of a file or of standard input, within limits. It asks no cluster and judges nothing.

import { readFile, stat } from 'node:fs/promises';
import { type ErrorCode, isRecord, WeirError } from '@weir/core';
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

export interface DocumentFile {
  /** A path, or - for standard input. */
  readonly path: string;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** What is in the file, for messages: `one object`. */
  readonly expected: string;
  /** As the servers of Kubernetes do; an error otherwise. */
  readonly lastOfEqualKeys?: boolean;
}

/** The documents that say something. */
export async function readDocuments(file: DocumentFile): Promise<unknown[]> {
  const bytes = file.path === '-' ? await readStream(file) : await readBytes(file);
  if (bytes.length > largestFile) throw tooLarge(file);
  const documents = parse(new TextDecoder().decode(bytes), file);
  return documents.filter((document) => document !== null && document !== undefined);
}

export function showFile({ path }: Pick<DocumentFile, 'path'>): string {
  return path === '-' ? 'standard input' : path;
}

async function readBytes(file: DocumentFile): Promise<Uint8Array> {
  try {
    const { size } = await stat(file.path);
    if (size > largestFile) throw tooLarge(file);
    return await readFile(file.path);
  } catch (error) {
    if (!(error instanceof Error) || !('code' in error)) throw error;
    const expected = 'expected a file, or - for standard input';
    throw problem('FILE_UNREADABLE', `${file.path} cannot be read (${String(error.code)}); ${expected}`);
  }
}

async function readStream(file: DocumentFile): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of file.stdin) {
    chunks.push(chunk);
    size += chunk.length;
    if (size > largestFile) break;
  }
  return Buffer.concat(chunks);
}

function parse(text: string, file: Omit<DocumentFile, 'stdin'>): unknown[] {
  const name = showFile(file);
  let documents: unknown[];
  try {
    documents = loadAll(text, {
      schema: manifestSchema,
      filename: name,
      json: file.lastOfEqualKeys ?? false,
    });
  } catch (error) {
    const reason = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error);
    throw problem('YAML_INVALID', `${name} is not valid YAML or JSON: ${reason}`);
  }
  if (!isWithin(documents, mostValues))
    throw problem('OBJECT_INVALID', `${name} says more than ${mostValues} values; expected ${file.expected}`);
  return documents;
}

/** The documents of a text within a file, under the same limits. */
export function parseDocuments(text: string, path: string): unknown[] {
  return parse(text, { path, expected: 'one document', lastOfEqualKeys: true });
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

function tooLarge(file: DocumentFile): WeirError {
  const limit = `${largestFile >> 20} MiB`;
  return problem('OBJECT_INVALID', `${showFile(file)} is larger than ${limit}; expected ${file.expected}`);
}

function problem(code: ErrorCode, message: string): WeirError {
  return new WeirError({ code, message });
}
