import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Recipe } from '@weir/core';
import { createSourceStore, type ReadSet, type Snapshot, type SourceStore } from '@weir/source';
import { type WorkingCopy, workingCopy } from '@weir/testkit';
import type { RenderOptions, RenderOutcome, RenderPool, RenderRequest } from '@weir/upstream';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createRenders, type Renders } from './renders.ts';

let dir: string;
let url: string;
let copy: WorkingCopy;
let store: SourceStore;
const { signal } = new AbortController();

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-renders-'));
  url = `file://${join(dir, 'origin')}`;
  const origin = await workingCopyOf('origin');
  await origin.write({ 'app/a.yaml': 'a: 1\n', 'app/b.yaml': 'b: 1\n', 'other/c.yaml': 'c: 1\n' });
  await origin.commit('first');
  copy = origin;
  store = createSourceStore({ dir: join(dir, 'store') });
});

afterAll(async () => {
  await store?.close();
  await rm(dir, { recursive: true, force: true });
});

/** A repository on disk that is its own remote. */
async function workingCopyOf(name: string): Promise<WorkingCopy> {
  await promisify(execFile)('git', [
    'init',
    '--quiet',
    '--bare',
    '--initial-branch=main',
    join(dir, 'empty'),
  ]);
  return workingCopy({ url: join(dir, 'empty'), dir: join(dir, name) });
}

let held: Snapshot[] = [];

/** The snapshot of what the repository holds now, after these changes. */
async function snapshotAfter(files: Record<string, string | null> = {}): Promise<Snapshot> {
  if (Object.keys(files).length > 0) {
    await copy.write(files);
    await copy.commit(Object.keys(files).join());
  }
  const fetched = await store.fetch({ url, timeoutMs: 30_000, signal });
  if (!fetched.ok) throw new Error(fetched.problem.message);
  const made = await store.snapshot(url, await copy.head(), signal);
  if (!made.ok) throw new Error(made.problem.message);
  held.push(made.value);
  return made.value;
}

/** A pool that reads the whole directory `app` and answers as it was told, with the requests that it got. */
class ScriptedPool {
  readonly asked: RenderRequest[] = [];
  answer: 'objects' | 'RENDER_TIMEOUT' | 'RENDER_CRASHED' | 'YAML_INVALID' = 'objects';

  readonly known: string[] = [];

  async render(request: RenderRequest, options: RenderOptions = {}): Promise<RenderOutcome> {
    this.asked.push(request);
    this.known.push((options.known ?? []).map(({ digest }) => digest).join());
    const reads = readsOf(held.find(({ id }) => id === request.snapshot.id));
    const { answer } = this;
    if (answer === 'objects')
      return {
        ok: true,
        type: 'directory',
        objects: [
          { object: configMap, origin: { file: 'app/a.yaml', line: 1 }, digest: request.snapshot.id },
        ],
        reads,
        unreproducible: false,
      };
    const error = { code: answer, message: 'no such luck' };
    return answer === 'YAML_INVALID' ? { ok: false, error, reads } : { ok: false, error };
  }

  async close(): Promise<void> {}
}

const configMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'a' } };

function readsOf(snapshot: Snapshot | undefined): ReadSet {
  const tree = snapshot?.tree;
  const files = ['app/a.yaml', 'app/b.yaml'].flatMap((path) => {
    const oid = tree?.entry(path)?.oid;
    return oid === undefined ? [] : [[path, oid]];
  });
  return {
    files: Object.fromEntries(files) as Record<string, string>,
    dirs: { app: tree?.listingDigest('app') ?? '' },
    misses: ['app/kustomization.yaml'],
  };
}

let pool: ScriptedPool;
let renders: Renders;

beforeEach(() => {
  held = [];
  pool = new ScriptedPool();
  renders = createRenders({ store, pool: pool as unknown as RenderPool });
});

const recipe: Recipe = { path: 'app', type: 'auto' };

const show = (): string => `${renders.counts().made} made, ${renders.counts().carried} carried`;

async function render(snapshot: Snapshot, of: Recipe = recipe): Promise<string> {
  const rendering = await renders.render({ url, snapshot, recipe: of }, signal);
  return rendering.ok
    ? rendering.objects.map(({ file, line }) => `${file}:${line}`).join()
    : rendering.problem.code;
}

describe('a rendering', () => {
  it('is made once, and its objects know where they stand', async () => {
    const snapshot = await snapshotAfter();
    expect(await render(snapshot)).toBe('app/a.yaml:1');
    expect(await render(snapshot)).toBe('app/a.yaml:1');
    expect(show()).toBe('1 made, 1 carried');
  });

  it('is made once for all who ask at the same time', async () => {
    const snapshot = await snapshotAfter();
    await Promise.all([render(snapshot), render(snapshot), render(snapshot)]);
    expect(pool.asked).toHaveLength(1);
  });

  it('tells the renderer what it knows of the recipe, also after one that failed', async () => {
    const first = await snapshotAfter({ 'app/b.yaml': 'known: 1\n' });
    await render(first);
    pool.answer = 'YAML_INVALID';
    await render(await snapshotAfter({ 'app/b.yaml': 'known: {\n' }));
    pool.answer = 'objects';
    await render(await snapshotAfter({ 'app/b.yaml': 'known: 2\n' }));
    await render(first, { path: 'other', type: 'auto' });
    expect(pool.known).toEqual(['', first.id, first.id, '']);
  });

  it('is made for each recipe', async () => {
    const snapshot = await snapshotAfter();
    await render(snapshot);
    await render(snapshot, { ...recipe, directory: { recurse: true } });
    await render(snapshot, { type: 'auto', path: 'app' });
    expect(show()).toBe('2 made, 1 carried');
  });

  let count = 1;
  const changes: Record<string, [() => Record<string, string | null>, 'made' | 'carried']> = {
    'to a file elsewhere is carried over': [() => ({ 'other/c.yaml': `c: ${++count}\n` }), 'carried'],
    'to a file that it read is made anew': [() => ({ 'app/a.yaml': `a: ${++count}\n` }), 'made'],
    'that adds a file to a directory that it listed is made anew': [
      () => ({ [`app/x${++count}.yaml`]: 'x' }),
      'made',
    ],
    'that brings what it looked for in vain is made anew': [() => ({ 'app/kustomization.yaml': '' }), 'made'],
    'that adds a directory elsewhere is carried over': [() => ({ [`new${++count}/x.yaml`]: 'x' }), 'carried'],
    'that deletes a file that it read is made anew': [() => ({ 'app/b.yaml': null }), 'made'],
  };
  for (const [sentence, [change, expected]] of Object.entries(changes))
    it(`after a commit ${sentence}`, async () => {
      await render(await snapshotAfter());
      const next = await snapshotAfter(change());
      const isStale = await renders.isStale({ url, snapshot: next, recipe });
      await render(next);
      expect([show(), isStale]).toEqual(
        expected === 'made' ? ['2 made, 0 carried', true] : ['1 made, 1 carried', false],
      );
    });

  it('of a commit that a forced push took away is made anew', async () => {
    await render(await snapshotAfter());
    const [old] = held;
    await copy.git('commit', '--quiet', '--amend', '--allow-empty', '--message', 'another history');
    const next = await snapshotAfter();
    expect(next.id).not.toBe(old?.id);
    expect(await render(next)).toBe('app/a.yaml:1');
  });

  const failures: Record<string, [ScriptedPool['answer'], string, string]> = {
    'for what was read is kept, for it would be the same again': [
      'YAML_INVALID',
      'YAML_INVALID',
      '1 made, 1 carried',
    ],
    'by its deadline is kept for its commit': ['RENDER_TIMEOUT', 'RENDER_TIMEOUT', '1 made, 1 carried'],
    'by a crash is tried again': ['RENDER_CRASHED', 'RENDER_CRASHED', '2 made, 0 carried'],
  };
  for (const [sentence, [answer, code, counts]] of Object.entries(failures))
    it(`that failed ${sentence}`, async () => {
      const snapshot = await snapshotAfter();
      pool.answer = answer;
      expect([await render(snapshot), await render(snapshot), show()]).toEqual([code, code, counts]);
    });

  it('that failed by its deadline is tried again at the next commit', async () => {
    pool.answer = 'RENDER_TIMEOUT';
    await render(await snapshotAfter());
    pool.answer = 'objects';
    expect(await render(await snapshotAfter({ 'other/c.yaml': 'again\n' }))).toBe('app/a.yaml:1');
  });

  it('is asked for in the words of the evaluator', async () => {
    const snapshot = await snapshotAfter();
    const images = [{ name: 'shop', newTag: '2' }];
    await render(snapshot, {
      ...recipe,
      kustomize: { mode: 'kustomize', namespace: 'web', imageOverrides: images },
    });
    await render(snapshot, { ...recipe, kustomize: { mode: 'flux', namespace: 'web' } });
    expect(pool.asked.map(({ kustomize }) => kustomize)).toEqual([
      { mode: 'kustomize', namespace: 'web', images },
      { mode: 'flux', targetNamespace: 'web' },
    ]);
  });
});
