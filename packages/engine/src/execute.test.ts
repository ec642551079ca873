import { type Action, type Conclusion, type InventoryEntry, idOf, type KubeObject, refOf } from '@weir/core';
import { ApiError } from '@weir/kube';
import { describe, expect, it } from 'vitest';
import { type ExecuteInput, executePlan } from './execute.ts';

type Apply = Extract<Action, { kind: 'apply' }>;

const job = {
  group: 'batch',
  version: 'v1',
  kind: 'Job',
  namespace: 'web',
  name: 'a',
};

function applyOf(object: KubeObject, reason: Apply['reason']): Apply {
  const ref = refOf(object);
  const stage = object.kind === 'ConfigMap' || object.kind === 'Widget' ? 1 : 0;
  const turn = { phase: 'sync', wave: 0 } as const;
  return { kind: 'apply', id: idOf(ref), ref, object, digest: 'd', reason, stage, tracked: true, ...turn };
}

const configMap: KubeObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'a', namespace: 'web' },
};
const namespace: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'web' } };
const widget: KubeObject = {
  apiVersion: 'example.test/v1',
  kind: 'Widget',
  metadata: { name: 'w', namespace: 'web' },
};
const definition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.example.test' },
  spec: { group: 'example.test', scope: 'Namespaced', names: { kind: 'Widget' } },
};

/** A cluster that refuses what needs an object that is not written yet, and a journal that tells what joined. */
class Cluster {
  readonly live = new Map<string, Conclusion>();
  readonly entries = new Map<string, InventoryEntry>();
  readonly written: string[] = [];
  readonly joined: InventoryEntry[] = [];
  reads = 0;

  async execute(actions: readonly Action[], needs: Readonly<Record<string, string>> = {}): Promise<string[]> {
    const refusal = (message: string): ApiError =>
      new ApiError({ status: 409, reason: 'Conflict', message, code: 'APPLY_CONFLICT' });
    const input = {
      delivery: { fieldManager: 'us', policy: { atomicity: 'transactional' }, deletion: {} },
      actions,
      dryRun: false,
      signal: new AbortController().signal,
      session: {
        client: {
          get: async () => {
            this.reads += 1;
            return { ...configMap, kind: 'Job', metadata: { ...configMap.metadata, resourceVersion: '2' } };
          },
        },
        writer: {
          apply: async (object: KubeObject, { dryRun }: { dryRun?: boolean }) => {
            const needed = needs[object.kind];
            if (needed !== undefined && !this.written.includes(needed)) throw refusal('not yet');
            if (dryRun !== true) this.written.push(object.kind);
            return object;
          },
          mergePatch: async () => {
            throw refusal('the object has been modified');
          },
        },
        cache: {
          live: (ref: Conclusion['ref']) => this.live.get(idOf(ref)),
          note: (object: KubeObject) => {
            const { resourceVersion = '' } = object.metadata;
            const concluded = { owned: {}, resourceVersion } as unknown as Conclusion;
            this.live.set(idOf(refOf(object)), concluded);
            return concluded;
          },
        },
      },
      inventory: {
        entries: this.entries,
        join: async (members: readonly { entry: InventoryEntry }[]) => {
          for (const { entry } of members) this.joined.push(entry);
        },
        set: () => undefined,
        leave: () => undefined,
      },
    } as unknown as ExecuteInput;
    return (await executePlan(input)).map(({ outcome }) => outcome ?? '');
  }
}

describe('all or nothing', () => {
  it.each([
    [
      'a namespace that somebody deleted',
      [applyOf(namespace, 'restored'), applyOf(configMap, 'restored')],
      { ConfigMap: 'Namespace' },
    ],
    [
      'a definition that changed',
      [applyOf(definition, 'changed'), applyOf(widget, 'changed')],
      { Widget: 'CustomResourceDefinition' },
    ],
  ])('does not refuse what needs %s', async (_sentence, actions, needs) => {
    const cluster = new Cluster();
    expect(await cluster.execute(actions, needs)).toEqual(['created', 'created']);
  });
});

describe('the journal', () => {
  it('forgets the uid of an object before that is made anew, so that it is no stranger after a crash', async () => {
    const cluster = new Cluster();
    const ref = refOf(configMap);
    cluster.entries.set(idOf(ref), { ref, state: 'present', uid: 'old', desired: 'd', owned: 'o' });
    await cluster.execute([applyOf(configMap, 'restored')]);
    expect(cluster.joined).toEqual([{ ref, state: 'present', desired: 'd', owned: 'o' }]);
  });
});

describe('a finalizer that is taken off an object that has changed since', () => {
  it('is looked at again, so that the next plan is of what is there', async () => {
    const cluster = new Cluster();
    const turn = { phase: 'sync', wave: 0 } as const;
    const release = { uid: 'u', resourceVersion: '1', finalizers: [], isStale: false, ...turn };
    expect(await cluster.execute([{ kind: 'release', id: idOf(job), ref: job, ...release }])).toEqual([
      'pending',
    ]);
    expect([...cluster.live.values()].map(({ resourceVersion }) => resourceVersion)).toEqual(['2']);
  });
});
