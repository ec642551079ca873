// Reads the Secret that a GitRepository names: basic authentication, bearer token, certificate authority.
// It never shows a credential.

import { type GitCredentials, type KubeObject, ok, type Result } from '@weir/core';
import { badSecret, readSecretData } from '../resource/secret-data.ts';

const unsupported = ['identity', 'githubAppID', 'tls.crt', 'tls.key'] as const;

export function readCredentialsSecret(secret: KubeObject): Result<GitCredentials> {
  const data = readSecretData(secret);
  if (!data.ok) return data;
  const refused = unsupported.find((key) => (data.value[key] ?? '') !== '');
  if (refused !== undefined) {
    return badSecret(secret, `data['${refused}'] is not supported yet`, 'FIELD_UNSUPPORTED');
  }
  const { username, password, bearerToken } = data.value;
  const caPem = data.value['ca.crt'] || data.value.caFile;
  if (username && !password) return badSecret(secret, 'data.username is given without data.password');
  return ok({
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(bearerToken ? { bearerToken } : {}),
    ...(caPem ? { caPem } : {}),
  });
}
