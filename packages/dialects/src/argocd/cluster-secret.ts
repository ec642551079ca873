// Reads an Argo CD cluster Secret: name, server and how to authenticate.
// It never connects, and never shows a credential.

import { type ClusterRecord, isRecord, type KubeObject, ok, type Problem, type Result } from '@weir/core';
import { decodeBase64 } from '../resource/base64.ts';
import { isZero, textAt } from '../resource/read-field.ts';
import { badSecret, readSecretData } from '../resource/secret-data.ts';
import { checkValue } from '../schema/check-value.ts';
import { boolean, freeForm, object, optionalObject, type Static, string } from '../schema/field.ts';
import { secretTypeLabel } from './names.ts';

const configSchema = object({
  username: string(),
  password: string(),
  bearerToken: string(),
  tlsClientConfig: optionalObject({
    insecure: boolean(),
    serverName: string(),
    caData: string(),
    certData: string(),
    keyData: string(),
  }),
  awsAuthConfig: freeForm(),
  execProviderConfig: freeForm(),
  disableCompression: boolean(),
  proxyUrl: string(),
});
type ClusterConfig = Static<typeof configSchema>;

/** Undefined for a Secret of another type. */
export function readClusterSecret(secret: KubeObject): Result<ClusterRecord> | undefined {
  if (textAt(secret, 'metadata', 'labels', secretTypeLabel) !== 'cluster') return undefined;
  const data = readSecretData(secret);
  if (!data.ok) return data;
  const { server, name, config, namespaces } = data.value;
  if (server === undefined || server.trim() === '') return badSecret(secret, 'data.server is required');
  if (namespaces !== undefined && namespaces.trim() !== '') {
    return badSecret(
      secret,
      'data.namespaces (a part of a cluster) is not supported yet',
      'FIELD_UNSUPPORTED',
    );
  }
  const parsed = parseConfig(config ?? '{}');
  if (parsed === undefined) return badSecret(secret, 'data.config is not a JSON object');
  const checked = checkValue(configSchema, parsed, 'config');
  const problem = checked.problems[0] ?? unsupportedAuthentication(checked.value);
  if (problem !== undefined) return badSecret(secret, problem.message, codeOf(problem));
  return lowerConfig(secret, { name: name || server, server: server.trim() }, checked.value);
}

function codeOf(problem: Problem): 'FIELD_INVALID' | 'FIELD_UNSUPPORTED' {
  return problem.code === 'FIELD_UNSUPPORTED' ? 'FIELD_UNSUPPORTED' : 'FIELD_INVALID';
}

function parseConfig(text: string): Record<string, unknown> | undefined {
  try {
    const parsed: unknown = JSON.parse(text === '' ? '{}' : text);
    return isRecord(parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
}

function unsupportedAuthentication(config: ClusterConfig): Problem | undefined {
  for (const field of ['execProviderConfig', 'awsAuthConfig'] as const) {
    if (isZero(config[field])) continue;
    return {
      code: 'FIELD_UNSUPPORTED',
      message: `config.${field} is not supported yet; use a bearer token or a client certificate`,
    };
  }
  return undefined;
}

function lowerConfig(
  secret: KubeObject,
  identity: Pick<ClusterRecord, 'name' | 'server'>,
  config: ClusterConfig,
): Result<ClusterRecord> {
  const tls = config.tlsClientConfig ?? {};
  const pems: { caPem?: string; certPem?: string; keyPem?: string } = {};
  for (const [from, to] of [
    ['caData', 'caPem'],
    ['certData', 'certPem'],
    ['keyData', 'keyPem'],
  ] as const) {
    const encoded = tls[from];
    if (encoded === undefined || encoded === '') continue;
    const pem = decodeBase64(encoded);
    if (pem === undefined) return badSecret(secret, `config.tlsClientConfig.${from} is not base64`);
    pems[to] = pem;
  }
  return ok({
    ...identity,
    ...(config.username ? { username: config.username } : {}),
    ...(config.password ? { password: config.password } : {}),
    ...(config.bearerToken ? { bearerToken: config.bearerToken } : {}),
    ...pems,
    ...(tls.serverName ? { serverName: tls.serverName } : {}),
    ...(tls.insecure === undefined ? {} : { insecure: tls.insecure }),
    ...(config.proxyUrl ? { proxyUrl: config.proxyUrl } : {}),
  });
}
