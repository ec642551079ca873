// A cluster as its administrator sees it: a few plain requests by the Kubernetes API, and its audit log.
// It shares no code with the product, so that it cannot share its mistakes.

import { readFileSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import {
  type AuditEntry,
  type AuditMarker,
  readAudit,
  sendAuditMarker,
} from '../../../packages/testkit/src/cluster-audit.ts';

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
  };
  readonly [field: string]: unknown;
}

export interface Live extends Manifest {
  readonly metadata: Manifest['metadata'] & {
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
  };
}

export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
}

export interface Ref extends Kind {
  readonly name: string;
}

export interface Cluster {
  readonly name: string;
  /** Process of the API server now. */
  apiServerPid(): number;
  get(ref: Ref): Promise<Live | undefined>;
  /** Rejects when it is not there. */
  need(ref: Ref): Promise<Live>;
  list(kind: Kind, labelSelector?: string): Promise<Live[]>;
  create(manifest: Manifest): Promise<Live>;
  /** Creates it unless it is there. */
  ensure(manifest: Manifest): Promise<Live>;
  /** JSON merge patch, as `kubectl patch --type merge`. */
  patch(ref: Ref, body: Readonly<Record<string, unknown>>): Promise<Live>;
  remove(ref: Ref): Promise<void>;
  markAudit(): Promise<AuditMarker>;
  /** What weir asked this cluster for since the marker, watches left out. */
  requestsSince(marker: AuditMarker): Promise<AuditEntry[]>;
  /** The same without waiting for the log to settle: for looking while something happens. */
  peekRequests(marker: AuditMarker): Promise<AuditEntry[]>;
}

interface Answer {
  readonly code: number;
  readonly body: unknown;
}

interface Call {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly type?: string;
}

export function openCluster(home: string, name: string): Cluster {
  const dir = join(home, 'clusters', name);
  return openClusterAt({
    name,
    adminKubeconfigPath: join(dir, 'kubeconfig'),
    weirKubeconfigPath: writeMarkerKubeconfig(home, name),
    auditLog: join(dir, 'audit.log'),
    apiServerPid: () => pidIn(join(dir, 'run/apiserver.json')),
  });
}

export interface ClusterPlace {
  readonly name: string;
  readonly adminKubeconfigPath: string;
  /** Of weir on this cluster alone: markers in the audit log are sent with it. */
  readonly weirKubeconfigPath: string;
  readonly auditLog: string;
  readonly apiServerPid: () => number;
}

export function openClusterAt(place: ClusterPlace): Cluster {
  const { name, auditLog } = place;
  const call = callWith(readFileSync(place.adminKubeconfigPath, 'utf8'));
  const marker = { kubeconfigPath: place.weirKubeconfigPath, auditLog };
  const get = async (ref: Ref): Promise<Live | undefined> => {
    const { code, body } = await call({ method: 'GET', path: pathOf(ref) });
    return code === 404 ? undefined : (accepted(`get ${show(ref)}`, { code, body }) as Live);
  };
  const create = async (manifest: Manifest): Promise<Live> => {
    const { name: _, ...kind } = refOf(manifest);
    const answer = await call({ method: 'POST', path: pathOf(kind), body: manifest });
    return accepted(`create ${show(refOf(manifest))}`, answer) as Live;
  };
  return {
    name,
    apiServerPid: place.apiServerPid,
    get,
    need: async (ref) => {
      const live = await get(ref);
      if (live === undefined) throw new Error(`${show(ref)} is not on ${name}`);
      return live;
    },
    list: async (kind, labelSelector) => {
      const query = labelSelector === undefined ? '' : `?labelSelector=${encodeURIComponent(labelSelector)}`;
      const answer = await call({ method: 'GET', path: `${pathOf(kind)}${query}` });
      const { items } = accepted(`list ${kind.kind}`, answer) as { items: Live[] };
      return items.map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind }));
    },
    create,
    ensure: async (manifest) => (await get(refOf(manifest))) ?? (await create(manifest)),
    patch: async (ref, body) => {
      const type = 'application/merge-patch+json';
      const answer = await call({ method: 'PATCH', path: pathOf(ref), body, type });
      return accepted(`patch ${show(ref)}`, answer) as Live;
    },
    remove: async (ref) => {
      const answer = await call({ method: 'DELETE', path: pathOf(ref) });
      if (answer.code !== 404) accepted(`delete ${show(ref)}`, answer);
    },
    markAudit: () => sendAuditMarker(marker),
    requestsSince: async (sinceMarker) => {
      const untilMarker = await sendAuditMarker(marker);
      return ofWeir(await readAudit(auditLog, { sinceMarker, untilMarker }));
    },
    peekRequests: async (sinceMarker) => ofWeir(await readAudit(auditLog, { sinceMarker })),
  };
}

const ofWeir = (entries: readonly AuditEntry[]): AuditEntry[] =>
  entries.filter(({ user }) => user === 'weir');

/** Markers are sent as weir, since the log holds no request of the administrator; they are read as no request. */
function writeMarkerKubeconfig(home: string, name: string): string {
  const all = readFileSync(join(home, 'kubeconfigs/weir'), 'utf8');
  const blocks = [name, `${name}-user`].map(
    (title) => new RegExp(`- name: ${title}\\n    (?:cluster|user):\\n(?: {6}.*\\n)+`).exec(all)?.[0] ?? '',
  );
  const path = join(home, `marker-${name}.kubeconfig`);
  writeFileSync(path, blocks.join(''), { mode: 0o600 });
  return path;
}

export function refOf(manifest: Manifest): Ref {
  const { apiVersion, kind } = manifest;
  const { name, namespace } = manifest.metadata;
  return { apiVersion, kind, name, ...(namespace === undefined ? {} : { namespace }) };
}

export function show(ref: Ref): string {
  return `${ref.kind}/${ref.namespace === undefined ? '' : `${ref.namespace}/`}${ref.name}`;
}

export function pidIn(file: string): number {
  const { pid } = JSON.parse(readFileSync(file, 'utf8')) as { pid: number };
  return pid;
}

function pathOf(of: Kind | Ref): string {
  const root = of.apiVersion.includes('/') ? `/apis/${of.apiVersion}` : `/api/${of.apiVersion}`;
  const namespace = of.namespace === undefined ? '' : `/namespaces/${of.namespace}`;
  return `${root}${namespace}/${pluralOf(of.kind)}${'name' in of ? `/${of.name}` : ''}`;
}

function pluralOf(kind: string): string {
  const word = kind.toLowerCase();
  if (word.endsWith('s')) return `${word}es`;
  return word.endsWith('y') ? `${word.slice(0, -1)}ies` : `${word}s`;
}

function accepted(what: string, { code, body }: Answer): unknown {
  if (code < 300) return body;
  const { message } = body as { message?: string };
  throw new Error(`${what}: ${code} ${message ?? ''}`);
}

function callWith(kubeconfig: string): (call: Call) => Promise<Answer> {
  const field = (name: string): string => new RegExp(`${name}: "?([^"\\s]+)"?`).exec(kubeconfig)?.[1] ?? '';
  const decoded = (name: string): Buffer => Buffer.from(field(name), 'base64');
  const server = field('server');
  const agent = new Agent({
    keepAlive: true,
    ca: decoded('certificate-authority-data'),
    cert: decoded('client-certificate-data'),
    key: decoded('client-key-data'),
  });
  return async (call) => {
    try {
      return await send(server, agent, call);
    } catch (error) {
      // A kept connection that the server has closed meanwhile: reading again is harmless.
      if (call.method !== 'GET') throw error;
      return send(server, agent, call);
    }
  };
}

function send(server: string, agent: Agent, { method, path, body, type }: Call): Promise<Answer> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((done, fail) => {
    const headers = {
      accept: 'application/json',
      ...(text === undefined
        ? {}
        : { 'content-type': type ?? 'application/json', 'content-length': Buffer.byteLength(text) }),
    };
    const sent = request(new URL(path, server), { method, agent, headers, timeout: 15_000 }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', fail);
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString('utf8');
        done({ code: response.statusCode ?? 0, body: parsed(answer) });
      });
    });
    sent.on('timeout', () => sent.destroy(new Error(`${method} ${path}: no answer in 15 s`)));
    sent.on('error', fail);
    sent.end(text);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return { message: text };
  }
}
