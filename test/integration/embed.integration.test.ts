// The engine as a library, as a user has it: the example is bundled and run over a real API server, and a set goes
// through its life by calls.

import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type KubeObject, showPlan } from '@weir/core';
import { type Cluster, openCluster } from '@weir/engine';
import { connect, createWriter, loadAccess } from '@weir/kube';
import { startCluster, type TestCluster } from '@weir/testkit';
import { build } from 'esbuild';
import { load } from 'js-yaml';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const run = promisify(execFile);
let dir: string;
let kube: TestCluster;
let cluster: Cluster;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-embed-'));
  kube = await startCluster();
  cluster = await openCluster({ kubeconfig: kube.kubeconfigPath, fieldManager: 'embedder' });
});

afterAll(async () => {
  await cluster?.close();
  await kube?.stop();
  await rm(dir, { recursive: true, force: true });
});

const configMap = (name: string, value: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name },
  data: { value },
});

it('the example syncs a folder, says nothing to do the second time, and prunes what left', async () => {
  const example = join(root, 'examples/embed-engine');
  const source = await readFile(join(example, 'sync-folder.ts'), 'utf8');
  expect(source.split('\n').length).toBeLessThan(40);
  await build({
    entryPoints: [join(example, 'sync-folder.ts')],
    bundle: true,
    platform: 'node',
    format: 'esm',
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    outfile: join(dir, 'sync-folder.mjs'),
    logLevel: 'error',
  });
  const objects = join(dir, 'objects');
  await cp(join(example, 'objects'), objects, { recursive: true });
  const sync = async (): Promise<string[]> => {
    const env = { ...process.env, KUBECONFIG: kube.kubeconfigPath };
    const { stdout } = await run(process.execPath, [join(dir, 'sync-folder.mjs'), objects], {
      env,
      timeout: 100_000,
    });
    return stdout.trim().split('\n');
  };
  const first = await sync();
  expect(first.slice(0, 2)).toEqual([
    'apply ConfigMap/default/settings (missing)',
    'apply Deployment/default/web (missing)',
  ]);
  expect(first.at(-1)).toBe('ready, Healthy');
  expect((await sync()).slice(0, 2)).toEqual([
    'keep ConfigMap/default/settings (in-sync)',
    'keep Deployment/default/web (in-sync)',
  ]);
  await rm(join(objects, 'web.yaml'));
  expect(await sync()).toContain('delete Deployment/default/web');
});

it('a set is planned without a write, applied in waves, watched, and removed', async () => {
  const set = cluster.set({
    name: 'waves',
    namespace: 'default',
    sequence: { order: 'weir', waves: ['example.test/wave'], pruning: 'last' },
  });
  const late = {
    ...configMap('late', '1'),
    metadata: { name: 'late', annotations: { 'example.test/wave': '2' } },
  };
  const marker = await kube.markAudit();
  const plan = await set.plan([late, configMap('early', '1')]);
  expect(showPlan(plan)).toBe(
    'apply ConfigMap/default/early (missing)\napply ConfigMap/default/late (missing) @sync 2',
  );
  expect((await kube.requestsSince(marker)).filter(({ verb }) => verb !== 'list' && verb !== 'get')).toEqual(
    [],
  );
  expect((await set.apply(plan)).results.map(({ ref, outcome }) => `${outcome} ${ref.name}`)).toEqual([
    'created early',
    'created late',
  ]);
  const admin = connect(await loadAccess({ path: kube.kubeconfigPath }));
  const stages: string[] = [];
  for await (const { stage, sync } of set.watch()) {
    stages.push(`${stage} ${sync}`);
    if (stages.length === 2) break;
    const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'default', name: 'early' };
    await createWriter(admin).mergePatch(ref, { data: { value: 'mine' } }, { fieldManager: 'foreign' });
  }
  expect(stages).toEqual(['ready Synced', 'out-of-sync OutOfSync']);
  expect((await set.remove()).map(({ ref, outcome }) => `${outcome} ${ref.name}`).sort()).toEqual([
    'pruned early',
    'pruned late',
  ]);
  await admin.close();
});

it('an object that the server refuses is told in the run, and the rest is applied', async () => {
  const set = cluster.set({ name: 'broken', namespace: 'default' });
  const bad = { ...configMap('bad', '1'), data: 'no map' };
  const result = await set.apply(await set.plan([bad, configMap('good', '1')]));
  expect(result.phase).toBe('failed');
  expect(
    result.results.map(({ ref, outcome, problem }) => `${ref.name} ${outcome} ${problem?.code ?? ''}`).sort(),
  ).toEqual(['bad failed APPLY_INVALID', 'good created ']);
  await set.remove();
});

it('a namespace that is not there is named', async () => {
  const set = cluster.set({ name: 'lost', namespace: 'nowhere' });
  await expect(set.plan([configMap('a', '1')])).rejects.toThrow('Namespace nowhere: does not exist');
});

it('the definition of the journal is the one that is deployed', async () => {
  const { inventoryDefinition } = await import('../../packages/engine/src/inventory-definition.ts');
  const deployed = load(await readFile(join(root, 'deploy/crds/weir.dev_inventories.yaml'), 'utf8'));
  expect(inventoryDefinition).toEqual(deployed);
});
