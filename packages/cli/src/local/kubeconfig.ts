// Kubeconfigs as data: one context becomes the facts that a registration needs, and several files become one.
// It never runs an exec plugin: a registration holds credentials, or it is an error.

import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { failed, isRecord, ok, type Result, WeirError } from '@weir/core';
import { dump, load } from 'js-yaml';

/** One context of a kubeconfig, with everything inside; PEM texts are base64, as in the file. */
export interface KubeconfigEntry {
  readonly server: string;
  readonly caData?: string;
  readonly insecure?: boolean;
  readonly serverName?: string;
  readonly proxyUrl?: string;
  readonly certData?: string;
  readonly keyData?: string;
  readonly token?: string;
  readonly username?: string;
  readonly password?: string;
}

type Fields = Readonly<Record<string, unknown>>;
type ReadFile = (path: string) => Promise<string>;

const invalid = (context: string, why: string): Result<never> =>
  failed({ code: 'CLUSTER_CREDENTIALS_INVALID', message: `kubeconfig context ${context}: ${why}` });

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' && value !== '' ? value : undefined;

/** Named lists of a kubeconfig: `clusters`, `users`, `contexts`. */
function named(config: unknown, list: string, field: string, name: string | undefined): Fields | undefined {
  const entries = isRecord(config) ? config[list] : undefined;
  if (!Array.isArray(entries)) return undefined;
  const found: unknown = entries.find((entry) => isRecord(entry) && entry.name === name);
  return isRecord(found) && isRecord(found[field]) ? found[field] : undefined;
}

export async function entryOfKubeconfig(
  text: string,
  options: { context?: string; readFile: ReadFile },
): Promise<Result<KubeconfigEntry>> {
  const config: unknown = load(text);
  const context = options.context ?? (isRecord(config) ? textOf(config['current-context']) : undefined) ?? '';
  const pair = named(config, 'contexts', 'context', context);
  if (pair === undefined) return invalid(context, 'does not exist; see `kubectl config get-contexts`');
  const cluster = named(config, 'clusters', 'cluster', textOf(pair.cluster));
  const user = named(config, 'users', 'user', textOf(pair.user)) ?? {};
  const server = textOf(cluster?.server);
  if (cluster === undefined || server === undefined)
    return invalid(context, 'names no cluster with a server');
  if (user.exec !== undefined || user['auth-provider'] !== undefined)
    return invalid(
      context,
      'uses an exec plugin or auth provider, which only your own machine can run; expected a token or a client certificate, for instance of a ServiceAccount for weir',
    );
  const inline = inliner(options.readFile);
  const entry = await present({
    server: Promise.resolve(server),
    caData: inline(cluster, 'certificate-authority'),
    certData: inline(user, 'client-certificate'),
    keyData: inline(user, 'client-key'),
    token: tokenOf(user, options.readFile),
    serverName: Promise.resolve(textOf(cluster['tls-server-name'])),
    proxyUrl: Promise.resolve(textOf(cluster['proxy-url'])),
    username: Promise.resolve(textOf(user.username)),
    password: Promise.resolve(textOf(user.password)),
  });
  if (entry.certData === undefined && entry.token === undefined && entry.username === undefined)
    return invalid(context, 'holds no credentials; expected a token, a client certificate or a password');
  return ok({
    ...entry,
    server,
    ...(cluster['insecure-skip-tls-verify'] === true ? { insecure: true } : {}),
  });
}

/** `<field>-data` as it is, else the content of the file that `<field>` names. */
function inliner(read: ReadFile): (fields: Fields, field: string) => Promise<string | undefined> {
  return async (fields, field) => {
    const data = textOf(fields[`${field}-data`]);
    const path = textOf(fields[field]);
    if (data !== undefined || path === undefined) return data;
    return Buffer.from(await read(path)).toString('base64');
  };
}

async function tokenOf(user: Fields, read: ReadFile): Promise<string | undefined> {
  const path = textOf(user.tokenFile);
  return textOf(user.token) ?? (path === undefined ? undefined : (await read(path)).trim());
}

/** Leaves out what is absent. */
async function present<K extends string>(
  fields: Readonly<Record<K, Promise<string | undefined>>>,
): Promise<Partial<Record<K, string>>> {
  const result: Partial<Record<K, string>> = {};
  for (const key of Object.keys(fields) as K[]) {
    const value = await fields[key];
    if (value !== undefined) result[key] = value;
  }
  return result;
}

/** A context of a file on disk; paths in it are relative to it. Throws a coded error. */
export async function readEntry(path: string, context?: string): Promise<KubeconfigEntry> {
  const entry = await entryOfKubeconfig(await readFile(path, 'utf8'), {
    ...(context === undefined ? {} : { context }),
    readFile: (file) => readFile(resolve(dirname(path), file), 'utf8'),
  });
  if (!entry.ok) throw new WeirError(entry.problem);
  return entry.value;
}

/** A kubeconfig with one context per name; the first is the current one. */
export function kubeconfigOf(entries: readonly { name: string; entry: KubeconfigEntry }[]): string {
  return dump(
    {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: entries.map(({ name, entry }) => ({ name, cluster: clusterFields(entry) })),
      users: entries.map(({ name, entry }) => ({ name: `${name}-user`, user: userFields(entry) })),
      contexts: entries.map(({ name }) => ({ name, context: { cluster: name, user: `${name}-user` } })),
      'current-context': entries[0]?.name ?? '',
    },
    { lineWidth: -1, noRefs: true },
  );
}

const given = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

const clusterFields = (entry: KubeconfigEntry): Record<string, unknown> =>
  given({
    server: entry.server,
    'certificate-authority-data': entry.caData,
    'insecure-skip-tls-verify': entry.insecure,
    'tls-server-name': entry.serverName,
    'proxy-url': entry.proxyUrl,
  });

const userFields = (entry: KubeconfigEntry): Record<string, unknown> =>
  given({
    'client-certificate-data': entry.certData,
    'client-key-data': entry.keyData,
    token: entry.token,
    username: entry.username,
    password: entry.password,
  });
