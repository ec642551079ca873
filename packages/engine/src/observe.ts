// Gathers what one reconcile needs: the commit, the rendered objects, the cluster with its caches, the inventory.
// It writes nothing; what is missing comes back as a problem with the step that failed.

import {
  apiVersionOf,
  type Conclusion,
  createDesiredMemo,
  type Delivery,
  type DeliveryId,
  type DesiredMemo,
  type DesiredSet,
  type FailedStep,
  groupOf,
  type ObjectRef,
  type Problem,
  prepareDesired,
  type Recipe,
  type Rendered,
  type ResolvedRef,
  refOf,
  userOfServiceAccount,
  versionOf,
} from '@weir/core';
import { type Discovery, digestText, type Resource } from '@weir/kube';
import type { Snapshot } from '@weir/source';
import type { DeliveryHealth } from './delivery-health.ts';
import type { DeliveryStates } from './delivery-state.ts';
import { type Fleet, problemOf, type Session, sessionFor } from './fleet.ts';
import type { Inventories, InventoryRecord } from './inventories.ts';
import type { Rendering, Renders } from './renders.ts';
import { discoverFor, followVersions } from './served-kinds.ts';
import { sightOf } from './sight.ts';
import type { SourceState } from './sources.ts';

export interface ObserveContext {
  readonly fleet: Fleet;
  readonly renders: Renders;
  readonly inventories: Inventories;
  readonly states: DeliveryStates;
  /** The health by users' scripts; without it, that of weir's rules. */
  readonly health?: DeliveryHealth;
  readonly sourceState: (id: string) => SourceState | undefined;
  readonly isSourceDeclared: (id: string) => boolean;
  /** Whether the source belongs to this delivery alone, so that its failures show on it. */
  readonly isInlineSource: (id: string) => boolean;
  readonly isDeclared: (id: DeliveryId) => boolean;
}

export interface Observation {
  readonly session: Session;
  readonly inventory: InventoryRecord;
  readonly discovery: Discovery;
  /** With the health that the delivery's scripts tell. */
  readonly live: (ref: ObjectRef) => Conclusion | undefined;
  readonly desired: DesiredSet;
  readonly revision: ResolvedRef;
  readonly rendering: Extract<Rendering, { ok: true }>;
  /** What was rendered, with the capabilities of the cluster. */
  readonly recipe: Recipe;
  /** Digest of all that decides the desired state in this cluster. */
  readonly candidate: string;
  /** Whether objects of that kind cannot be seen now. */
  readonly isBlind: (ref: ObjectRef) => boolean;
  /** Of the source, while an older commit stays in force. */
  readonly warnings: readonly Problem[];
}

export type Observed =
  | { readonly ok: true; readonly value: Observation }
  | {
      readonly ok: false;
      readonly step: FailedStep;
      readonly problems: readonly Problem[];
      readonly revision?: ResolvedRef;
      readonly waitingFor?: { readonly id: DeliveryId; readonly reason: 'not-found' | 'not-ready' };
      /** The dependency has not been looked at since the start, so nothing can be said about it. */
      readonly isPending?: boolean;
    };

const fail = (step: FailedStep, problem: Problem, revision?: ResolvedRef): Observed => ({
  ok: false,
  step,
  problems: [problem],
  ...(revision === undefined ? {} : { revision }),
});

export async function observeDelivery(
  delivery: Delivery,
  context: ObserveContext,
  signals: {
    readonly signal: AbortSignal /** Ends the rendering alone. */;
    readonly superseded?: AbortSignal;
  },
): Promise<Observed> {
  const { signal, superseded = signal } = signals;
  const source = sourceOf(delivery, context);
  if ('ok' in source) return source;
  const waiting = unmetDependency(delivery, context, source.resolved);
  if (waiting !== undefined) return waiting;
  const session = await sessionFor(delivery, context.fleet);
  if (!session.ok) return fail('cluster', session.problem, source.resolved);
  const trouble = session.value.cache.trouble();
  if (trouble !== undefined) return fail('cluster', trouble.problem, source.resolved);
  try {
    const discovery = await session.value.client.resources();
    const recipe = await withCapabilities(delivery.recipe, {
      snapshot: source.snapshot,
      discovery,
      session: session.value,
      signal,
    });
    const rendering = await context.renders.render(
      { url: source.url, snapshot: source.snapshot, recipe },
      AbortSignal.any([signal, superseded]),
    );
    if (!rendering.ok) return fail('render', rendering.problem, source.resolved);
    return {
      ok: true,
      value: await observeCluster({
        delivery,
        context,
        signal,
        source,
        session: session.value,
        rendering,
        recipe,
      }),
    };
  } catch (error) {
    context.fleet.doubt(session.value);
    return fail('cluster', problemOf(error), source.resolved);
  }
}

interface ReadySource {
  readonly url: string;
  readonly snapshot: Snapshot;
  readonly resolved: ResolvedRef;
  readonly warnings: readonly Problem[];
}

function sourceOf(
  delivery: Delivery,
  context: ObserveContext,
): ReadySource | Extract<Observed, { ok: false }> {
  const state = context.sourceState(delivery.source);
  const isInline = context.isInlineSource(delivery.source);
  if (state?.snapshot !== undefined && state.resolved !== undefined) {
    const warnings = isInline && state.problem !== undefined ? [state.problem] : [];
    return { url: state.url, snapshot: state.snapshot, resolved: state.resolved, warnings };
  }
  const [, kind = 'source', name = delivery.source] = delivery.source.split(':');
  const missing: Problem = context.isSourceDeclared(delivery.source)
    ? {
        code: 'SOURCE_NOT_READY',
        message: `${kind} ${name}: no commit has been fetched yet; look at its status`,
      }
    : {
        code: 'SOURCE_NOT_FOUND',
        message: `${kind} ${name}: does not exist; expected the source that ${delivery.owner.kind} ${delivery.owner.name} names`,
      };
  return {
    ok: false,
    step: 'source',
    problems: [isInline && state?.problem !== undefined ? state.problem : missing],
  };
}

function unmetDependency(
  delivery: Delivery,
  context: ObserveContext,
  revision: ResolvedRef,
): Observed | undefined {
  for (const id of delivery.dependsOn) {
    const verdict = context.states.peek(id)?.verdict;
    const isCurrent = verdict?.stage === 'ready';
    // A dependency on the same source must have reached the same commit; on another one, any.
    const sameCommit =
      verdict?.revision?.commit === revision.commit || verdict?.revision?.name !== revision.name;
    if (isCurrent && sameCommit) continue;
    const reason = context.isDeclared(id) ? 'not-ready' : 'not-found';
    const [, kind = '', name = ''] = id.split(':');
    const message = `${kind} ${name}: ${reason === 'not-found' ? 'does not exist' : 'is not ready'}; this delivery waits for it`;
    return {
      ok: false,
      step: 'dependency',
      problems: [{ code: 'DEPENDENCY_NOT_READY', message }],
      revision,
      waitingFor: { id, reason },
      isPending:
        reason === 'not-ready' &&
        (verdict === undefined || verdict.problems.some(({ code }) => code === 'SOURCE_NOT_READY')),
    };
  }
  return undefined;
}

/** Charts may ask what the cluster can do; their renderings are for that answer. */
async function withCapabilities(
  recipe: Recipe,
  of: { snapshot: Snapshot; discovery: Discovery; session: Session; signal: AbortSignal },
): Promise<Recipe> {
  const isHelm =
    recipe.type === 'helm' ||
    (recipe.type === 'auto' &&
      of.snapshot.tree.has(
        recipe.path === '.' || recipe.path === '' ? 'Chart.yaml' : `${recipe.path}/Chart.yaml`,
      ));
  if (!isHelm || recipe.helm === undefined) return recipe;
  const version = recipe.helm.kubeVersion ?? (await of.session.client.version()).gitVersion;
  return {
    ...recipe,
    helm: {
      ...recipe.helm,
      kubeVersion: version,
      apiVersions: recipe.helm.apiVersions ?? of.discovery.apiVersions(),
    },
  };
}

async function observeCluster(input: {
  delivery: Delivery;
  context: ObserveContext;
  signal: AbortSignal;
  source: ReadySource;
  session: Session;
  rendering: Extract<Rendering, { ok: true }>;
  recipe: Recipe;
}): Promise<Observation> {
  const { delivery, context, signal, source, session, rendering, recipe } = input;
  const inventory = context.inventories.open(delivery.id, delivery.owner, session.key);
  context.fleet.use(delivery.id, session);
  const rendered = rendering.objects;
  const seen = await observeObjects({ delivery, session, inventory, rendered, signal });
  const candidate = digestText(
    [
      rendering.digest,
      session.key,
      delivery.namespace,
      JSON.stringify(delivery.mark),
      writingPolicy(delivery),
    ].join('\n'),
  );
  const { resolved: revision, warnings } = source;
  const judged = { delivery, session, refs: judgedRefs(delivery, inventory) };
  await context.health?.settle(judged, signal);
  const live = context.health?.live(judged) ?? ((ref: ObjectRef) => session.cache.live(ref));
  return { live, session, inventory, ...seen, revision, rendering, recipe, candidate, warnings };
}

/** The objects as they belong into the cluster, with the cluster's caches following their kinds. */
export async function observeObjects(input: {
  readonly delivery: Delivery;
  readonly session: Session;
  readonly inventory: InventoryRecord;
  readonly rendered: readonly Rendered[];
  readonly signal: AbortSignal;
}): Promise<Pick<Observation, 'discovery' | 'desired' | 'isBlind'>> {
  const { delivery, session, inventory, rendered, signal } = input;
  const discovery = await discoverFor(kindsIn(rendered, inventory), session);
  followVersions(inventory, discovery);
  const kinds = kindsIn(rendered, inventory);
  const prepared = prepareDesired({
    delivery,
    rendered,
    isNamespaced: (ref) => discovery.find(ref)?.namespaced,
    digest: digestText,
    memo: memoOf(inventory),
  });
  const followed = [...kinds, ...(delivery.healthChecks ?? [])];
  await session.cache.follow(resourcesFor(followed, { delivery, discovery }), signal, {
    by: delivery.id,
    isTolerant: true,
    refs: prepared.objects.map(({ ref }) => ref),
  });
  const sight = sightOf(session, discovery);
  const desired = { ...prepared, problems: sight.problemsOf(prepared) };
  return { discovery, desired, isBlind: sight.isBlind };
}

/** The objects whose health counts: those that are ours, and those that readiness waits for by name. */
export function* judgedRefs(
  { healthChecks = [] }: Delivery,
  { entries }: InventoryRecord,
): Iterable<ObjectRef> {
  for (const { ref } of entries.values()) yield ref;
  yield* healthChecks;
}

type Kind = Pick<ObjectRef, 'group' | 'version' | 'kind'>;

/** Each once: thousands of objects are of a few kinds. */
function kindsIn(rendered: readonly Rendered[], { entries }: InventoryRecord): readonly Kind[] {
  const kinds = new Map<string, Kind>();
  for (const { object } of rendered) {
    const key = `${object.apiVersion}/${object.kind}`;
    if (!kinds.has(key)) kinds.set(key, refOf(object));
  }
  for (const { ref } of entries.values()) {
    const key = `${apiVersionOf(ref)}/${ref.kind}`;
    if (!kinds.has(key)) kinds.set(key, ref);
  }
  return [...kinds.values()];
}

/** They last as long as what is known of the delivery in that cluster. */
const memos = new WeakMap<InventoryRecord, DesiredMemo>();

function memoOf(inventory: InventoryRecord): DesiredMemo {
  const memo = memos.get(inventory) ?? createDesiredMemo();
  memos.set(inventory, memo);
  return memo;
}

/** What a user may change to get past a failure: it is tried anew, though Git is the same. */
function writingPolicy({ policy, impersonate }: Delivery): string {
  const { prune, force, replace, atomicity } = policy;
  const account = impersonate === undefined ? [] : [userOfServiceAccount(impersonate)];
  return [prune, force, replace === true, atomicity === 'transactional', ...account].join();
}

function resourcesFor(refs: readonly Kind[], of: { delivery: Delivery; discovery: Discovery }): Resource[] {
  const kinds = new Map<string, Resource>();
  const add = (ref: Kind): void => {
    const resource = of.discovery.find(ref);
    if (resource !== undefined) kinds.set(`${resource.group}/${resource.version}/${resource.kind}`, resource);
  };
  for (const ref of refs) add(ref);
  if (of.delivery.policy.createNamespace)
    add({ group: groupOf('v1'), version: versionOf('v1'), kind: 'Namespace' });
  return [...kinds.values()];
}
