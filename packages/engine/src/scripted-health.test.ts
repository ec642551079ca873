import { type Conclusion, type KubeObject, refOf } from '@weir/core';
import type { Evaluated, Evaluators, LuaEvaluation, LuaHealth } from '@weir/upstream';
import { expect, it } from 'vitest';
import type { KnownScript } from './health-scripts.ts';
import { createScriptedHealth } from './scripted-health.ts';

type Said = Evaluated<LuaHealth | undefined>;

/** Answers as scripted here, and notes what was asked. */
function rig(say: (of: LuaEvaluation, turn: number) => Said) {
  const asked: string[] = [];
  const judged: string[] = [];
  const reads: string[] = [];
  const stop = new AbortController();
  const luaHealth = async (runs: readonly LuaEvaluation[]): Promise<readonly Said[]> =>
    runs.map((run) => {
      asked.push(`${run.object.metadata.name}@${run.object.metadata.resourceVersion}`);
      return say(run, asked.length);
    });
  const health = createScriptedHealth({
    // The port of the engine to the evaluators: only this method of it is asked for.
    evaluation: { open: async () => ({ luaHealth }) as unknown as Evaluators },
    onJudged: (_cluster, id, delayMs) => judged.push(`${id} ${delayMs}`),
    signal: stop.signal,
    retryMs: 1,
  });
  const of = (object: KubeObject) => ({
    cluster: 'c',
    known,
    live: liveOf(object),
    read: async () => {
      reads.push(object.metadata.name);
      return object;
    },
  });
  const pass = (object: KubeObject) => health.pass({ ...of(object), id: liveOf(object).id, object });
  return { health, asked, judged, reads, of, pass, signal: stop.signal };
}

const known: KnownScript = {
  digest: 'd',
  script: { language: 'lua', name: 'w', source: '', openLibs: false },
};

const widget = (resourceVersion: string, name = 'a'): KubeObject => ({
  apiVersion: 'x.test/v1',
  kind: 'W',
  metadata: { name, namespace: 'n', uid: `u-${name}`, resourceVersion },
});

const liveOf = (object: KubeObject): Conclusion => ({
  id: `x.test/W/n/${object.metadata.name}`,
  ref: refOf(object),
  uid: object.metadata.uid ?? '',
  resourceVersion: object.metadata.resourceVersion ?? '',
  marks: {},
  owned: {},
  images: [],
  deleting: false,
  finalizers: [],
});

const healthy: Said = { ok: true, value: { status: 'Healthy', message: '' } };
const failing = (code: 'EVALUATION_FAILED' | 'EVALUATION_CRASHED' | 'EVALUATION_TIMEOUT'): Said => ({
  ok: false,
  problem: { code, message: 'no' },
});

it('is Progressing until the script has spoken, and tells whoever looked', async () => {
  const { health, of, pass, judged, signal } = rig(() => healthy);
  pass(widget('1'));
  expect(health.look(of(widget('1')))?.status).toBe('Progressing');
  await health.settle([of(widget('1'))], signal);
  expect([health.look(of(widget('1')))?.status, judged]).toEqual(['Healthy', ['x.test/W/n/a 0']]);
});

it('asks once a version, and reads what did not come by', async () => {
  const { health, of, pass, asked, reads, signal } = rig(() => healthy);
  pass(widget('1'));
  pass(widget('2'));
  await health.settle([of(widget('2'))], signal);
  pass(widget('2'));
  await health.settle([of(widget('2')), of(widget('1', 'b'))], signal);
  expect([asked, reads]).toEqual([['a@2', 'b@1'], ['b']]);
});

it('does not answer for a version that it has not seen', async () => {
  const { health, of, pass, signal } = rig(() => healthy);
  pass(widget('1'));
  await health.settle([of(widget('1'))], signal);
  expect(health.look(of(widget('2')))?.status).toBe('Progressing');
});

it('leaves only the object Unknown that the script fails on', async () => {
  const { health, of, signal } = rig(({ object }) =>
    object.metadata.name === 'a' ? failing('EVALUATION_FAILED') : healthy,
  );
  const looks = [of(widget('1')), of(widget('1', 'b'))];
  await health.settle(looks, signal);
  expect(looks.map((look) => health.look(look)?.status)).toEqual(['Unknown', 'Healthy']);
  expect(looks.map((look) => health.problem(look)?.code)).toEqual(['EVALUATION_FAILED', undefined]);
});

it.each([
  ['that brought its evaluator down is not risked again', 'EVALUATION_CRASHED', 1],
  ['that failed is not asked again', 'EVALUATION_FAILED', 1],
  ['that took too long is asked four times in all', 'EVALUATION_TIMEOUT', 4],
] as const)('a script %s for the same version', async (_sentence, code, times) => {
  const { health, of, asked, signal } = rig(() => failing(code));
  const look = of(widget('1'));
  await health.settle([look], signal);
  for (let at = 0; at < 60; at += 1) {
    await new Promise((done) => setTimeout(done, 10));
    health.look(look);
  }
  expect(asked).toHaveLength(times);
});

it('forgets an object that is gone, and what was being asked of it', async () => {
  const { health, of, pass, signal } = rig(() => healthy);
  pass(widget('1'));
  health.forget({ cluster: 'c', id: 'x.test/W/n/a' });
  await new Promise((done) => setTimeout(done, 20));
  expect(health.problem(of(widget('1')))).toBeUndefined();
  await health.settle([of(widget('1'))], signal);
  expect(health.look(of(widget('1')))?.status).toBe('Healthy');
});
