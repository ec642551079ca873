// Reads Argo CD's repository and repo-creds Secrets and finds the one that fits a URL.
// It never contacts a repository, and never shows a credential.

import { type GitCredentials, type KubeObject, ok, type RepositoryRecord, type Result } from '@weir/core';
import { textAt } from '../resource/read-field.ts';
import { badSecret, readSecretData } from '../resource/secret-data.ts';
import { secretTypeLabel } from './names.ts';

/** Ways to authenticate that would be missed if they were ignored. */
const unsupported = [
  'sshPrivateKey',
  'githubAppPrivateKey',
  'gcpServiceAccountKey',
  'tlsClientCertData',
  'proxy',
] as const;

/** Undefined for a Secret of another type, and for repositories that are not Git. */
export function readRepositorySecret(secret: KubeObject): Result<RepositoryRecord> | undefined {
  const type = textAt(secret, 'metadata', 'labels', secretTypeLabel);
  if (type !== 'repository' && type !== 'repo-creds') return undefined;
  const data = readSecretData(secret);
  if (!data.ok) return data;
  const { url, username, password, bearerToken } = data.value;
  if ((data.value.type || 'git') !== 'git') return undefined;
  if (url === undefined || url.trim() === '') return badSecret(secret, 'data.url is required');
  const refused = unsupported.find((key) => (data.value[key] ?? '') !== '');
  if (refused !== undefined) {
    return badSecret(secret, `data.${refused} is not supported yet`, 'FIELD_UNSUPPORTED');
  }
  const credentials: GitCredentials = {
    ...(username ? { username } : {}),
    ...(password ? { password } : {}),
    ...(bearerToken ? { bearerToken } : {}),
  };
  return ok({ url: url.trim(), isPrefix: type === 'repo-creds', credentials });
}

/** `https://Host/a/b.git/` and `https://host/a/b` are one repository. */
export function normalizeRepositoryUrl(url: string): string {
  const trimmed = url.trim().toLowerCase().replace(/\/+$/, '');
  return trimmed.endsWith('.git') ? trimmed.slice(0, -'.git'.length) : trimmed;
}

/** The repository of exactly this URL, else the credentials with the longest matching prefix. */
export function matchRepository(
  url: string,
  records: readonly RepositoryRecord[],
): RepositoryRecord | undefined {
  const wanted = normalizeRepositoryUrl(url);
  const exact = records.find((each) => !each.isPrefix && normalizeRepositoryUrl(each.url) === wanted);
  const prefix = longestPrefix(url, records);
  // A repository without credentials of its own takes those of its prefix, as in Argo CD.
  return exact !== undefined && Object.keys(exact.credentials).length > 0 ? exact : (prefix ?? exact);
}

function longestPrefix(url: string, records: readonly RepositoryRecord[]): RepositoryRecord | undefined {
  const wanted = url.trim().toLowerCase();
  let best: RepositoryRecord | undefined;
  for (const record of records) {
    const isMatch = record.isPrefix && wanted.startsWith(record.url.trim().toLowerCase());
    if (isMatch && (best === undefined || record.url.length > best.url.length)) best = record;
  }
  return best;
}
