// The controller: wires the rooms together and turns events into keys to work on. It decides nothing about a delivery.

import { setMaxListeners } from 'node:events';
import type { Delivery, Dialect, KubeObject } from '@weir/core';
import {
  type ClusterAccess,
  connect,
  createWriter,
  isNotFound,
  type KubeClient,
  type Writer,
} from '@weir/kube';
import { createSourceStore, isSameRepository, type SourceStore } from '@weir/source';
import { createRenderPool, type RenderPool } from '@weir/upstream';
import { type Declarations, watchDeclarations } from './declarations.ts';
import { createDeliveryStates, type DeliveryStates } from './delivery-state.ts';
import { allMarks, createFleet, type Fleet, problemOf } from './fleet.ts';
import { createInventories, type Inventories } from './inventories.ts';
import { type Log, messageOf } from './log.ts';
import { createQueue, type Queue } from './queue.ts';
import { invalidVerdict, reconcileDelivery } from './reconcile.ts';
import type { ReconcileContext } from './reconcile-context.ts';
import { createRenders, type Renders } from './renders.ts';
import { createReporter, type Reporter } from './report.ts';
import { createSources, isInlineSource, type Sources } from './sources.ts';
import { createWaker, type Waker } from './waker.ts';

export interface ControllerOptions {
  readonly hub: ClusterAccess;
  readonly dialects: readonly Dialect[];
  /** For mirrors and snapshots; may be thrown away while no controller runs. */
  readonly dataDir: string;
  /** Path of the `render` program. */
  readonly renderBinary: string;
  readonly log: Log;
  readonly now?: () => Date;
}

export interface PushNotice {
  readonly urls: readonly string[];
  /** `refs/heads/main` */
  readonly ref: string;
}

export interface Controller {
  /** Wakes the sources that a push concerns; answers how many. */
  notifyPush(push: PushNotice): number;
  isReady(): boolean;
  stop(): Promise<void>;
}

const sourceWorkers = 8;
/** Most of them wait for a server; what they may ask of one cluster at a time is bounded by its transport. */
const deliveryWorkers = 128;
/** A key whose work failed in a way that nobody foresaw is tried again after this. */
const defectRetryMs = 10_000;
/** Somebody else wrote in between: its watch event is on the way. */
const conflictRetryMs = 500;

/** Everything that lives as long as the controller. */
interface Rooms {
  readonly options: ControllerOptions;
  readonly stopping: AbortController;
  readonly now: () => Date;
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly store: SourceStore;
  readonly pool: RenderPool;
  readonly renders: Renders;
  readonly states: DeliveryStates;
  readonly waker: Waker;
  readonly inventories: Inventories;
}

/** Resolves once everything declared on the hub has been read. The hub's definitions must be installed. */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const rooms = openRooms(options);
  const { stopping, waker, inventories, client } = rooms;
  await inventories.load(stopping.signal);
  const declarations = await watchDeclarations({
    client,
    dialects: options.dialects,
    log: options.log,
    signal: stopping.signal,
    onChange: (change) => waker.declared(change),
    onSecrets: () => waker.secretsChanged(),
  });
  const fleet = await openFleet(rooms, { declarations });
  const reporter = createReporter({ declarations, writer: rooms.writer, now: rooms.now, log: options.log });
  const sources = openSources(rooms, { declarations, reporter });
  const context = contextOf(rooms, { declarations, fleet, reporter, sources });
  const queues = openQueues(rooms, { declarations, sources, reporter, context });
  waker.begin({
    declarations,
    states: rooms.states,
    inventories,
    sources,
    renders: rooms.renders,
    ...queues,
  });
  options.log({
    level: 'info',
    message: `reading ${[...declarations.all()].length} custom resources from ${options.hub.server}`,
  });
  return {
    notifyPush: (push) => waker.pushed((url) => push.urls.some((pushed) => isSameRepository(pushed, url))),
    isReady: () => !stopping.signal.aborted,
    stop: () => close(rooms, { fleet, ...queues }),
  };
}

function openRooms(options: ControllerOptions): Rooms {
  const { log } = options;
  const stopping = new AbortController();
  // Every request and watch of the controller listens to it.
  setMaxListeners(0, stopping.signal);
  const client = connect(options.hub, { name: 'hub' });
  const writer = createWriter(client);
  const store = createSourceStore({
    dir: options.dataDir,
    log: (level, message, fields) => level !== 'debug' && log({ ...fields, level, message }),
  });
  const pool = createRenderPool({ binary: options.renderBinary });
  const waker = createWaker();
  const inventories = createInventories({
    client,
    writer,
    onClaimsFreed: () => waker.claimsFreed(),
    onError: (error) => log({ level: 'warn', message: `inventory was not written: ${messageOf(error)}` }),
  });
  return {
    options,
    stopping,
    now: options.now ?? (() => new Date()),
    client,
    writer,
    store,
    pool,
    renders: createRenders({ store, pool }),
    states: createDeliveryStates(),
    waker,
    inventories,
  };
}

function secretReader({
  client,
  stopping,
}: Rooms): (namespace: string, name: string) => Promise<KubeObject | undefined> {
  return (namespace, name) =>
    client.get({ group: '', version: 'v1', kind: 'Secret', namespace, name }, stopping.signal);
}

function openFleet(rooms: Rooms, { declarations }: { declarations: Declarations }): Promise<Fleet> {
  const { waker, options } = rooms;
  return createFleet({
    hub: options.hub,
    marks: allMarks(options.dialects),
    registrations: () => declarations.clusters(),
    secret: secretReader(rooms),
    listener: (cluster) => ({
      onChange: (change) => waker.objectChanged(cluster, change),
      onTrouble: () => waker.clusterTrouble(cluster),
    }),
  });
}

function openSources(rooms: Rooms, of: { declarations: Declarations; reporter: Reporter }): Sources {
  const { waker, options, stopping } = rooms;
  return createSources({
    store: rooms.store,
    declaration: (id) => of.declarations.source(id),
    secret: secretReader(rooms),
    repositoryCredentials: (url) => of.declarations.repositoryCredentials(url),
    dialectOf: (id) => options.dialects.find(({ name }) => id.startsWith(`${name}:`)),
    onChange: (change) => waker.sourceChanged(change),
    onAttempt: async (id, verdict) => {
      waker.sourceTried(id);
      await of.reporter.source(id, verdict, stopping.signal);
    },
    now: rooms.now,
  });
}

function contextOf(
  rooms: Rooms,
  of: { declarations: Declarations; fleet: Fleet; reporter: Reporter; sources: Sources },
): ReconcileContext {
  const { declarations, fleet, reporter, sources } = of;
  const { log } = rooms.options;
  return {
    fleet,
    renders: rooms.renders,
    inventories: rooms.inventories,
    states: rooms.states,
    now: rooms.now,
    sourceState: (id) => sources.state(id),
    isSourceDeclared: (id) => declarations.source(id) !== undefined,
    isInlineSource,
    isDeclared: (id) => declarations.declared(id) !== undefined,
    delivery: (id) => declarations.delivery(id),
    report: (id, verdict, signal) => reporter.delivery(id, verdict, signal),
    setFinalizer: (delivery, present, signal) =>
      setFinalizer({ declarations, writer: rooms.writer, delivery, present, signal }),
    onVerdict: (verdict, before) => rooms.waker.judged(verdict, before),
    onRemoval: (delivery, results) =>
      log({ level: 'info', message: `${delivery.id}: removed ${results.length} objects` }),
  };
}

interface Queues {
  readonly sourceQueue: Queue;
  readonly deliveryQueue: Queue;
}

function openQueues(
  rooms: Rooms,
  of: { declarations: Declarations; sources: Sources; reporter: Reporter; context: ReconcileContext },
): Queues {
  const { declarations, sources, reporter, context } = of;
  const { log } = rooms.options;
  const sourceQueue = createQueue({
    concurrency: sourceWorkers,
    run: guarded(log, async (id, signal) => {
      const reading = declarations.declared(id)?.reading;
      if (reading?.kind !== 'invalid') return sources.run(id, signal);
      await reporter.source(id, { source: id, stage: 'invalid', problems: reading.problems }, signal);
      return undefined;
    }),
  });
  const deliveryQueue = createQueue({
    concurrency: deliveryWorkers,
    run: guarded(log, async (id, signal) => {
      const reading = declarations.declared(id)?.reading;
      if (reading?.kind !== 'invalid') return reconcileDelivery(id, context, signal);
      const verdict = invalidVerdict(reading, context);
      await reporter.delivery(id, verdict, signal);
      return undefined;
    }),
  });
  return { sourceQueue, deliveryQueue };
}

/** No failure of one key may reach another: it is logged and the key is tried again. */
function guarded(
  log: Log,
  work: (id: string, signal: AbortSignal) => Promise<number | undefined>,
): typeof work {
  return async (id, signal) => {
    try {
      return await work(id, signal);
    } catch (error) {
      if (signal.aborted) return undefined;
      const problem = problemOf(error);
      if (problem.code === 'APPLY_CONFLICT') return conflictRetryMs;
      const stack = problem.code === 'INTERNAL' && error instanceof Error ? { stack: error.stack } : {};
      log({ level: 'error', code: problem.code, key: id, message: problem.message, ...stack });
      return defectRetryMs;
    }
  };
}

async function setFinalizer(of: {
  declarations: Declarations;
  writer: Writer;
  delivery: Delivery;
  present: boolean;
  signal: AbortSignal;
}): Promise<void> {
  const { declarations, writer, delivery, present, signal } = of;
  const { finalizer, ensureFinalizer } = delivery.deletion;
  const object = declarations.declared(delivery.id)?.object;
  if (finalizer === undefined || object === undefined || (present && !ensureFinalizer)) return;
  const finalizers = object.metadata.finalizers ?? [];
  if (finalizers.includes(finalizer) === present) return;
  const wanted = present ? [...finalizers, finalizer] : finalizers.filter((name) => name !== finalizer);
  // The version makes a conflict of a list that somebody else changed meanwhile.
  const patch = { metadata: { resourceVersion: object.metadata.resourceVersion, finalizers: wanted } };
  try {
    declarations.note(delivery.id, await writer.mergePatch(delivery.owner, patch, { signal }));
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}

async function close(rooms: Rooms, of: Queues & { fleet: Fleet }): Promise<void> {
  await Promise.all([of.sourceQueue.stop(), of.deliveryQueue.stop()]);
  await rooms.inventories
    .flush(AbortSignal.timeout(5_000))
    .catch((error: unknown) =>
      rooms.options.log({ level: 'warn', message: `inventories were not written: ${messageOf(error)}` }),
    );
  rooms.stopping.abort(new Error('the controller stops'));
  await Promise.all([of.fleet.close(), rooms.pool.close(), rooms.store.close(), rooms.client.close()]);
}
