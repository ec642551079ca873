import {
  type Conclusion,
  concludeFrom,
  type Delivery,
  type DeliveryVerdict,
  type Health,
  idOf,
  type KubeObject,
  type ObjectRef,
  ok,
  refOf,
  WeirError,
} from '@weir/core';
import { ApiError, digestText, type KubeClient, type Writer } from '@weir/kube';
import { expect, it } from 'vitest';
import { createContests } from './contests.ts';
import { createDeliveryStates } from './delivery-state.ts';
import type { Session } from './fleet.ts';
import { createInventories } from './inventories.ts';
import { reconcileDelivery } from './reconcile.ts';
import type { ReconcileContext } from './reconcile-context.ts';
import type { SourceState } from './sources.ts';

const id = 'flux:Kustomization:web/shop';
const signal = new AbortController().signal;
const marks = { labels: ['owner'], annotations: [], managers: ['us'] };
const deployments = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  namespaced: true,
  verbs: ['watch'],
};

const delivery: Delivery = {
  id,
  dialect: 'flux',
  owner: {
    group: 'x.org',
    version: 'v1',
    kind: 'Kustomization',
    namespace: 'web',
    name: 'shop',
    uid: 'u',
    generation: 1,
  },
  source: 'flux:GitRepository:web/shop',
  recipe: { path: '.', type: 'directory' },
  cluster: { kind: 'hub' },
  namespace: 'web',
  mark: { kind: 'labels', labels: { owner: 'us' } },
  fieldManager: 'us',
  policy: {
    mode: 'automatic',
    prune: true,
    selfHeal: true,
    allowEmpty: true,
    wait: true,
    createNamespace: false,
    force: false,
    failOnShared: false,
    timeoutMs: 60_000,
    retry: { limit: 5, baseMs: 5_000, factor: 1, maxMs: 5_000 },
    intervalMs: 600_000,
  },
  deletion: { ensureFinalizer: true, mode: 'delete', propagation: 'Background' },
  dependsOn: [],
  suspended: false,
  deleting: false,
};

/** One delivery of the Deployment `shop` in a cluster that is a map, with the clock in hand. */
class Rig {
  readonly live = new Map<string, Conclusion>();
  readonly told: string[] = [];
  readonly states = createDeliveryStates();
  readonly onReport: (() => void)[] = [];
  delivery: Delivery = delivery;
  image = 'shop:1';
  health: Health = { status: 'Healthy' };
  refusal: Error | undefined;
  applyError: Error | undefined;
  hubError: Error | undefined;
  /** Waves of Deployments beside `shop`. */
  waves: readonly number[] = [];
  readonly removed: string[] = [];
  now = 1_000_000;
  #version = 1;
  readonly #context: ReconcileContext;

  constructor() {
    const same = async (object: KubeObject): Promise<KubeObject> => {
      if (this.hubError !== undefined) throw this.hubError;
      return object;
    };
    const hub = { apply: same, create: same, remove: async () => 'gone' };
    const source = (): SourceState =>
      ({
        url: 'https://git',
        snapshot: { id: this.image, tree: new Map() },
        resolved: { commit: this.image },
        failures: 0,
        attempts: 1,
      }) as unknown as SourceState;
    this.#context = {
      fleet: {
        session: async () => ok(this.#session()),
        doubt: () => undefined,
        use: () => undefined,
      } as never,
      renders: {
        render: async () => ({
          ok: true,
          type: 'directory',
          objects: [
            { object: this.#desired() },
            ...this.waves.map((wave) => ({ object: this.#desired(`wave-${wave}`, wave) })),
          ],
          digest: `${this.image} ${this.waves}`,
          unreproducible: false,
        }),
      } as never,
      inventories: createInventories({
        client: {} as KubeClient,
        writer: hub as unknown as Writer,
        onClaimsFreed: () => undefined,
        onError: () => undefined,
      }),
      states: this.states,
      now: () => new Date(this.now),
      delivery: () => this.delivery,
      sourceState: source,
      isSourceDeclared: () => true,
      isInlineSource: () => false,
      isDeclared: () => true,
      report: async (_id, { stage }) => {
        this.onReport.shift()?.();
        this.told.push(stage);
      },
      setFinalizer: async () => undefined,
      contests: createContests(),
      mayBeWanted: () => false,
      onContested: () => undefined,
      onVerdict: ({ stage }) => this.told.push(`woke at ${stage}`),
      onRemoval: () => undefined,
    };
  }

  /** When to look again. */
  look(): Promise<number | undefined> {
    return reconcileDelivery(id, this.#context, signal);
  }

  verdict(): DeliveryVerdict | undefined {
    return this.states.peek(id)?.verdict;
  }

  /** Somebody else writes the object: `own` as Git wants it, or anything else. */
  touch(change: Partial<Conclusion>): void {
    for (const [key, known] of this.live)
      this.live.set(key, { ...known, resourceVersion: String(++this.#version), ...change });
  }

  #desired(name = 'shop', wave = 0): KubeObject {
    const spec = { template: { spec: { containers: [{ image: this.image }] } } };
    const annotations = { wave: String(wave) };
    return { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name, annotations }, spec };
  }

  #session(): Session {
    const find = ({ kind }: ObjectRef): unknown => (kind === 'Deployment' ? deployments : undefined);
    return {
      key: 'c',
      client: {
        name: 'c',
        get: async ({ name }: ObjectRef) => ({
          ...this.#desired(name),
          metadata: { name, namespace: 'web', uid: 'o', finalizers: ['held'] },
        }),
        resources: async () => ({ find, all: [deployments], apiVersions: () => [], isStale: () => false }),
      },
      writer: {
        apply: async (object: KubeObject) => {
          if (this.applyError !== undefined) throw this.applyError;
          const managedFields = [{ manager: 'us', operation: 'Apply', fieldsV1: { 'f:spec': {} } }];
          const metadata = { ...object.metadata, uid: 'o', resourceVersion: String(++this.#version) };
          return { ...object, metadata: { ...metadata, managedFields } };
        },
        mergePatch: async () => {
          throw new ApiError({
            status: 409,
            reason: 'Conflict',
            message: 'modified',
            code: 'APPLY_CONFLICT',
          });
        },
        remove: async ({ name }: ObjectRef) => {
          this.removed.push(name);
          return { ...this.#desired(name), metadata: { name, namespace: 'web', deletionTimestamp: 'now' } };
        },
      },
      cache: {
        blindTo: () => undefined,
        trouble: () => undefined,
        follow: async () => {
          if (this.refusal !== undefined) throw this.refusal;
        },
        live: (ref: ObjectRef) => this.live.get(idOf(ref)),
        note: (object: KubeObject) => {
          const concluded = { ...concludeFrom(object, { marks, digest: digestText }), health: this.health };
          this.live.set(idOf(refOf(object)), concluded);
          return concluded;
        },
      },
    } as unknown as Session;
  }
}

const minute = 60_000;
const away = new WeirError({ code: 'APPLY_FAILED', message: 'the webhook is away' });

it('an object that never becomes healthy costs no look where readiness does not wait for it', async () => {
  const rig = new Rig();
  rig.delivery = { ...delivery, policy: { ...delivery.policy, wait: false } };
  rig.health = { status: 'Progressing' };
  await rig.look();
  rig.now += 120 * minute;
  expect(await rig.look()).toBeUndefined();
  expect(rig.verdict()?.stage).toBe('progressing');
});

it('a new commit has all its time to become healthy, though the one before has used it up', async () => {
  const rig = new Rig();
  rig.health = { status: 'Progressing' };
  expect(await rig.look()).toBe(minute);
  rig.now += 2 * minute;
  await rig.look();
  expect(rig.verdict()?.stage).toBe('failed');
  rig.image = 'shop:2';
  expect(await rig.look()).toBe(minute);
  expect(rig.verdict()?.stage).toBe('progressing');
});

it('whoever waits for a delivery hears of it though its status could not be written', async () => {
  const rig = new Rig();
  rig.onReport.push(() => {
    throw new Error('the hub is away');
  });
  await expect(rig.look()).rejects.toThrow('the hub is away');
  expect(rig.told).toEqual(['woke at ready']);
});

it('a cluster that refuses to list a kind is looked at again', async () => {
  const rig = new Rig();
  rig.refusal = new WeirError({ code: 'APPLY_FORBIDDEN', message: 'deployments is forbidden' });
  expect(await rig.look()).toBe(1_000);
  expect(await rig.look()).toBe(2_000);
});

it('a retry that falls due while its failure is being told is made', async () => {
  const rig = new Rig();
  rig.applyError = new WeirError({ code: 'APPLY_INVALID', message: 'no' });
  rig.onReport.push(() => {
    rig.now += minute;
  });
  expect(await rig.look()).toBe(0);
  expect(await rig.look()).toBe(5_000);
});

it('drift that could not be repaired is forgotten when somebody else has repaired it', async () => {
  const rig = new Rig();
  await rig.look();
  const owned = [...rig.live.values()][0]?.owned ?? {};
  rig.applyError = away;
  rig.touch({ owned: { us: 'other' } });
  await rig.look();
  expect(rig.verdict()?.stage).toBe('failed');
  rig.now += minute;
  rig.touch({ owned });
  await rig.look();
  expect(rig.verdict()?.stage).toBe('ready');
});

it('an object of somebody else that is going is waited for', async () => {
  const rig = new Rig();
  await rig.look();
  const other = new Rig();
  for (const [key, known] of rig.live) other.live.set(key, { ...known, deleting: true, owned: {} });
  expect(await other.look()).toBe(15_000);
});

it('nothing is told of waiting for a dependency that was not looked at since the start, for a while', async () => {
  const rig = new Rig();
  rig.delivery = { ...delivery, dependsOn: ['flux:Kustomization:web/infra'] };
  expect(await rig.look()).toBe(30_000);
  expect(rig.told).toEqual([]);
  rig.now += 30_000;
  await rig.look();
  expect(rig.told).toEqual(['woke at waiting', 'waiting']);
});

const inWaves: Delivery = {
  ...delivery,
  policy: { ...delivery.policy, wait: false },
  sequence: { order: 'weir', waves: ['wave'], pruning: 'waves' },
};
const order = { token: 't1', prune: true, dryRun: false };
const byHand: Delivery = { ...inWaves, policy: { ...inWaves.policy, mode: 'manual' }, order };

/** Waits for the health of `shop`. */
async function waiting(of: Delivery): Promise<Rig> {
  const rig = new Rig();
  rig.delivery = of;
  rig.waves = [1];
  rig.health = { status: 'Progressing' };
  expect(await rig.look()).toBeUndefined();
  expect(rig.verdict()?.run?.phase).toBe('running');
  return rig;
}

it('a sync that waits is looked at when something happens, and not before', async () => {
  const rig = await waiting(inWaves);
  rig.touch({ health: { status: 'Healthy' } });
  await rig.look();
  expect(rig.verdict()?.run?.phase).toBe('succeeded');
});

it('an order counts as handled when it is over', async () => {
  const rig = await waiting(byHand);
  expect(rig.verdict()?.handledOrder).toBeUndefined();
  rig.touch({ health: { status: 'Healthy' } });
  await rig.look();
  expect([rig.verdict()?.run?.phase, rig.verdict()?.handledOrder]).toEqual(['succeeded', 't1']);
});

it('an order that a newer commit overtakes is carried out with that', async () => {
  const rig = await waiting(byHand);
  rig.image = 'shop:2';
  await rig.look();
  rig.touch({ health: { status: 'Healthy' } });
  await rig.look();
  expect(rig.verdict()?.run).toMatchObject({ phase: 'succeeded', revision: { commit: 'shop:2' } });
});

it('a sync that is under way when nothing may be written any more is told as ended', async () => {
  const rig = await waiting(inWaves);
  rig.delivery = { ...inWaves, policy: { ...inWaves.policy, shadow: true } };
  await rig.look();
  expect(rig.verdict()?.run?.phase).toBe('failed');
});

it('a sync to try something out waits for the one that is under way', async () => {
  const rig = await waiting(inWaves);
  rig.delivery = { ...inWaves, order: { ...order, token: 't2', dryRun: true } };
  await rig.look();
  expect(rig.verdict()?.run).toMatchObject({ phase: 'running', dryRun: false });
  rig.touch({ health: { status: 'Healthy' } });
  expect(await rig.look()).toBe(200);
  await rig.look();
  expect(rig.verdict()).toMatchObject({ handledOrder: 't2', run: { dryRun: true } });
});

it('an order for another revision than the source has is refused, and writes nothing', async () => {
  const rig = new Rig();
  rig.delivery = { ...byHand, order: { ...order, revision: 'v1.2.3' } };
  await rig.look();
  expect(rig.live.size).toBe(0);
  expect(rig.verdict()).toMatchObject({ handledOrder: 't1', run: { phase: 'failed' } });
});

it('an order that could not begin is carried out later', async () => {
  const rig = new Rig();
  rig.delivery = byHand;
  rig.hubError = away;
  await expect(rig.look()).rejects.toThrow('the webhook is away');
  rig.hubError = undefined;
  await rig.look();
  expect(rig.live.size).toBe(1);
});

it('somebody who ends a sync between two attempts ends the attempts', async () => {
  const rig = new Rig();
  rig.applyError = new WeirError({ code: 'APPLY_INVALID', message: 'no' });
  expect(await rig.look()).toBe(5_000);
  rig.delivery = { ...delivery, terminate: true };
  expect(await rig.look()).toBeUndefined();
  expect(rig.verdict()?.run?.terminated).toBe(true);
});

it.each([
  ['an object of somebody else, force or not', { marks: {} }, []],
  ['an object that took the place of ours', { uid: 'another' }, []],
  ['nothing but our own object, where force says so', {}, ['shop']],
])('deletes %s to make it anew', async (_sentence, change, removed) => {
  const rig = new Rig();
  rig.delivery = { ...delivery, policy: { ...delivery.policy, force: true } };
  await rig.look();
  rig.touch(change);
  rig.image = 'shop:2';
  rig.applyError = new ApiError({
    status: 422,
    reason: 'Invalid',
    message: 'field is immutable',
    code: 'APPLY_INVALID',
    isImmutable: true,
  });
  await rig.look();
  expect([...new Set(rig.removed)]).toEqual(removed);
});

it('a hook that somebody writes again and again ends its sync, and holds up nothing', async () => {
  const rig = new Rig();
  const phases = [{ annotation: 'wave', words: { '7': 'pre-sync' } }] as const;
  const hooks = { phases, deletion: [], finalizer: 'held' };
  rig.delivery = { ...inWaves, sequence: { order: 'weir', pruning: 'waves', hooks } };
  rig.waves = [7];
  await rig.look();
  expect(rig.verdict()?.run).toMatchObject({ phase: 'failed' });
  expect(rig.verdict()?.run?.message).toContain('does not settle');
});
