// Who held which cluster when, by a watch of the hub's claims, and who wrote what when, by the audit logs. From both it finds
// writes that were not the holder's. It shares no code with the product, so that it cannot share its mistakes.

import { createReadStream, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

export interface Change {
  readonly claim: string;
  /** '' for nobody. */
  readonly holder: string;
  readonly epoch: number;
  /** Milliseconds since 1970, right before it was written; all processes here have one clock. */
  readonly atMs: number;
  /** Uid of the cluster's kube-system namespace. */
  readonly key: string;
}

export interface ClaimsLog {
  readonly changes: readonly Change[];
  close(): void;
}

interface LeaseEvent {
  readonly type: string;
  readonly object: {
    readonly metadata: { readonly name: string; readonly annotations?: Readonly<Record<string, string>> };
    readonly spec: {
      readonly holderIdentity?: string;
      readonly leaseTransitions?: number;
      readonly acquireTime?: string;
    };
  };
}

/** Every version of every claim from now on, in the order of the server. Resolves when those that are there are known. */
export async function watchClaims(home: string): Promise<ClaimsLog> {
  const admin = readFileSync(join(home, 'clusters/hub/kubeconfig'), 'utf8');
  const field = (name: string): string => new RegExp(`${name}: "?([^"\\s]+)"?`).exec(admin)?.[1] ?? '';
  const decoded = (name: string): Buffer => Buffer.from(field(name), 'base64');
  const selector = encodeURIComponent('weir.dev/lease=claim');
  const path = `/apis/coordination.k8s.io/v1/namespaces/weir-system/leases?watch=1&labelSelector=${selector}`;
  const changes: Change[] = [];
  const sent = request(new URL(path, field('server')), {
    ca: decoded('certificate-authority-data'),
    cert: decoded('client-certificate-data'),
    key: decoded('client-key-data'),
    agent: false,
  });
  const opened = new Promise<void>((done, fail) => {
    sent.on('error', fail);
    sent.on('response', (response) => {
      let pending = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        const lines = `${pending}${chunk}`.split('\n');
        pending = lines.pop() ?? '';
        for (const line of lines) note(JSON.parse(line) as LeaseEvent, changes);
      });
      // Its end by `close` is one.
      response.on('error', () => undefined);
      done();
    });
  });
  sent.end();
  await opened;
  return { changes, close: () => sent.destroy() };
}

function note({ object }: LeaseEvent, changes: Change[]): void {
  const { metadata, spec } = object;
  changes.push({
    claim: metadata.name,
    holder: spec.holderIdentity ?? '',
    epoch: spec.leaseTransitions ?? 0,
    atMs: Date.parse(spec.acquireTime ?? ''),
    key: metadata.annotations?.['weir.dev/cluster'] ?? '',
  });
}

export interface Write {
  readonly replica: string;
  readonly what: string;
  /** Milliseconds since 1970: when the server had the request, and when it was done with it. */
  readonly receivedMs: number;
  readonly doneMs: number;
}

interface AuditLine {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

const verbs: ReadonlySet<string> = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);
/** Told of by whoever has something to tell: Leases by all, events of a source by the hub's holder. */
const anybodys: ReadonlySet<string> = new Set(['leases', 'events']);

/** When the replica itself gave its Lease up last, in milliseconds since 1970. */
export async function leftAt(auditLog: string, offset: number, replica: string): Promise<number | undefined> {
  const all = await allWritesOf(auditLog, offset);
  const what = `delete leases weir-system/weir-replica-${replica}`;
  return all.findLast((write) => write.replica === replica && write.what === what)?.doneMs;
}

/** Every write of a replica that the server carried out, from that place of its audit log on. */
export async function writesOf(auditLog: string, offset: number): Promise<Write[]> {
  return (await allWritesOf(auditLog, offset)).filter(({ what }) => !anybodys.has(what.split(' ')[1] ?? ''));
}

async function allWritesOf(auditLog: string, offset: number): Promise<Write[]> {
  const writes: Write[] = [];
  for await (const line of createInterface({ input: createReadStream(auditLog, { start: offset }) })) {
    if (!line.startsWith('{') || !line.endsWith('}')) continue;
    const entry = JSON.parse(line) as AuditLine;
    const replica = /^weir\/\S+ \((.+)\)$/.exec(entry.userAgent ?? '')?.[1];
    const { resource = '', subresource, namespace = '', name = '' } = entry.objectRef ?? {};
    const isDone = entry.stage === 'ResponseComplete' && (entry.responseStatus?.code ?? 0) < 300;
    if (replica === undefined || !isDone || !verbs.has(entry.verb)) continue;
    if (entry.requestURI.includes('dryRun=')) continue;
    writes.push({
      replica,
      what: `${entry.verb} ${resource}${subresource === undefined ? '' : `/${subresource}`} ${namespace}/${name}`,
      receivedMs: Date.parse(entry.requestReceivedTimestamp),
      doneMs: Date.parse(entry.stageTimestamp),
    });
  }
  return writes;
}

/** Writes that a replica other than the holder got done: after it had lost the claim, or before it had it. */
export function foreignWrites(writes: readonly Write[], changes: readonly Change[]): string[] {
  return writes.flatMap((write) => {
    const holderAt = (ms: number): string => changes.findLast(({ atMs }) => atMs <= ms)?.holder ?? '';
    const holders = [holderAt(write.receivedMs), holderAt(write.doneMs)];
    if (holders.every((holder) => holder === write.replica)) return [];
    const time = new Date(write.doneMs).toISOString();
    return [`${time} ${write.replica} did ${write.what} while ${holders.join(', then ')} held the cluster`];
  });
}

/** Changes of one claim whose epoch is not above the one before. */
export function epochsOutOfOrder(changes: readonly Change[]): string[] {
  return changes.flatMap(({ claim, epoch, holder }, i) => {
    const before = changes[i - 1];
    // Given back to nobody, it keeps its epoch.
    const isNext = before === undefined || epoch > before.epoch || (holder === '' && epoch === before.epoch);
    return isNext ? [] : [`${claim}: ${before.epoch} (${before.holder}), then ${epoch} (${holder})`];
  });
}
