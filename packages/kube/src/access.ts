// How a cluster is reached: a kubeconfig or a registration becomes an address, TLS material and a source of headers.
// The only file that touches @kubernetes/client-node; it never sends a request to a cluster.

import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { type ClusterRecord, failed, isRecord, ok, type Result, WeirError } from '@weir/core';

export interface ClusterAccess {
  /** What people call the cluster. */
  readonly name: string;
  /** `https://host:port`, without a trailing slash. */
  readonly server: string;
  readonly tls: Pick<ConnectionOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;
  /** Asked again for each request, so that tokens may expire; must be quick when nothing expired. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
}

const trimServer = (server: string): string => server.replace(/\/+$/, '');

/** Access as a cluster Secret describes it. */
export function accessOfRecord(record: ClusterRecord): ClusterAccess {
  const headers: Record<string, string> = {};
  if (record.bearerToken !== undefined) headers.authorization = `Bearer ${record.bearerToken}`;
  else if (record.username !== undefined)
    headers.authorization = `Basic ${Buffer.from(`${record.username}:${record.password ?? ''}`).toString('base64')}`;
  return {
    name: record.name,
    server: trimServer(record.server),
    tls: {
      ...(record.caPem === undefined ? {} : { ca: record.caPem }),
      ...(record.certPem === undefined ? {} : { cert: record.certPem }),
      ...(record.keyPem === undefined ? {} : { key: record.keyPem }),
      ...(record.serverName === undefined ? {} : { servername: record.serverName }),
      ...(record.insecure === true ? { rejectUnauthorized: false } : {}),
    },
    headers: async () => headers,
  };
}

export interface KubeconfigOptions {
  readonly name?: string;
  readonly context?: string;
  /** Run the exec plugins and read the files that the kubeconfig names; only for the user's own, never for a Secret's. */
  readonly allowExec?: boolean;
}

const invalid = (
  name: string,
  why: string,
): { ok: false; problem: { code: 'CLUSTER_CREDENTIALS_INVALID'; message: string } } => ({
  ok: false,
  problem: { code: 'CLUSTER_CREDENTIALS_INVALID', message: `kubeconfig of ${name}: ${why}` },
});

/** Members by which a kubeconfig names files of whoever loads it. */
const fileMembers = [
  'certificate-authority',
  'client-certificate',
  'client-key',
  'tokenFile',
  'token-file',
] as const;

/**
 * A kubeconfig that somebody else wrote must not name files: the token of this very process would be sent to a server
 * of the writer's choice.
 */
function namedFile(parsed: unknown): string | undefined {
  if (!isRecord(parsed)) return undefined;
  const named = [parsed.clusters, parsed.users].flatMap((list) => (Array.isArray(list) ? list : []));
  const members = named.filter(isRecord).flatMap(({ cluster, user }) => [cluster, user].filter(isRecord));
  return fileMembers.find((member) => members.some((of) => of[member] !== undefined));
}

/** Access from the text of a kubeconfig. Files that it names are read once, where they may be. */
export async function accessOfKubeconfig(
  text: string,
  options: KubeconfigOptions = {},
): Promise<Result<ClusterAccess>> {
  const { KubeConfig, loadYaml } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  const shown = options.name ?? options.context ?? 'the cluster';
  try {
    // Before anything is loaded, since loading reads the files.
    const file = options.allowExec === true ? undefined : namedFile(loadYaml(text));
    if (file !== undefined)
      return invalid(shown, `names a file (${file}), which a Secret may not; expected the data itself`);
    config.loadFromString(text);
    if (options.context !== undefined) config.setCurrentContext(options.context);
  } catch {
    // The parser's message would quote the lines around the mistake, and credentials with them.
    return failed(invalid(shown, 'cannot be parsed; expected a kubeconfig in YAML or JSON').problem);
  }
  const cluster = config.getCurrentCluster();
  const user = config.getCurrentUser();
  if (cluster === null || user === null)
    return invalid(
      shown,
      `context ${options.context ?? config.currentContext} names no cluster and user; expected both`,
    );
  if (options.allowExec !== true && (user.exec !== undefined || user.authProvider !== undefined))
    return invalid(
      shown,
      'uses an exec plugin or auth provider, which a Secret may not; expected a token or a client certificate',
    );
  const tls: Record<string, unknown> = {};
  try {
    await config.applyToHTTPSOptions(tls);
  } catch (error) {
    return invalid(shown, error instanceof Error ? error.message : 'credentials cannot be loaded');
  }
  const pick = ['ca', 'cert', 'key', 'servername', 'rejectUnauthorized'] as const;
  return ok({
    name: options.name ?? cluster.name,
    server: trimServer(cluster.server),
    tls: Object.fromEntries(pick.filter((key) => tls[key] !== undefined).map((key) => [key, tls[key]])),
    headers: async () => {
      const fresh: Record<string, unknown> = {};
      await config.applyToHTTPSOptions(fresh);
      return headersOf(fresh);
    },
  });
}

function headersOf(options: Record<string, unknown>): Record<string, string> {
  const headers: Record<string, string> = {};
  const given = options.headers;
  if (typeof given === 'object' && given !== null)
    for (const [key, value] of Object.entries(given))
      if (typeof value === 'string') headers[key.toLowerCase()] = value;
  const basic = options.auth;
  if (typeof basic === 'string') headers.authorization = `Basic ${Buffer.from(basic).toString('base64')}`;
  return headers;
}

/** Access from the user's own kubeconfig: the given file, `KUBECONFIG`, or `~/.kube/config`. Throws a coded error. */
export async function loadAccess(
  options: { path?: string; context?: string; name?: string } = {},
): Promise<ClusterAccess> {
  const path =
    options.path ?? process.env.KUBECONFIG?.split(':')[0] ?? `${process.env.HOME ?? ''}/.kube/config`;
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new WeirError(
      {
        code: 'CLUSTER_CREDENTIALS_INVALID',
        message: `kubeconfig ${path} cannot be read; pass --kubeconfig, set KUBECONFIG, or run \`weir up\``,
      },
      { cause },
    );
  });
  const access = await accessOfKubeconfig(text, {
    allowExec: true,
    ...(options.context === undefined ? {} : { context: options.context }),
    ...(options.name === undefined ? {} : { name: options.name }),
  });
  if (!access.ok) throw new WeirError(access.problem);
  return access.value;
}
