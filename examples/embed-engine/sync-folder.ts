// Keeps a cluster equal to a folder of manifests: node sync-folder.js FOLDER [NAMESPACE]
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type KubeObject, showPlan } from '@weir/core';
import { openCluster } from '@weir/engine';
import { loadAll } from 'js-yaml';

const [folder = '.', namespace = 'default'] = process.argv.slice(2);

const files = (await readdir(folder)).filter((file) => /\.ya?ml$/.test(file)).sort();
const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
const objects = texts.flatMap((text) => loadAll(text) as KubeObject[]).filter(Boolean);

const cluster = await openCluster({ fieldManager: 'sync-folder' });
try {
  const set = cluster.set({ name: 'folder', namespace });
  const plan = await set.plan(objects);
  console.log(showPlan(plan));
  const run = await set.apply(plan);
  console.log(`${run.phase}: ${run.message}`);
  for await (const { stage, health } of set.watch(AbortSignal.timeout(60_000))) {
    console.log(`${stage}, ${health.status}`);
    if (stage === 'ready' || stage === 'failed') break;
  }
} finally {
  await cluster.close();
}
