// Decides what a test can know of the requests that a cluster got: it reads the API server's audit log.
// It never counts the administrator's requests, which the log does not hold.

import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLocalKubeconfig } from './local-kubeconfig.ts';

/** One request, as the API server saw it. */
export interface AuditEntry {
  readonly user: string;
  /** As whom the user asked, where it was not as itself. */
  readonly impersonated: string | undefined;
  readonly verb: string;
  /** `pods`, `deployments.apps`, `deployments.apps/status`; a path such as `/readyz` when it is no resource. */
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly uri: string;
  readonly dryRun: boolean;
  readonly fieldManager: string | undefined;
  /** HTTP status of the answer. */
  readonly code: number;
  readonly userAgent: string;
}

/** A place in the audit log: everything answered before the marker was sent stands in front of it. */
export interface AuditMarker {
  readonly id: string;
  /** Bytes up to the end of the marker's line. */
  readonly offset: number;
}

export interface ReadAuditOptions {
  readonly sinceMarker?: AuditMarker;
  readonly untilMarker?: AuditMarker;
  /** Watches are left out unless asked for; each counts once, when it begins. */
  readonly watches?: boolean;
}

const MARKER_PARAMETER = 'audit-marker';

/** Reads the requests between two markers, from the start and to the end without them. A line cut short is left for the next call. */
export async function readAudit(path: string, options: ReadAuditOptions = {}): Promise<AuditEntry[]> {
  const start = options.sinceMarker?.offset ?? 0;
  const end = options.untilMarker?.offset ?? (await sizeOf(path));
  const entries: AuditEntry[] = [];
  if (end <= start) return entries;
  const stream = createReadStream(path, { start, end: end - 1, encoding: 'utf8' });
  for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
    const entry = parseAuditLine(line);
    if (entry === undefined) continue;
    if (entry.verb === 'watch' && options.watches !== true) continue;
    entries.push(entry);
  }
  return entries;
}

/** How often each `user verb resource` was asked for, in the order of these words. */
export function countRequests(entries: readonly AuditEntry[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { user, verb, resource } of entries) {
    const key = `${user} ${verb} ${resource}`;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Undefined for what is no request of its own: markers, the end of a watch, half a line. */
export function parseAuditLine(line: string): AuditEntry | undefined {
  if (!line.startsWith('{') || !line.endsWith('}')) return undefined;
  const event = asRecord(JSON.parse(line));
  const uri = textOf(event.requestURI) ?? '';
  const verb = textOf(event.verb) ?? '';
  const url = new URL(uri, 'https://cluster.invalid');
  if (url.searchParams.has(MARKER_PARAMETER)) return undefined;
  // A watch writes a line when it begins and one when it ends, perhaps hours later.
  if (verb === 'watch' && event.stage !== 'ResponseStarted') return undefined;
  if (verb !== 'watch' && event.stage === 'ResponseStarted') return undefined;
  const object = asRecord(event.objectRef);
  return {
    user: textOf(asRecord(event.user).username) ?? '',
    impersonated: textOf(asRecord(event.impersonatedUser).username),
    verb,
    resource: resourceOf(object) ?? url.pathname,
    namespace: textOf(object.namespace),
    name: textOf(object.name),
    uri,
    dryRun: url.searchParams.getAll('dryRun').includes('All'),
    fieldManager: url.searchParams.get('fieldManager') ?? undefined,
    code: Number(asRecord(event.responseStatus).code ?? 0),
    userAgent: textOf(event.userAgent) ?? '',
  };
}

/**
 * Sends a request that only this function would send and waits for its line. The kubeconfig must be one that
 * localkube wrote, of any user but the administrator.
 */
export async function sendAuditMarker(
  place: { readonly kubeconfigPath: string; readonly auditLog: string },
  options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
): Promise<AuditMarker> {
  const id = randomUUID();
  const before = await sizeOf(place.auditLog);
  await getOnce(
    await readFile(place.kubeconfigPath, 'utf8'),
    `/api?${MARKER_PARAMETER}=${id}`,
    options.signal,
  );
  const deadline = performance.now() + (options.timeoutMs ?? 10_000);
  for (;;) {
    const offset = await endOfLineWith(place.auditLog, { needle: id, from: before });
    if (offset !== undefined) return { id, offset };
    if (performance.now() > deadline)
      throw new Error(`audit log ${place.auditLog} does not show marker ${id}`);
    await sleep(10, undefined, options.signal === undefined ? {} : { signal: options.signal });
  }
}

async function endOfLineWith(
  path: string,
  search: { readonly needle: string; readonly from: number },
): Promise<number | undefined> {
  const chunks: Buffer[] = [];
  for await (const chunk of createReadStream(path, { start: search.from })) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks);
  const found = text.indexOf(search.needle);
  const end = found < 0 ? -1 : text.indexOf('\n', found);
  return end < 0 ? undefined : search.from + end + 1;
}

async function getOnce(kubeconfig: string, path: string, signal: AbortSignal | undefined): Promise<void> {
  const { server, tls } = readLocalKubeconfig(kubeconfig);
  const url = new URL(path, server);
  const code = await new Promise<number | undefined>((resolve, reject) => {
    const sent = request(
      url,
      {
        ...tls,
        agent: false,
        timeout: 10_000,
        ...(signal === undefined ? {} : { signal }),
      },
      (response) => {
        response.on('error', reject).on('end', () => resolve(response.statusCode));
        response.resume();
      },
    );
    sent.on('timeout', () =>
      sent.destroy(new Error(`the API server did not answer ${url.pathname} in 10 s`)),
    );
    sent.on('error', reject);
    sent.end();
  });
  if (code !== 200) throw new Error(`the API server answered ${url.pathname} with ${code}`);
}

function resourceOf(object: Record<string, unknown>): string | undefined {
  const resource = textOf(object.resource);
  if (resource === undefined) return undefined;
  const group = textOf(object.apiGroup);
  const subresource = textOf(object.subresource);
  return `${resource}${group === undefined ? '' : `.${group}`}${subresource === undefined ? '' : `/${subresource}`}`;
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path)).size;
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}
