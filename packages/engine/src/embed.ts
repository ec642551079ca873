// The engine for other programs: desired objects + cluster + options -> plan; plan -> results; watch -> verdicts.
// It reads no custom resource and renders nothing; the journal of what it owns lies in the cluster itself.

import {
  canonicalJson,
  type Delivery,
  type DeliveryVerdict,
  isWrite,
  judgeDelivery,
  type KubeObject,
  type ObjectSwitch,
  type Plan,
  planRemoval,
  planSync,
  type ResourceVerdict,
  type Run,
  type Sequence,
  type SyncOperation,
  type SyncPolicy,
  WeirError,
} from '@weir/core';
import { digestText, loadAccess } from '@weir/kube';
import { createDeliveryStates, type DeliveryState } from './delivery-state.ts';
import { executePlan } from './execute.ts';
import { createFleet, type Fleet, type Session } from './fleet.ts';
import { installHub } from './install.ts';
import { createInventories, type Inventories, type InventoryRecord } from './inventories.ts';
import { inventoryDefinition } from './inventory-definition.ts';
import { type Observation, observeObjects } from './observe.ts';
import type { RunDecision } from './run-decision.ts';
import { runSync } from './sync-run.ts';

export interface OpenOptions {
  /** Path of a kubeconfig and a context in it; absent: as kubectl finds them. */
  readonly kubeconfig?: string;
  readonly context?: string;
  /** Who owns fields, in `metadata.managedFields`. */
  readonly fieldManager: string;
  /** Annotations and labels that sequences, hooks and switches of the sets look at on live objects. */
  readonly marks?: readonly string[];
}

export interface SetOptions {
  /** Unique in its namespace; the objects carry it in the label `weir.dev/set`. */
  readonly name: string;
  /** Of the journal, and of namespaced objects that name none. It must exist. */
  readonly namespace: string;
  /** Delete what is no longer wanted; by default true. */
  readonly prune?: boolean;
  readonly policy?: Partial<Omit<SyncPolicy, 'mode' | 'prune'>>;
  readonly sequence?: Sequence;
  readonly switches?: readonly ObjectSwitch[];
  /** The digest of a plan whose deletions beyond the budget somebody approved. */
  readonly approvedDeletions?: string;
}

export interface SetPlan extends Plan {
  /** What the plan was made of; `apply` looks at the cluster again before each step. */
  readonly objects: readonly KubeObject[];
}

export interface ObjectSet {
  /** What a sync would do. Writes nothing. */
  plan(objects: readonly KubeObject[], signal?: AbortSignal): Promise<SetPlan>;
  /** Carries the sync through, waves and hooks included, and answers what was done. A failure is in the run. */
  apply(plan: SetPlan, signal?: AbortSignal): Promise<Run>;
  /** The verdict on the set as it was applied last, now and after every change of its objects. */
  watch(signal?: AbortSignal): AsyncIterable<SetVerdict>;
  /** Deletes what the set owns, waits until it is gone, and deletes the journal. */
  remove(signal?: AbortSignal): Promise<readonly ResourceVerdict[]>;
}

export type SetVerdict = Pick<DeliveryVerdict, 'stage' | 'sync' | 'health' | 'resources' | 'problems'>;

export interface Cluster {
  set(options: SetOptions): ObjectSet;
  close(): Promise<void>;
}

const setLabel = 'weir.dev/set';
/** Objects change in bursts. */
const burstMs = 50;
/** No event says that a kind is served, or a deadline has passed. */
const lookAgainMs = 1_000;

/** Opens a cluster, and installs the kind of the journal where it is missing. Throws WeirError where it cannot be reached. */
export async function openCluster(options: OpenOptions): Promise<Cluster> {
  const { kubeconfig, context, fieldManager, marks = [] } = options;
  const hub = await loadAccess({
    ...(kubeconfig === undefined ? {} : { path: kubeconfig }),
    ...(context === undefined ? {} : { context }),
  });
  const wakers = new Set<() => void>();
  const wake = (): void => {
    for (const each of wakers) each();
  };
  const fleet = await createFleet({
    hub,
    marks: { labels: [setLabel, ...marks], annotations: marks, managers: [fieldManager] },
    registrations: () => [],
    secret: async () => undefined,
    listener: () => ({ onChange: wake, onTrouble: wake, onKinds: wake }),
  });
  const { client, writer } = fleet.hub;
  await installHub({ client, writer, crds: [inventoryDefinition] });
  const inventories = createInventories({ client, writer, onClaimsFreed: wake, onError: () => undefined });
  await inventories.load(AbortSignal.timeout(60_000));
  return {
    set: (of) => new EmbeddedSet({ fleet, inventories, fieldManager, wakers }, of),
    close: async () => {
      await inventories.flush(AbortSignal.timeout(30_000));
      await fleet.close();
    },
  };
}

interface Rooms {
  readonly fleet: Fleet;
  readonly inventories: Inventories;
  readonly fieldManager: string;
  readonly wakers: Set<() => void>;
}

interface Look
  extends Pick<Observation, 'discovery' | 'desired' | 'isBlind' | 'session' | 'inventory' | 'revision'> {
  readonly candidate: string;
}

class EmbeddedSet implements ObjectSet {
  readonly #rooms: Rooms;
  readonly #options: SetOptions;
  readonly #state: DeliveryState;
  #delivery: Delivery | undefined;
  #objects: readonly KubeObject[] = [];

  constructor(rooms: Rooms, options: SetOptions) {
    this.#rooms = rooms;
    this.#options = options;
    this.#state = createDeliveryStates().of(options.name, options.namespace);
  }

  async plan(objects: readonly KubeObject[], signal = new AbortController().signal): Promise<SetPlan> {
    const look = await this.#look(objects, signal);
    return { ...this.#planOf(look, true), objects };
  }

  async apply({ objects }: SetPlan, signal = new AbortController().signal): Promise<Run> {
    return this.#sync(objects, signal);
  }

  async remove(signal = new AbortController().signal): Promise<readonly ResourceVerdict[]> {
    const results: ResourceVerdict[] = [];
    for (;;) {
      const changed = this.#nextChange(signal);
      const { session, inventory } = await this.#look([], signal);
      if (inventory.entries.size === 0) {
        await inventory.destroy(signal);
        return results;
      }
      const delivery = await this.#declared(session, signal);
      const { actions } = planRemoval({
        delivery,
        inventory,
        live: (ref) => session.cache.live(ref),
        claimedBy: (id) => this.#rooms.inventories.holder({ cluster: session.key, id, except: delivery.id }),
      });
      results.push(...(await executePlan({ delivery, actions, session, inventory, dryRun: false, signal })));
      signal.throwIfAborted();
      // What was just deleted needs no event to be gone.
      if (!actions.some(isWrite)) await changed;
    }
  }

  async *watch(signal = new AbortController().signal): AsyncIterable<SetVerdict> {
    let before = '';
    while (!signal.aborted) {
      const changed = this.#nextChange(signal);
      const verdict = this.#judge(await this.#look(this.#objects, signal));
      const text = canonicalJson(verdict);
      if (text !== before) yield verdict;
      before = text;
      await changed;
    }
  }

  async #sync(objects: readonly KubeObject[], signal: AbortSignal): Promise<Run> {
    this.#objects = objects;
    for (;;) {
      const changed = this.#nextChange(signal);
      const look = await this.#look(objects, signal);
      await this.#step(look, signal);
      signal.throwIfAborted();
      const { run } = this.#state;
      // An ordered sync always begins, and tells what it did when it is over.
      if (look.inventory.operation === undefined && run !== undefined) return run;
      await changed;
    }
  }

  async #step(look: Look, signal: AbortSignal): Promise<void> {
    const { operation } = look.inventory;
    const isOurs = operation?.candidate === look.candidate;
    if (operation !== undefined && !isOurs) await look.inventory.keep(undefined, signal);
    const decision: RunDecision = {
      candidate: look.candidate,
      execute: true,
      heal: true,
      prune: this.#options.prune !== false,
      trigger: 'order',
      dryRun: false,
      ...(isOurs ? { resumed: operation } : {}),
    };
    await runSync({
      delivery: await this.#declared(look.session, signal),
      state: this.#state,
      observation: look,
      decision,
      planFor: (under) => this.#planOf(look, true, under),
      now: () => new Date(),
      signal,
    });
  }

  async #look(objects: readonly KubeObject[], signal: AbortSignal): Promise<Look> {
    const session = this.#rooms.fleet.hub;
    const delivery = await this.#declared(session, signal);
    const inventory: InventoryRecord = this.#rooms.inventories.open(delivery.id, delivery.owner, session.key);
    const rendered = objects.map((object) => ({ object }));
    const seen = await observeObjects({ delivery, session, inventory, rendered, signal });
    const candidate = digestText(seen.desired.objects.map(({ digest }) => digest).join());
    return { ...seen, session, inventory, candidate, revision: { commit: candidate } };
  }

  #planOf(look: Look, execute: boolean, operation?: SyncOperation): Plan {
    const delivery = this.#delivery;
    if (delivery === undefined) throw new Error('a plan before the first look');
    const { session, inventory, desired, discovery, isBlind } = look;
    const plan = planSync({
      delivery,
      desired: desired.objects,
      inventory,
      live: (ref) => session.cache.live(ref),
      claimedBy: (id) => this.#rooms.inventories.holder({ cluster: session.key, id, except: delivery.id }),
      isServed: (ref) => discovery.find(ref) !== undefined && !isBlind(ref),
      isBlind,
      execute,
      heal: true,
      prune: delivery.policy.prune,
      ...(operation === undefined ? {} : { operation }),
      digest: digestText,
    });
    return { ...plan, problems: [...desired.problems, ...plan.problems] };
  }

  #judge(look: Look): SetVerdict {
    const delivery = this.#delivery;
    if (delivery === undefined) throw new Error('a verdict before the first look');
    const { run } = this.#state;
    const { stage, sync, health, resources, problems } = judgeDelivery({
      delivery,
      plan: this.#planOf(look, false),
      live: (ref) => look.session.cache.live(ref),
      ...(run === undefined ? {} : { run }),
      problems: run?.problem === undefined ? [] : [run.problem],
      isOverdue: false,
    });
    return { stage, sync, health, resources, problems };
  }

  /** Resolves at the next change of any object that is followed, a moment later since changes come in bursts. */
  #nextChange(signal: AbortSignal): Promise<void> {
    const { wakers } = this.#rooms;
    return new Promise((resolve) => {
      const end = (): void => {
        wakers.delete(ring);
        clearTimeout(timer);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const ring = (): void => {
        wakers.delete(ring);
        clearTimeout(timer);
        timer = setTimeout(end, burstMs);
      };
      let timer = setTimeout(end, lookAgainMs);
      wakers.add(ring);
      signal.addEventListener('abort', end, { once: true });
    });
  }

  async #declared(session: Session, signal: AbortSignal): Promise<Delivery> {
    this.#delivery ??= deliveryOf(this.#options, {
      fieldManager: this.#rooms.fieldManager,
      uid: await namespaceUid(session, this.#options.namespace, signal),
    });
    return this.#delivery;
  }
}

/** The journal goes with its namespace. */
async function namespaceUid(session: Session, name: string, signal: AbortSignal): Promise<string> {
  const ref = { group: '', version: 'v1', kind: 'Namespace', namespace: '', name };
  const uid = (await session.client.get(ref, signal))?.metadata.uid;
  if (uid !== undefined) return uid;
  throw new WeirError({
    code: 'NAMESPACE_MISSING',
    message: `Namespace ${name}: does not exist; expected the namespace that is to hold the journal of the set, create it first`,
  });
}

const defaults: Omit<SyncPolicy, 'prune'> = {
  mode: 'automatic',
  selfHeal: true,
  allowEmpty: true,
  wait: true,
  createNamespace: false,
  force: false,
  failOnShared: false,
  timeoutMs: 300_000,
  retry: { limit: 0, baseMs: 1_000, factor: 2, maxMs: 60_000 },
  intervalMs: 600_000,
};

function deliveryOf(options: SetOptions, of: { fieldManager: string; uid: string }): Delivery {
  const { name, namespace, prune = true, policy, sequence, switches, approvedDeletions } = options;
  const owner = { group: '', version: 'v1', kind: 'Namespace', namespace, name: namespace };
  return {
    id: `weir:Set:${namespace}/${name}`,
    dialect: 'weir',
    owner: { ...owner, uid: of.uid, generation: 1 },
    source: '',
    recipe: { path: '.', type: 'directory' },
    cluster: { kind: 'hub' },
    namespace,
    mark: { kind: 'labels', labels: { [setLabel]: name } },
    fieldManager: of.fieldManager,
    policy: { ...defaults, ...policy, prune },
    deletion: { ensureFinalizer: false, mode: 'delete', propagation: 'Background' },
    dependsOn: [],
    suspended: false,
    deleting: false,
    ...(sequence === undefined ? {} : { sequence }),
    ...(switches === undefined ? {} : { switches }),
    ...(approvedDeletions === undefined ? {} : { approvedDeletions }),
  };
}
