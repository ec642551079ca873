import { setTimeout as sleep } from 'node:timers/promises';
import { type KubeObject, ownedDigest, refOf, showDrift } from '@weir/core';
import { connect, createWriter, digestText, type KubeClient, loadAccess, type Writer } from '@weir/kube';
import { startCluster, type TestCluster } from '@weir/testkit';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { askDrift } from './ask-drift.ts';
import {
  configMap,
  deployment,
  differences,
  gadget,
  gadgetDefinition,
  lowering,
  type Subject,
  service,
} from './drift-rig.ts';

let cluster: TestCluster;
let client: KubeClient;
let writer: Writer;
const us = 'weir-test';
const { signal } = new AbortController();
const mark = { kind: 'labels', labels: { owner: 'us' } } as const;

beforeAll(async () => {
  // On the newest version in any case: policies that change objects (MutatingAdmissionPolicy v1) are new in 1.36.
  cluster = await startCluster({ kubernetes: '' });
  client = connect(await loadAccess({ path: cluster.kubeconfigPath }));
  writer = createWriter(client);
  for (const object of [gadgetDefinition, ...lowering]) await writer.apply(object, { fieldManager: 'test' });
  await untilLowered();
});

afterAll(async () => {
  await client?.close();
  await cluster?.stop();
});

/** A policy takes a moment to be known to the server. */
async function untilLowered(): Promise<void> {
  for (;;) {
    const made = await writer
      .apply(gadget.object('probe'), { fieldManager: us })
      .catch(() => client.resources({ fresh: true }).then(() => undefined));
    const mode = (made?.spec as { mode?: string } | undefined)?.mode;
    if (made !== undefined) await writer.remove(refOf(made), { propagation: 'Background' });
    if (mode === 'fast') return;
    await sleep(100);
  }
}

const subjects = { configMap, deployment, service, gadget };

type Edit =
  | { readonly kind: 'patch'; readonly index: number; readonly manager: string }
  | { readonly kind: 'apply'; readonly index: number; readonly manager: string; readonly force: boolean }
  | { readonly kind: 'scale'; readonly replicas: number }
  | { readonly kind: 'wipe' }
  | { readonly kind: 'delete' }
  | { readonly kind: 'recreate'; readonly index: number };

const manager = fc.constantFrom('kubectl-edit', 'operator');
const index = fc.nat({ max: 30 });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('patch' as const), index, manager }) },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('apply' as const), index, manager, force: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('scale' as const), replicas: fc.nat({ max: 1 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('wipe' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('recreate' as const), index }) },
);

const pick = <T>(list: readonly T[], at: number): T => list[at % list.length] as T;

/** What somebody else does. What the server refuses was not done. */
async function carryOut(one: Edit, subject: Subject, name: string): Promise<void> {
  const object = subject.object(name);
  const ref = refOf(object);
  const identity = {
    apiVersion: object.apiVersion,
    kind: object.kind,
    metadata: { name, namespace: 'default' },
  };
  if (one.kind === 'patch') {
    const patch = pick(subject.patches, one.index);
    const status = 'status' in patch ? ({ subresource: 'status' } as const) : {};
    await writer.mergePatch(ref, patch, { fieldManager: one.manager, ...status });
  } else if (one.kind === 'apply') {
    const wanted = { ...identity, ...pick(subject.applies, one.index) };
    await writer.apply(wanted, { fieldManager: one.manager, force: one.force });
  } else if (one.kind === 'scale') await scale(ref.name, one.replicas);
  else if (one.kind === 'wipe') await writer.mergePatch(ref, { metadata: { managedFields: [{}] } });
  else {
    await writer.remove(ref, { propagation: 'Background' });
    if (one.kind === 'recreate') await writer.create(object, { fieldManager: 'recreator' });
  }
}

async function scale(name: string, replicas: number): Promise<void> {
  await client.transport.send({
    method: 'PATCH',
    path: `/apis/apps/v1/namespaces/default/deployments/${name}/scale`,
    query: { fieldManager: 'autoscaler' },
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ spec: { replicas } }),
  });
}

interface Found {
  readonly live: KubeObject | undefined;
  readonly isSuspect: boolean;
  readonly paths: readonly string[];
  readonly shown: string;
}

async function look(desired: KubeObject, applied: KubeObject): Promise<Found> {
  const live = await client.get(refOf(desired));
  const isSuspect =
    live === undefined || ownedDigest(live, us, digestText) !== ownedDigest(applied, us, digestText);
  const delivery = { fieldManager: us, mark };
  const answer = await askDrift(desired, { delivery, session: { client, writer }, signal });
  const fields = answer?.fields ?? [];
  return { live, isSuspect, paths: fields.map(({ path }) => path).sort(), shown: showDrift(fields) };
}

describe('drift on a real server', () => {
  const seed = Number(process.env.WEIR_DRIFT_SEED ?? 4711);
  let runs = 0;

  it(`is told exactly where a wanted field has another value than our apply left (seed ${seed})`, async () => {
    const kinds = fc.constantFrom(...(Object.keys(subjects) as (keyof typeof subjects)[]));
    await fc.assert(
      fc.asyncProperty(kinds, fc.array(edit, { minLength: 1, maxLength: 5 }), async (kind, edits) => {
        const subject = subjects[kind];
        const name = `${kind.toLowerCase()}-${runs++}`;
        const desired = subject.object(name);
        const applied = await writer.apply(desired, { fieldManager: us });
        for (const one of edits) await carryOut(one, subject, name).catch(() => undefined);
        const found = await look(desired, applied);
        if (found.live === undefined) return;
        const expected = differences(subject, applied, found.live);
        // Where the server refuses what Git wants and nobody owns list items, a list is told as a whole.
        const refused = await writer.apply(desired, { fieldManager: us, dryRun: true }).then(
          () => false,
          () => true,
        );
        if (!refused) expect(found.paths).toEqual(expected);
        else
          for (const path of expected)
            expect(
              found.paths.filter((shown) => path.startsWith(shown.replace(/\]$/, ''))),
              `${path} in ${found.paths}`,
            ).not.toEqual([]);
        // The cheap look may doubt what is right, and never trusts what is not.
        if (expected.length > 0) expect(found.isSuspect).toBe(true);
      }),
      {
        seed,
        numRuns: 400,
        interruptAfterTimeLimit: 15_000,
        markInterruptAsFailure: false,
        endOnFailure: true,
      },
    );
    process.stdout.write(`drift: ${runs} sequences of edits, seed ${seed}\n`);
  });
});
