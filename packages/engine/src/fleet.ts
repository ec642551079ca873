// Which clusters there are and how each is spoken to: one session a cluster, shared by all its deliveries.
// It never decides what is written there.

import {
  type ClusterRecord,
  type ClusterRef,
  type Delivery,
  type Dialect,
  type DialectMarks,
  failed,
  type KubeObject,
  ok,
  type Problem,
  type Result,
  type ServiceAccountRef,
  WeirError,
} from '@weir/core';
import {
  accessOfKubeconfig,
  accessOfRecord,
  actingAs,
  type CacheListener,
  type ClusterAccess,
  type ClusterCache,
  connect,
  createClusterCache,
  createWriter,
  digestText,
  type KubeClient,
  type WriteGuard,
  type Writer,
} from '@weir/kube';

export interface Session {
  /** Who the cluster is, however it was reached: the uid of its kube-system namespace. Inventories and claims go by it. */
  readonly key: string;
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly cache: ClusterCache;
  /** The same cluster, read and written as that account; what is watched is watched as weir itself and shared. */
  actingAs(account: ServiceAccountRef): Session;
}

export interface FleetOptions {
  readonly hub: ClusterAccess;
  readonly marks: DialectMarks;
  /** Clusters that Secrets on the hub register now. */
  readonly registrations: () => readonly ClusterRecord[];
  /** Reads a Secret on the hub. */
  readonly secret: (namespace: string, name: string) => Promise<KubeObject | undefined>;
  readonly listener: (clusterKey: string, client: KubeClient) => CacheListener;
  /** What every write to that cluster asks first; without it nothing is asked. */
  readonly guard?: (clusterKey: string) => WriteGuard;
  /** Who asks, in the clusters' audit logs. */
  readonly userAgent?: string;
}

export interface Fleet {
  readonly hub: Session;
  /** The session of a cluster, opened on first use and again when its registration changed. */
  session(ref: ClusterRef): Promise<Result<Session>>;
  /** The cluster refused or did not answer: its registration is read again at the next look. */
  doubt(session: Session): void;
  /** What is known of that cluster counts no more. */
  reset(clusterKey: string): void;
  /** Where a delivery has its objects now, which ends its use of any other cluster; undefined: nowhere any more. */
  use(by: string, session: Session | undefined): void;
  /** The registrations have changed: sessions of clusters that are registered no more end. */
  tidy(): void;
  close(): Promise<void>;
}

interface Open {
  readonly session: Promise<Session>;
  /** Digest of what the session was opened with. */
  readonly identity: string;
  isDoubtful: boolean;
}

/** Throws when the hub does not answer. */
export async function createFleet(options: FleetOptions): Promise<Fleet> {
  const open = new Map<string, Open>();
  const users = new Map<string, Session>();
  const hub = await startSession(options.hub, options);
  const reopen: Reopen = async (key, identity, access) => {
    const known = open.get(key);
    if (known?.identity === identity) {
      known.isDoubtful = false;
      return known.session;
    }
    if (known !== undefined) void known.session.then(closeSession, () => undefined);
    const session = startSession(access, options);
    const opened: Open = { session, identity, isDoubtful: false };
    open.set(key, opened);
    // What could not be opened is opened anew at the next look.
    session.catch(() => {
      if (open.get(key) === opened) open.delete(key);
    });
    return session;
  };
  return {
    hub,
    session: async (ref) => {
      if (ref.kind === 'hub') return ok(hub);
      try {
        return await sessionOf({ ref, options, open, reopen });
      } catch (error) {
        return failed(problemOf(error));
      }
    },
    doubt: (session) => {
      for (const known of open.values())
        void known.session.then(
          (opened) => {
            if (opened.cache === session.cache) known.isDoubtful = true;
          },
          () => undefined,
        );
    },
    reset: (clusterKey) => {
      if (hub.key === clusterKey) hub.cache.reset();
      for (const { session } of open.values())
        void session.then(
          ({ key, cache }) => {
            if (key === clusterKey) cache.reset();
          },
          () => undefined,
        );
    },
    use: (by, session) => settle(users, by, session),
    tidy: () => closeUnregistered(open, options.registrations()),
    close: async () => {
      const sessions = await Promise.allSettled([...open.values()].map((each) => each.session));
      for (const opened of sessions) if (opened.status === 'fulfilled') closeSession(opened.value);
      closeSession(hub);
    },
  };
}

type Reopen = (key: string, identity: string, access: ClusterAccess) => Promise<Session>;

async function startSession(access: ClusterAccess, options: FleetOptions): Promise<Session> {
  const { marks, listener, guard, userAgent } = options;
  const client = connect(access, userAgent === undefined ? {} : { userAgent });
  try {
    const system = await client.get({
      group: '',
      version: 'v1',
      kind: 'Namespace',
      namespace: '',
      name: 'kube-system',
    });
    const key = system?.metadata.uid;
    if (key === undefined)
      throw new WeirError({
        code: 'CLUSTER_UNREACHABLE',
        message: `cluster ${access.name}: has no namespace kube-system, which tells who it is`,
      });
    const cache = createClusterCache(client, {
      marks,
      listener: listener(key, client),
      followsDefinitions: true,
    });
    return openedSession({ key, client, cache, guard: guard?.(key) });
  } catch (error) {
    void client.close();
    throw error;
  }
}

/** More accounts than act in one cluster at a time; who is forgotten is made anew. */
const maxAccounts = 500;

function openedSession(of: {
  readonly key: string;
  readonly client: KubeClient;
  readonly cache: ClusterCache;
  readonly guard: WriteGuard | undefined;
}): Session {
  const { guard, ...shared } = of;
  const accounts = new Map<string, Session>();
  const act = (account: ServiceAccountRef): Session => {
    const name = `${account.namespace}/${account.name}`;
    const known = accounts.get(name);
    if (known !== undefined) return known;
    const client = actingAs(of.client, account);
    const session = { ...shared, client, writer: createWriter(client, guard), actingAs: act };
    if (accounts.size >= maxAccounts) accounts.clear();
    accounts.set(name, session);
    return session;
  };
  return { ...shared, writer: createWriter(of.client, guard), actingAs: act };
}

/** Where the objects of a delivery are read and written, as whom it says. */
export async function sessionFor(
  delivery: Pick<Delivery, 'cluster' | 'impersonate'>,
  fleet: Pick<Fleet, 'session'>,
): Promise<Result<Session>> {
  const opened = await fleet.session(delivery.cluster);
  if (!opened.ok || delivery.impersonate === undefined) return opened;
  try {
    return ok(opened.value.actingAs(delivery.impersonate));
  } catch (error) {
    return failed(problemOf(error));
  }
}

async function sessionOf(of: {
  ref: Exclude<ClusterRef, { kind: 'hub' }>;
  options: FleetOptions;
  open: ReadonlyMap<string, Open>;
  reopen: Reopen;
}): Promise<Result<Session>> {
  const { ref, options, open, reopen } = of;
  if (ref.kind === 'kubeconfig-secret')
    return kubeconfigSession({ ref, options, known: open.get(keyOf(ref)), reopen });
  const record = findRegistration(ref, options.registrations());
  if (!record.ok) return record;
  const { value } = record;
  return ok(
    await reopen(registeredKey(value.name), digestText(JSON.stringify(value)), accessOfRecord(value)),
  );
}

function settle(users: Map<string, Session>, by: string, session: Session | undefined): void {
  const before = users.get(by);
  if (before !== undefined && before.cache !== session?.cache) before.cache.release(by);
  if (session === undefined) users.delete(by);
  else users.set(by, session);
}

/** Its watches would go on for ever, with credentials that somebody took away. */
function closeUnregistered(open: Map<string, Open>, records: readonly ClusterRecord[]): void {
  const names = new Set(records.map(({ name }) => registeredKey(name)));
  for (const [key, { session }] of open) {
    if (!key.startsWith(registeredKey('')) || names.has(key)) continue;
    open.delete(key);
    void session.then(closeSession, () => undefined);
  }
}

const registeredKey = (name: string): string => `registered:${name}`;

function closeSession(session: Session): void {
  session.cache.close();
  void session.client.close();
}

type Named = Extract<ClusterRef, { kind: 'name' | 'server' }>;

function findRegistration(ref: Named, records: readonly ClusterRecord[]): Result<ClusterRecord> {
  const wanted = ref.kind === 'name' ? ref.name : ref.server;
  const bare = (server: string): string => server.replace(/\/+$/, '');
  const found = records.filter((record) =>
    ref.kind === 'name' ? record.name === wanted : bare(record.server) === bare(wanted),
  );
  const [record] = found;
  if (record !== undefined && found.length === 1) return ok(record);
  const what = found.length === 0 ? 'is not registered' : `is registered ${found.length} times`;
  return failed({
    code: 'CLUSTER_NOT_FOUND',
    message: `cluster ${wanted}: ${what}; expected one cluster Secret with that ${ref.kind}`,
  });
}

type SecretRef = Extract<ClusterRef, { kind: 'kubeconfig-secret' }>;

const keyOf = (ref: SecretRef): string => `kubeconfig:${ref.namespace}/${ref.name}/${ref.key ?? ''}`;

async function kubeconfigSession(input: {
  ref: SecretRef;
  options: FleetOptions;
  known: Open | undefined;
  reopen: Reopen;
}): Promise<Result<Session>> {
  const { ref, options, known, reopen } = input;
  if (known !== undefined && !known.isDoubtful) {
    const session = await known.session;
    if (session.cache.trouble() === undefined) return ok(session);
  }
  const secret = await options.secret(ref.namespace, ref.name);
  const problem = (why: string): Problem => ({
    code: 'CLUSTER_CREDENTIALS_INVALID',
    message: `Secret ${ref.namespace}/${ref.name}: ${why}; expected a kubeconfig under the key ${ref.key ?? 'value or value.yaml'}`,
  });
  if (secret === undefined) return failed(problem('does not exist'));
  const text = kubeconfigIn(secret, ref.key);
  if (text === undefined) return failed(problem('holds no such key'));
  const access = await accessOfKubeconfig(text, { name: ref.name });
  return access.ok ? ok(await reopen(keyOf(ref), digestText(text), access.value)) : access;
}

function kubeconfigIn(secret: KubeObject, key: string | undefined): string | undefined {
  const data = secret.data as Readonly<Record<string, unknown>> | undefined;
  for (const name of key === undefined ? ['value', 'value.yaml'] : [key]) {
    const value = data?.[name];
    if (typeof value === 'string') return Buffer.from(value, 'base64').toString('utf8');
  }
  return undefined;
}

/** The marks of all dialects together: every cluster's cache keeps them all. */
export function allMarks(dialects: readonly Dialect[]): DialectMarks {
  return {
    labels: dialects.flatMap(({ marks }) => marks.labels),
    annotations: dialects.flatMap(({ marks }) => marks.annotations),
    managers: dialects.flatMap(({ marks }) => marks.managers),
  };
}

/** The problem in anything that was thrown. */
export function problemOf(error: unknown): Problem {
  if (error instanceof WeirError) return error.problem;
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}
