// Decides how a test gets a real Kubernetes cluster of its own: localkube's processes on loopback.
// It never touches a cluster that it did not start, and never a kubeconfig of the user's.

import { execFile, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditEntry, type AuditMarker, readAudit, sendAuditMarker } from './cluster-audit.ts';

export type ClusterRole = 'apiserver' | 'controllers' | 'kwok';

export interface StartClusterOptions {
  /** A DNS label of at most 30 characters; a random one by default. */
  readonly name?: string;
  /** Where clusters lie. By default a temporary directory, which `stop` removes with the cluster. */
  readonly home?: string;
  /** An identity to make a kubeconfig for at once; see `userKubeconfigPath`. */
  readonly user?: string;
  /** The Kubernetes version to emulate, as `1.33`, or '' for the server's own; by default that of `WEIR_TEST_KUBERNETES`. */
  readonly kubernetes?: string;
  readonly signal?: AbortSignal;
}

export interface TestCluster {
  readonly name: string;
  readonly server: string;
  /** Of the administrator, whose requests are not in the audit log. */
  readonly kubeconfigPath: string;
  /** Of the `user` that `startCluster` was given. */
  readonly userKubeconfigPath: string | undefined;
  readonly auditLog: string;
  /** Path of a kubeconfig with a new client certificate for that user. It has no rights but what RBAC gives it. */
  kubeconfigFor(user: string, groups?: readonly string[]): Promise<string>;
  /** A place in the audit log; everything answered so far stands before it. */
  markAudit(): Promise<AuditMarker>;
  /** All requests since the marker, but those of the administrator and watches. */
  requestsSince(marker: AuditMarker): Promise<AuditEntry[]>;
  /** Halts the API server: connections stay open and nothing answers. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  /** Kills processes without warning; by default the API server with its etcd. `up` brings them back. */
  kill9(...roles: readonly ClusterRole[]): Promise<void>;
  /** Starts again what does not run, with the data and the address as before. */
  up(): Promise<void>;
  /** Ends all processes. The data goes too where the home was temporary, or `delete` says so. */
  stop(options?: { readonly delete?: boolean }): Promise<void>;
}

interface Localkube {
  readonly binary: string;
  readonly home: string;
  readonly signal: AbortSignal | undefined;
}

/** The identity that markers are sent with; it needs no rights. */
const MARKER_USER = 'testkit:audit-marker';

export async function startCluster(options: StartClusterOptions = {}): Promise<TestCluster> {
  const name = options.name ?? `t-${randomBytes(4).toString('hex')}`;
  const temporary = options.home === undefined;
  const home = options.home ?? (await mkdtemp(join(tmpdir(), 'weir-kube-')));
  const localkube: Localkube = { binary: await localkubeBinary(), home, signal: options.signal };
  // Even when this process is killed, its temporary cluster ends soon after it.
  const kubernetes = options.kubernetes ?? process.env.WEIR_TEST_KUBERNETES ?? '';
  const upArguments = [
    'up',
    name,
    ...(temporary ? ['--owner-pid', String(process.pid)] : []),
    ...(kubernetes === '' ? [] : ['--emulated-version', `kube=${kubernetes}`]),
  ];
  const release = temporary ? stopAtExit(localkube, name) : () => {};
  try {
    const up = parseUp(await run(localkube, upArguments));
    const kubeconfigFor = kubeconfigWriter(localkube, name);
    const markerKubeconfig = await kubeconfigFor(MARKER_USER);
    const userKubeconfigPath = options.user === undefined ? undefined : await kubeconfigFor(options.user);
    const place = { kubeconfigPath: markerKubeconfig, auditLog: up.auditLog };
    const markAudit = (): Promise<AuditMarker> => sendAuditMarker(place);
    return {
      name,
      server: up.server,
      kubeconfigPath: up.kubeconfig,
      userKubeconfigPath,
      auditLog: up.auditLog,
      kubeconfigFor,
      markAudit,
      requestsSince: async (marker) =>
        readAudit(up.auditLog, { sinceMarker: marker, untilMarker: await markAudit() }),
      freeze: () => signalRoles(localkube, { name, roles: ['apiserver'], signal: 'SIGSTOP' }),
      thaw: () => signalRoles(localkube, { name, roles: ['apiserver'], signal: 'SIGCONT' }),
      kill9: (...roles) =>
        signalRoles(localkube, { name, roles: roles.length > 0 ? roles : ['apiserver'], signal: 'SIGKILL' }),
      up: async () => {
        await run(localkube, upArguments);
      },
      stop: async ({ delete: remove = temporary } = {}) => {
        // Stopping must work after the test's own signal has fired.
        await run({ ...localkube, signal: undefined }, ['down', name, ...(remove ? ['--delete'] : [])]);
        release();
        if (temporary && remove) await rm(home, { recursive: true, force: true });
      },
    };
  } catch (error) {
    if (temporary) {
      await run({ ...localkube, signal: undefined }, ['down', name, '--delete']).catch(() => {});
      await rm(home, { recursive: true, force: true });
    }
    release();
    throw error;
  }
}

/** The binary that `WEIR_LOCALKUBE` names, else the one of the present sources, built when it is missing. */
export async function localkubeBinary(): Promise<string> {
  const given = process.env.WEIR_LOCALKUBE;
  if (given !== undefined && given !== '') return given;
  // A computed address: the script is plain JavaScript, without types.
  const script = new URL('../../../scripts/build-native.mjs', import.meta.url).href;
  const builder = (await import(script)) as {
    buildNative(name: string, options: { log(line: string): void }): Promise<{ path: string }>;
  };
  const { path } = await builder.buildNative('localkube', {
    log: (line) => {
      process.stderr.write(`${line}\n`);
    },
  });
  return path;
}

function kubeconfigWriter(localkube: Localkube, name: string): TestCluster['kubeconfigFor'] {
  return async (user, groups = []) => {
    const dir = join(localkube.home, name, 'kubeconfigs');
    await mkdir(dir, { recursive: true, mode: 0o700 });
    const words = groups.flatMap((group) => ['--group', group]);
    const text = await run(localkube, ['kubeconfig', name, '--user', user, ...words]);
    const path = join(dir, `${[user, ...groups].join('+').replaceAll(/[^A-Za-z0-9+_-]/g, '_')}.kubeconfig`);
    await writeFile(path, text, { mode: 0o600 });
    await chmod(path, 0o600);
    return path;
  };
}

/** Asks localkube for the pids each time: it answers only with processes that it knows to be the cluster's. */
async function signalRoles(
  localkube: Localkube,
  what: { readonly name: string; readonly roles: readonly ClusterRole[]; readonly signal: NodeJS.Signals },
): Promise<void> {
  const listed: unknown = JSON.parse(await run(localkube, ['list', '-o', 'json']));
  const clusters = Array.isArray(listed) ? listed.map(asRecord) : [];
  const pids = asRecord(clusters.find((cluster) => cluster.name === what.name)?.pids);
  for (const role of what.roles) {
    const pid = pids[role];
    if (typeof pid !== 'number') throw new Error(`${role} of cluster ${what.name} does not run`);
    process.kill(pid, what.signal);
  }
}

function parseUp(line: string): { server: string; kubeconfig: string; auditLog: string } {
  const parsed = asRecord(JSON.parse(line));
  const text = (key: string): string => {
    const value = parsed[key];
    if (typeof value !== 'string') throw new Error(`localkube up printed no ${key}: ${line}`);
    return value;
  };
  return { server: text('server'), kubeconfig: text('kubeconfig'), auditLog: text('auditLog') };
}

/** A test run that ends without `stop` must not leave a control plane behind. */
function stopAtExit(localkube: Localkube, name: string): () => void {
  const stop = (): void => {
    spawnSync(localkube.binary, ['down', name, '--delete', '--home', localkube.home], { stdio: 'ignore' });
  };
  process.once('exit', stop);
  return () => {
    process.removeListener('exit', stop);
  };
}

/** Runs localkube; returns what it printed on stdout. Rejects with its stderr. */
async function run(localkube: Localkube, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      localkube.binary,
      [...args, '--home', localkube.home],
      { maxBuffer: 16 << 20, ...(localkube.signal === undefined ? {} : { signal: localkube.signal }) },
      (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(
            new Error(`localkube ${args.join(' ')} failed: ${stderr.trim() || error.message}`, {
              cause: error,
            }),
          );
      },
    );
  });
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
