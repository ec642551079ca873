// What a reconcile would change, asked of the API server itself by dry runs. It writes nothing.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  canonicalJson,
  type Delivery,
  type DeliveryId,
  type Dialect,
  type DriftedField,
  driftedFields,
  type KubeObject,
  type ObjectRef,
  type Problem,
  withoutFields,
} from '@weir/core';
import { type ClusterAccess, connect, createWriter, type KubeClient } from '@weir/kube';
import { createSourceStore } from '@weir/source';
import { createRenderPool } from '@weir/upstream';
import { ignoredOf, objectToWrite, type SelectPaths } from './ask-drift.ts';
import { bareObject } from './bare-object.ts';
import { type Declarations, watchDeclarations } from './declarations.ts';
import { createDeliveryStates } from './delivery-state.ts';
import { createEvaluation } from './evaluation.ts';
import { allMarks, createFleet, problemOf } from './fleet.ts';
import { createInventories } from './inventories.ts';
import { type Observation, type ObserveContext, observeDelivery } from './observe.ts';
import { createRenders } from './renders.ts';
import { createJqEvaluation, invalidExpressions, type JqEvaluation } from './select-paths.ts';
import { createSources, isInlineSource } from './sources.ts';

export interface DiffOptions {
  readonly hub: ClusterAccess;
  readonly dialects: readonly Dialect[];
  readonly renderBinary: string;
  readonly findEvaluator: () => Promise<string>;
  readonly select: (id: DeliveryId) => boolean;
  readonly signal: AbortSignal;
}

export interface ObjectChange {
  readonly ref: ObjectRef;
  readonly action: 'create' | 'update' | 'delete';
  /** Without the fields that the delivery ignores. */
  readonly before?: KubeObject;
  readonly after?: KubeObject;
  /** Of an update: the fields that Git wants otherwise. */
  readonly drift?: readonly DriftedField[];
}

export interface DeliveryDiff {
  readonly id: DeliveryId;
  readonly cluster: string;
  readonly problems: readonly Problem[];
  readonly changes: readonly ObjectChange[];
}

export async function* diffDeliveries(options: DiffOptions): AsyncGenerator<DeliveryDiff> {
  const dir = await mkdtemp(join(tmpdir(), 'weir-diff-'));
  const done = new AbortController();
  const signal = AbortSignal.any([options.signal, done.signal]);
  const client = connect(options.hub, { name: 'hub' });
  const store = createSourceStore({ dir });
  const pool = createRenderPool({ binary: options.renderBinary });
  const declarations = await watchDeclarations({
    client,
    dialects: options.dialects,
    signal,
    log: () => undefined,
    onChange: () => undefined,
    onSecrets: () => undefined,
  });
  const secret = (namespace: string, name: string): Promise<KubeObject | undefined> =>
    client.get({ group: '', version: 'v1', kind: 'Secret', namespace, name }, signal);
  const fleet = await createFleet({
    hub: options.hub,
    marks: allMarks(options.dialects),
    registrations: () => declarations.clusters(),
    secret,
    listener: () => ({ onChange: () => undefined, onTrouble: () => undefined }),
  });
  const jq = createJqEvaluation(createEvaluation(options.findEvaluator));
  try {
    const context = await contextOf({
      jq,
      options,
      declarations,
      client,
      fleet,
      secret,
      renders: createRenders({ store, pool }),
      store,
      signal,
    });
    for (const { reading } of declarations.all())
      if (reading.kind === 'delivery' && options.select(reading.delivery.id))
        yield await diffOne(reading.delivery, context, signal);
  } finally {
    done.abort(new Error('the diff is complete'));
    await Promise.all([jq.close(), fleet.close(), pool.close(), store.close(), client.close()]);
    await rm(dir, { recursive: true, force: true });
  }
}

interface DiffContext extends ObserveContext {
  readonly jq: JqEvaluation;
  readonly fetch: (source: string) => Promise<void>;
}

async function contextOf(of: {
  jq: JqEvaluation;
  options: DiffOptions;
  declarations: Declarations;
  client: KubeClient;
  fleet: ObserveContext['fleet'];
  secret: (namespace: string, name: string) => Promise<KubeObject | undefined>;
  renders: ObserveContext['renders'];
  store: ReturnType<typeof createSourceStore>;
  signal: AbortSignal;
}): Promise<DiffContext> {
  const { options, declarations, client, fleet, secret, renders, store, signal } = of;
  const inventories = createInventories({
    client,
    writer: createWriter(client),
    onClaimsFreed: () => undefined,
    onError: () => undefined,
  });
  await inventories.load(signal);
  const sources = createSources({
    store,
    declaration: (id) => declarations.source(id),
    secret,
    repositoryCredentials: (url) => declarations.repositoryCredentials(url),
    dialectOf: (id) => options.dialects.find(({ name }) => id.startsWith(`${name}:`)),
    onChange: () => undefined,
    onAttempt: async () => undefined,
    now: () => new Date(),
  });
  return {
    jq: of.jq,
    fleet,
    renders,
    inventories,
    states: createDeliveryStates(),
    sourceState: (id) => sources.state(id),
    isSourceDeclared: (id) => declarations.source(id) !== undefined,
    isInlineSource,
    isDeclared: (id) => declarations.declared(id) !== undefined,
    fetch: async (id) => {
      if (sources.state(id) === undefined) await sources.run(id, signal);
    },
  };
}

async function diffOne(delivery: Delivery, context: DiffContext, signal: AbortSignal): Promise<DeliveryDiff> {
  await context.fetch(delivery.source);
  // What a delivery waits for is no part of the question.
  const observed = await observeDelivery({ ...delivery, dependsOn: [] }, context, { signal });
  const cluster = context.inventories.get(delivery.id)?.cluster ?? '';
  if (!observed.ok) return { id: delivery.id, cluster, problems: observed.problems, changes: [] };
  const changes: ObjectChange[] = [];
  const invalid = await invalidExpressions(delivery, context.jq.selectPaths, signal);
  if (invalid.length > 0) return { id: delivery.id, cluster, problems: invalid, changes };
  const problems: Problem[] = [...observed.value.warnings, ...observed.value.desired.problems];
  for (const desired of observed.value.desired.objects) {
    if (observed.value.discovery.find(desired.ref) === undefined) continue;
    try {
      const change = await diffObject({
        object: desired.object,
        ref: desired.ref,
        delivery,
        observation: observed.value,
        selectPaths: context.jq.selectPaths,
        signal,
      });
      if (change !== undefined) changes.push(change);
    } catch (error) {
      problems.push({ ...problemOf(error), object: desired.ref });
    }
  }
  changes.push(...(await departures(delivery, observed.value, signal)));
  return { id: delivery.id, cluster: observed.value.session.client.name, problems, changes };
}

async function diffObject(of: {
  object: KubeObject;
  ref: ObjectRef;
  delivery: Delivery;
  observation: Observation;
  selectPaths: SelectPaths;
  signal: AbortSignal;
}): Promise<ObjectChange | undefined> {
  const { object, ref, delivery, observation, signal } = of;
  const { session } = observation;
  const { fieldManager: manager } = delivery;
  const context = { delivery, session, selectPaths: of.selectPaths, signal };
  const live = await session.client.get(ref, signal);
  const wanted = await objectToWrite(object, context);
  const applied = await session.writer.apply(wanted, { fieldManager: manager, dryRun: true, signal });
  if (live === undefined) return { ref, action: 'create', after: bareObject(applied) };
  const ignored = await ignoredOf({ desired: object, live }, context);
  const [before, after] = [live, applied].map((one) => withoutFields(bareObject(one), ignored) as KubeObject);
  if (before === undefined || after === undefined || canonicalJson(before) === canonicalJson(after))
    return undefined;
  const drift = driftedFields({ applied, live, manager, ...(ignored === undefined ? {} : { ignored }) });
  return { ref, action: 'update', before, after, drift };
}

async function departures(
  delivery: Delivery,
  { inventory, desired, session }: Observation,
  signal: AbortSignal,
): Promise<ObjectChange[]> {
  if (!delivery.policy.prune) return [];
  const wanted = new Set(desired.objects.map(({ id }) => id));
  const changes: ObjectChange[] = [];
  for (const [id, { ref }] of inventory.entries) {
    const before = wanted.has(id) ? undefined : await session.client.get(ref, signal);
    if (before !== undefined) changes.push({ ref, action: 'delete', before: bareObject(before) });
  }
  return changes;
}
