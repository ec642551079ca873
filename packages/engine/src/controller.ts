// The controller: wires the rooms together and turns events into keys to work on. It decides nothing about a delivery.
// Several may run on one hub: each works on the clusters whose claims it holds.

import { setMaxListeners } from 'node:events';
import type { ClusterRef, Delivery, Dialect, KubeObject, Result } from '@weir/core';
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
import { followClaims, rememberedVerdict, showPush } from './claimed-clusters.ts';
import { type Claims, createClaims } from './claims.ts';
import { type Contests, createContests } from './contests.ts';
import { type Declarations, watchDeclarations } from './declarations.ts';
import type { DeliveryHealth } from './delivery-health.ts';
import { createDeliveryStates, type DeliveryState, type DeliveryStates, newState } from './delivery-state.ts';
import { createEvaluation, type Evaluation } from './evaluation.ts';
import { allMarks, createFleet, type Fleet, problemOf, type Session } from './fleet.ts';
import { guarded } from './guarded-work.ts';
import { createInventories, type Inventories } from './inventories.ts';
import { type Log, messageOf } from './log.ts';
import { mayBeWanted } from './may-be-wanted.ts';
import { openHealth } from './open-health.ts';
import { createPlaces, type Places } from './places.ts';
import { createQueue, type Queue } from './queue.ts';
import { invalidVerdict, reconcileDelivery } from './reconcile.ts';
import type { ReconcileContext } from './reconcile-context.ts';
import { createRenders, type Renders } from './renders.ts';
import { type ReplicaOptions, replicaName } from './replica-lease.ts';
import { createReporter, type Reporter } from './report.ts';
import { createJqEvaluation } from './select-paths.ts';
import { createSources, isInlineSource, type Sources } from './sources.ts';
import { createWaker, type Waker } from './waker.ts';

export interface ControllerOptions {
  readonly hub: ClusterAccess;
  readonly dialects: readonly Dialect[];
  /** For mirrors and snapshots; may be thrown away while no controller runs. */
  readonly dataDir: string;
  /** Path of the `render` program. */
  readonly renderBinary: string;
  /** Finds the `evaluate` program when it is needed first. */
  readonly findEvaluator?: () => Promise<string>;
  /** Parses the YAML in a user's settings; throws where it is none. */
  readonly parseYaml?: (text: string) => unknown;
  readonly log: Log;
  /** Which of the controllers on this hub it is, and how long the others wait when it falls silent. */
  readonly replica?: ReplicaOptions;
  /** As `weir/1.2.3`: who asks, in the audit logs of the clusters. */
  readonly userAgent?: string;
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
const deliveryWorkers = 192;
const deliveryWorkersPerCluster = 128;

/** Everything that lives as long as the controller. */
interface Rooms {
  readonly options: ControllerOptions;
  readonly stopping: AbortController;
  readonly now: () => Date;
  readonly client: KubeClient;
  readonly userAgent: string;
  readonly claims: Claims;
  /** Writes on the hub what is kept about a cluster and its deliveries. */
  readonly writerFor: (clusterKey: string) => Writer;
  readonly store: SourceStore;
  readonly pool: RenderPool;
  readonly renders: Renders;
  readonly evaluation: Evaluation | undefined;
  readonly states: DeliveryStates;
  readonly waker: Waker;
  readonly inventories: Inventories;
  readonly contests: Contests;
}

/**
 * Resolves once everything declared on the hub has been read. The hub's definitions must be installed. When it throws,
 * nothing is left running: whoever watches the process must see it end.
 */
export async function startController(options: ControllerOptions): Promise<Controller> {
  const rooms = openRooms(options);
  try {
    return await beginWork(rooms);
  } catch (error) {
    await rooms.claims.stop();
    rooms.stopping.abort(error);
    await Promise.allSettled([rooms.pool.close(), rooms.store.close(), rooms.client.close()]);
    throw error;
  }
}

async function beginWork(rooms: Rooms): Promise<Controller> {
  const { options, stopping, waker, inventories, client, claims } = rooms;
  const opened: { fleet?: Fleet; places?: Places } = {};
  const declarations = await watchDeclarations({
    client,
    dialects: options.dialects,
    log: options.log,
    signal: stopping.signal,
    onChange: (change) => {
      if (change.after === undefined) leave(opened, change.id);
      waker.declared(change);
    },
    onStatus: (id) => waker.statusChanged(id),
    ...(options.parseYaml === undefined ? {} : { parseYaml: options.parseYaml }),
    onSettings: (dialect) => waker.settingsChanged(dialect),
    onSecrets: () => {
      opened.fleet?.tidy();
      waker.secretsChanged();
    },
  });
  const health = openHealth({ ...rooms, declarations, signal: stopping.signal });
  const fleet = await openFleet(rooms, { declarations, health });
  const places = openPlaces(rooms, { declarations, fleet });
  const placed: Placed = { declarations, fleet, places, health };
  Object.assign(opened, { fleet, places });
  const reporter = createReporter({
    declarations,
    writerFor: (id) => writerOf(rooms, placed, id),
    now: rooms.now,
    log: options.log,
  });
  const sources = openSources(rooms, { ...placed, reporter });
  const context = contextOf(rooms, { ...placed, reporter, sources });
  const queues = openQueues(rooms, { ...placed, sources, reporter, context });
  waker.begin({
    ...rooms,
    declarations,
    sources,
    isElsewhere: (id) => isElsewhere(rooms, placed, id),
    ...queues,
  });
  claims.begin(
    followClaims({ ...placed, inventories, states: rooms.states, waker, signal: stopping.signal }),
  );
  options.log({
    level: 'info',
    message: `reading ${[...declarations.all()].length} custom resources from ${options.hub.server}`,
  });
  return {
    notifyPush: (push) => {
      const woken = waker.pushed((url) => push.urls.some((pushed) => isSameRepository(pushed, url)));
      if (woken.length > 0) claims.tell(showPush(woken));
      return woken.length;
    },
    isReady: () => !stopping.signal.aborted,
    stop: () => close(rooms, { fleet, ...queues }),
  };
}

function openPlaces(
  { inventories, stopping }: Rooms,
  { declarations, fleet }: Omit<Placed, 'places' | 'health'>,
): Places {
  return createPlaces({
    hub: fleet.hub,
    session: (cluster) => fleet.session(cluster),
    reading: (id) => declarations.declared(id)?.reading,
    journal: (id, owner) => inventories.clusterOf(id, owner, stopping.signal),
  });
}

/** Nothing of a delivery that is gone is anywhere any more. */
function leave({ fleet, places }: { fleet?: Fleet; places?: Places }, id: string): void {
  places?.forget(id);
  fleet?.use(id, undefined);
}

/** Where everything is that has a place. */
interface Placed {
  readonly declarations: Declarations;
  readonly fleet: Fleet;
  readonly places: Places;
  readonly health: DeliveryHealth | undefined;
}

/** What is kept on the hub about a delivery is written by whoever works on its cluster; about a source, by the hub's holder. */
function writerOf(rooms: Rooms, { places, fleet }: Placed, id: string): Writer {
  return rooms.writerFor(places.known(id) ?? fleet.hub.key);
}

function isElsewhere({ claims }: Rooms, { places }: Placed, id: string): boolean {
  const key = places.known(id);
  return key !== undefined && !claims.isOpen(key);
}

function openRooms(options: ControllerOptions): Rooms {
  const { log } = options;
  const stopping = new AbortController();
  // Every request and watch of the controller listens to it.
  setMaxListeners(0, stopping.signal);
  const name = replicaName(options.replica?.name);
  const userAgent = `${options.userAgent ?? 'weir'} (${name})`;
  const client = connect(options.hub, { name: 'hub', userAgent });
  const writer = createWriter(client);
  const replica = { ...options.replica, name };
  const claims = createClaims({ ...replica, client, writer, log, signal: stopping.signal });
  const writers = new Map<string, Writer>();
  const writerFor = (key: string): Writer => {
    const known = writers.get(key) ?? createWriter(client, claims.guard(key));
    writers.set(key, known);
    return known;
  };
  const store = createSourceStore({
    dir: options.dataDir,
    log: (level, message, fields) => level !== 'debug' && log({ ...fields, level, message }),
  });
  const pool = createRenderPool({ binary: options.renderBinary });
  const waker = createWaker();
  const inventories = createInventories({
    client,
    writer,
    claims: { writerFor, epochOf: (cluster) => claims.epoch(cluster) },
    onClaimsFreed: () => waker.claimsFreed(),
    onError: (error) => log({ level: 'warn', message: `inventory was not written: ${messageOf(error)}` }),
  });
  return {
    options,
    stopping,
    now: options.now ?? (() => new Date()),
    client,
    userAgent,
    claims,
    writerFor,
    store,
    pool,
    renders: createRenders({ store, pool }),
    evaluation: options.findEvaluator === undefined ? undefined : createEvaluation(options.findEvaluator),
    states: createDeliveryStates(),
    waker,
    inventories,
    contests: createContests(),
  };
}

function secretReader({
  client,
  stopping,
}: Rooms): (namespace: string, name: string) => Promise<KubeObject | undefined> {
  return (namespace, name) =>
    client.get({ group: '', version: 'v1', kind: 'Secret', namespace, name }, stopping.signal);
}

function openFleet(
  rooms: Rooms,
  { declarations, health }: { declarations: Declarations; health: DeliveryHealth | undefined },
): Promise<Fleet> {
  const { waker, options } = rooms;
  return createFleet({
    hub: options.hub,
    marks: allMarks(options.dialects),
    registrations: () => declarations.clusters(),
    secret: secretReader(rooms),
    guard: (cluster) => rooms.claims.guard(cluster),
    userAgent: rooms.userAgent,
    listener: (cluster, client) => ({
      onObject: (object, live) => health?.passed({ cluster, client, object, live }),
      onChange: (change) => {
        if (change.after === undefined && change.before !== undefined)
          health?.gone({ cluster, id: change.before.id });
        waker.objectChanged(cluster, change);
      },
      onTrouble: () => waker.clusterTrouble(cluster),
      onBlind: (kind) => waker.kindsChanged(cluster, kind),
      onKinds: () => waker.kindsChanged(cluster),
    }),
  });
}

function openSources(rooms: Rooms, of: Placed & { reporter: Reporter }): Sources {
  const { waker, options, stopping, claims } = rooms;
  const hub = of.fleet.hub.key;
  return createSources({
    store: rooms.store,
    declaration: (id) => of.declarations.source(id),
    secret: secretReader(rooms),
    repositoryCredentials: (url) => of.declarations.repositoryCredentials(url),
    dialectOf: (id) => options.dialects.find(({ name }) => id.startsWith(`${name}:`)),
    onChange: (change) => waker.sourceChanged(change),
    onAttempt: async (id, verdict) => {
      waker.sourceTried(id);
      await claims.work(hub, stopping.signal, (signal) => of.reporter.source(id, verdict, signal));
    },
    now: rooms.now,
  });
}

function contextOf(rooms: Rooms, of: Placed & { reporter: Reporter; sources: Sources }): ReconcileContext {
  const { declarations, fleet, reporter, sources } = of;
  const { states } = rooms;
  const { log } = rooms.options;
  const remembered = (id: string): DeliveryState | undefined => {
    const verdict = isElsewhere(rooms, of, id) ? rememberedVerdict(id, declarations) : undefined;
    return verdict === undefined ? undefined : { ...newState(''), verdict };
  };
  return {
    fleet: { ...fleet, session: (ref) => heldSession(rooms, fleet, ref) },
    renders: rooms.renders,
    inventories: rooms.inventories,
    // What another replica works on is known by what it says of it.
    states: { ...states, peek: (id) => states.peek(id) ?? remembered(id) },
    now: rooms.now,
    sourceState: (id) => sources.state(id),
    isSourceDeclared: (id) => declarations.source(id) !== undefined,
    isInlineSource,
    isDeclared: (id) => declarations.declared(id) !== undefined,
    delivery: (id) => declarations.delivery(id),
    ...(rooms.evaluation === undefined
      ? {}
      : { selectPaths: createJqEvaluation(rooms.evaluation).selectPaths }),
    ...(of.health === undefined ? {} : { health: of.health }),
    report: (id, verdict, signal) => reporter.delivery(id, verdict, signal),
    setFinalizer: (delivery, present, signal) =>
      setFinalizer({ declarations, writer: writerOf(rooms, of, delivery.id), delivery, present, signal }),
    contests: rooms.contests,
    mayBeWanted: (delivery, cluster) =>
      mayBeWanted(delivery, cluster, {
        declarations,
        states,
        inventories: rooms.inventories,
        isElsewhere: (id) => isElsewhere(rooms, of, id),
      }),
    onContested: (cluster, ids) => rooms.waker.contested(cluster, ids),
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
  of: Placed & { sources: Sources; reporter: Reporter; context: ReconcileContext },
): Queues {
  const { declarations, sources, reporter, context, fleet } = of;
  const { claims, options } = rooms;
  const { log } = options;
  const sourceQueue = createQueue({
    concurrency: sourceWorkers,
    run: guarded(log, async (id, signal) => {
      const reading = declarations.declared(id)?.reading;
      if (reading?.kind !== 'invalid')
        return isSourceWanted(rooms, of, id) ? sources.run(id, signal) : undefined;
      const { problems } = reading;
      await claims.work(fleet.hub.key, signal, (held) =>
        reporter.source(id, { source: id, stage: 'invalid', problems }, held),
      );
      return undefined;
    }),
  });
  const deliveryQueue = createQueue({
    concurrency: deliveryWorkers,
    lanes: {
      of: (id) => JSON.stringify(declarations.delivery(id)?.cluster ?? null),
      perLane: deliveryWorkersPerCluster,
    },
    run: guarded(log, (id, signal) =>
      workOnDelivery(rooms, of, {
        id,
        signal,
        run: async (held) => {
          const reading = declarations.declared(id)?.reading;
          const source = reading?.kind === 'delivery' ? reading.delivery.source : undefined;
          if (source !== undefined && sources.state(source) === undefined) sourceQueue.add(source);
          if (reading?.kind !== 'invalid') return reconcileDelivery(id, context, held);
          await reporter.delivery(id, invalidVerdict(reading, context), held);
          return undefined;
        },
      }),
    ),
  });
  return { sourceQueue, deliveryQueue };
}

/** A cluster that changed its identity behind its name is another one, with a claim of its own. */
async function heldSession({ claims }: Rooms, fleet: Fleet, ref: ClusterRef): Promise<Result<Session>> {
  const opened = await fleet.session(ref);
  if (opened.ok && claims.epoch(opened.value.key) === undefined) claims.guard(opened.value.key).leftMs();
  return opened;
}

/** Looks for a cluster that could not be named are this far apart. */
const doubtfulMs = 60_000;
const lostRetryMs = 1_000;

/** Does the work where the delivery's cluster is held here; else it waits for the claim. */
async function workOnDelivery(
  { claims, states }: Rooms,
  { places }: Placed,
  of: {
    id: string;
    signal: AbortSignal;
    run: (signal: AbortSignal) => Promise<number | undefined>;
  },
): Promise<number | undefined> {
  const { id, signal, run } = of;
  const place = await places.find(id);
  let isMoved = false;
  const answer = await claims.work(place.key, signal, run).catch((error: unknown) => {
    // The cluster behind the name is another one by now, or its journal has a later holder.
    isMoved = problemOf(error).code === 'CLAIM_LOST';
    if (!isMoved) throw error;
    places.forget(id);
    return 'lost' as const;
  });
  if (answer !== 'lost') return answer;
  // What was begun counts for nothing: whoever works on it next looks at it anew.
  states.forget(id);
  if (isMoved) return lostRetryMs;
  return place.isDoubtful ? doubtfulMs : undefined;
}

/** Sources are fetched where something needs them; the hub's holder fetches all that have a status to be written. */
function isSourceWanted({ claims }: Rooms, { declarations, places, fleet }: Placed, id: string): boolean {
  if (!isInlineSource(id) && claims.isOpen(fleet.hub.key)) return true;
  return declarations.users(id).some((user) => claims.isOpen(places.known(user) ?? ''));
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
  // From here on nothing writes but this.
  await rooms.inventories
    .flush(AbortSignal.timeout(5_000))
    .catch((error: unknown) =>
      rooms.options.log({ level: 'warn', message: `inventories were not written: ${messageOf(error)}` }),
    );
  await rooms.claims.stop();
  rooms.stopping.abort(new Error('the controller stops'));
  await rooms.evaluation?.close();
  await Promise.all([of.fleet.close(), rooms.pool.close(), rooms.store.close(), rooms.client.close()]);
}
