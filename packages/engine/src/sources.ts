// The loop over sources: fetch, resolve, snapshot, tell. One source is fetched once, however many deliveries use it.
// It never renders and never looks at a delivery beyond which ones to wake.

import type {
  CredentialsRef,
  Dialect,
  GitCredentials,
  KubeObject,
  Problem,
  ResolvedRef,
  Result,
  SourceDeclaration,
  SourceId,
  SourceVerdict,
} from '@weir/core';
import type { FetchRequest, Snapshot, SourceStore } from '@weir/source';
import { problemOf } from './fleet.ts';

/** What is in force of a source: the last good snapshot, and what is wrong since. */
export interface SourceState {
  readonly url: string;
  readonly snapshot?: Snapshot;
  readonly resolved?: ResolvedRef;
  readonly fetchedAt?: string;
  readonly problem?: Problem;
  readonly failures: number;
  readonly handledToken?: string;
  /** Counts fetches, so that a waiting reconcile knows that one ended. */
  readonly attempts: number;
}

export interface SourceChange {
  readonly id: SourceId;
  readonly after: SourceState;
  readonly isNewCommit: boolean;
}

/** Whether a source belongs to the deliveries that carry it, instead of being a custom resource of its own. */
export function isInlineSource(id: SourceId): boolean {
  return id.startsWith('git:');
}

export interface SourcesOptions {
  readonly store: SourceStore;
  readonly declaration: (id: SourceId) => SourceDeclaration | undefined;
  readonly secret: (namespace: string, name: string) => Promise<KubeObject | undefined>;
  readonly repositoryCredentials: (url: string) => GitCredentials | undefined;
  readonly dialectOf: (id: SourceId) => Dialect | undefined;
  /** A new commit is in force, or a failure began or ended. */
  readonly onChange: (change: SourceChange) => void;
  /** After each attempt, changed or not. */
  readonly onAttempt: (id: SourceId, verdict: SourceVerdict) => Promise<void>;
  readonly now: () => Date;
}

export interface Sources {
  state(id: SourceId): SourceState | undefined;
  /** One attempt; answers when to try again, in milliseconds. */
  run(id: SourceId, signal: AbortSignal): Promise<number | undefined>;
  forget(id: SourceId): void;
}

const maxBackoffMs = 120_000;
/** Spread over a tenth of the interval, so that a thousand sources do not poll in the same second. */
const jitter = 0.1;

export function createSources(options: SourcesOptions): Sources {
  const states = new Map<SourceId, SourceState>();
  return {
    state: (id) => states.get(id),
    forget: (id) => {
      states.get(id)?.snapshot?.release();
      states.delete(id);
    },
    run: async (id, signal) => {
      const declaration = options.declaration(id);
      if (declaration === undefined) return undefined;
      const before = states.get(id);
      if (declaration.suspended) {
        await options.onAttempt(id, verdictOf({ declaration, state: before, stage: 'suspended' }));
        return undefined;
      }
      const fetched = await fetchSource({ declaration, before, options, signal });
      // Nobody declares it any more: its state went with the declaration, and must not come back.
      const isForgotten = options.declaration(id) === undefined || states.get(id) !== before;
      if (signal.aborted || isForgotten) {
        if (fetched.ok && fetched.value.snapshot !== before?.snapshot) fetched.value.snapshot.release();
        return isForgotten ? 0 : undefined;
      }
      const after = nextState({ declaration, before, fetched, now: options.now() });
      states.set(id, after);
      if (before?.snapshot !== undefined && before.snapshot !== after.snapshot) before.snapshot.release();
      const isNewCommit =
        before?.resolved?.commit !== after.resolved?.commit ||
        before?.resolved?.name !== after.resolved?.name;
      if (isNewCommit || before?.problem?.message !== after.problem?.message || before === undefined)
        options.onChange({ id, after, isNewCommit });
      await options.onAttempt(
        id,
        verdictOf({ declaration, state: after, stage: after.problem === undefined ? 'ready' : 'failed' }),
      );
      const retryMs = Math.min(1_000 * 2 ** after.failures, maxBackoffMs);
      const delayMs =
        after.problem === undefined ? declaration.intervalMs : Math.min(retryMs, declaration.intervalMs);
      return delayMs * (1 + Math.random() * jitter);
    },
  };
}

interface Fetched {
  readonly resolved: ResolvedRef;
  readonly snapshot: Snapshot;
}

async function fetchSource(input: {
  declaration: SourceDeclaration;
  before: SourceState | undefined;
  options: SourcesOptions;
  signal: AbortSignal;
}): Promise<Result<Fetched>> {
  const { declaration, before, options, signal } = input;
  const { url, timeoutMs } = declaration;
  try {
    const credentials = await credentialsFor(declaration, options);
    if (!credentials.ok) return credentials;
    const fetched = await options.store.fetch({
      url,
      timeoutMs,
      signal,
      ...gitCredentials(credentials.value),
    });
    if (!fetched.ok) return fetched;
    const resolved = await options.store.resolve(url, declaration.ref, signal);
    if (!resolved.ok) return resolved;
    if (before?.snapshot?.id === resolved.value.commit)
      return { ok: true, value: { resolved: resolved.value, snapshot: before.snapshot } };
    const snapshot = await options.store.snapshot(url, resolved.value.commit, signal);
    return snapshot.ok
      ? { ok: true, value: { resolved: resolved.value, snapshot: snapshot.value } }
      : snapshot;
  } catch (error) {
    return { ok: false, problem: problemOf(error) };
  }
}

async function credentialsFor(
  declaration: SourceDeclaration,
  options: SourcesOptions,
): Promise<Result<GitCredentials | undefined>> {
  const ref: CredentialsRef | undefined = declaration.credentials;
  if (ref === undefined) return { ok: true, value: undefined };
  if (ref.kind === 'match-url') return { ok: true, value: options.repositoryCredentials(declaration.url) };
  const secret = await options.secret(ref.namespace, ref.name);
  if (secret === undefined)
    return {
      ok: false,
      problem: {
        code: 'GIT_AUTH_FAILED',
        message: `Secret ${ref.namespace}/${ref.name}: does not exist; expected the credentials of ${declaration.url}`,
      },
    };
  const read = options.dialectOf(declaration.id)?.secrets.readCredentials?.(secret);
  return read ?? { ok: true, value: undefined };
}

function gitCredentials(credentials: GitCredentials | undefined): Pick<FetchRequest, 'credentials'> {
  if (credentials === undefined) return {};
  const { caPem, ...rest } = credentials;
  return { credentials: { ...rest, ...(caPem === undefined ? {} : { caBundle: caPem }) } };
}

function nextState(input: {
  declaration: SourceDeclaration;
  before: SourceState | undefined;
  fetched: Result<Fetched>;
  now: Date;
}): SourceState {
  const { declaration, before, fetched, now } = input;
  const token = declaration.requestToken;
  const common = {
    url: declaration.url,
    attempts: (before?.attempts ?? 0) + 1,
    ...(token === undefined ? {} : { handledToken: token }),
  };
  if (!fetched.ok) {
    // The last good snapshot stays in force.
    const { problem: _old, ...kept } = before ?? {};
    return { ...kept, ...common, failures: (before?.failures ?? 0) + 1, problem: fetched.problem };
  }
  const { resolved, snapshot } = fetched.value;
  const isSame = before?.snapshot === snapshot && before.fetchedAt !== undefined;
  return {
    ...common,
    failures: 0,
    resolved,
    snapshot,
    fetchedAt: isSame ? (before.fetchedAt ?? '') : now.toISOString(),
  };
}

function verdictOf(input: {
  declaration: SourceDeclaration;
  state: SourceState | undefined;
  stage: SourceVerdict['stage'];
}): SourceVerdict {
  const { declaration, state, stage } = input;
  return {
    source: declaration.id,
    stage,
    problems: state?.problem === undefined || stage === 'suspended' ? [] : [state.problem],
    ...(state?.resolved === undefined ? {} : { resolved: state.resolved }),
    ...(state?.fetchedAt === undefined ? {} : { fetchedAt: state.fetchedAt }),
    ...(state?.snapshot === undefined
      ? {}
      : { digest: state.snapshot.digest, size: state.snapshot.size, subject: state.snapshot.subject }),
    ...(declaration.requestToken === undefined ? {} : { handledToken: declaration.requestToken }),
  };
}
