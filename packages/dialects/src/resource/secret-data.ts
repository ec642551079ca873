// Reads the decoded values of a Secret's data.
// It never puts a value into a message.

import { failed, type KubeObject, ok, type Result } from '@weir/core';
import { decodeBase64 } from './base64.ts';
import { recordAt, textAt } from './read-field.ts';

export type SecretData = Readonly<Record<string, string>>;

/** `stringData` is only met in files: the API server folds it into `data`. */
export function readSecretData(secret: KubeObject): Result<SecretData> {
  const values: Record<string, string> = {};
  for (const [key, value] of Object.entries(recordAt(secret, 'data') ?? {})) {
    const decoded = typeof value === 'string' ? decodeBase64(value) : undefined;
    if (decoded === undefined) return badSecret(secret, `data.${key} is not the base64 of a text`);
    values[key] = decoded;
  }
  for (const [key, value] of Object.entries(recordAt(secret, 'stringData') ?? {})) {
    if (typeof value === 'string') values[key] = value;
  }
  return ok(values);
}

export function nameOfSecret(secret: KubeObject): string {
  const namespace = textAt(secret, 'metadata', 'namespace') ?? '';
  const name = textAt(secret, 'metadata', 'name') ?? '';
  return namespace === '' ? `Secret/${name}` : `Secret/${namespace}/${name}`;
}

export function badSecret(
  secret: KubeObject,
  what: string,
  code: 'FIELD_INVALID' | 'FIELD_UNSUPPORTED' = 'FIELD_INVALID',
): Result<never> {
  return failed({ code, message: `${nameOfSecret(secret)}: ${what}` });
}
