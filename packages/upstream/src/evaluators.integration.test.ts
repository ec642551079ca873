import type { KubeObject } from '@weir/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LuaScript } from './evaluation-messages.ts';
import { createEvaluators, type Evaluated, type Evaluators } from './evaluators.ts';
import { evaluateBinary } from './testing/native-binary.ts';

const widget = (name: string, more: Record<string, unknown> = {}): KubeObject =>
  ({
    apiVersion: 'example.com/v1',
    kind: 'Widget',
    metadata: { name, namespace: 'shop', generation: 2 },
    spec: { size: 3 },
    status: { phase: 'Running' },
    ...more,
  }) as KubeObject;

const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 's', namespace: 'shop' },
  data: { password: 'aHVudGVyMjI=' },
} as KubeObject;

const script = (name: string, source: string, openLibs = false): LuaScript => ({ name, source, openLibs });

const good = script(
  'widget health',
  `if obj.status ~= nil and obj.status.phase == "Running" then
     return {status = "Healthy", message = obj.metadata.name .. " runs"}
   end
   return {status = "Progressing", message = "waiting"}`,
);

/** One line per outcome: the value, or the code. */
const shown = <T>(outcomes: readonly Evaluated<T>[]): string[] =>
  outcomes.map((each) => (each.ok ? JSON.stringify(each.value ?? null) : each.problem.code));

/** What the failures say; one that does not compile has no object. */
const messages = (outcomes: readonly Evaluated<unknown>[]): string[] =>
  outcomes.flatMap((each) =>
    each.ok || each.problem.code === 'EVALUATION_INVALID' ? [] : [each.problem.message],
  );

let evaluators: Evaluators;

beforeAll(async () => {
  evaluators = createEvaluators({ binary: await evaluateBinary(), size: 2 });
});

afterAll(() => evaluators.close());

describe('evaluators', () => {
  it('tell their versions', async () => {
    expect(await evaluators.versions()).toMatchObject({
      lua: 'v1.1.2',
      cel: 'v0.26.1',
      jq: 'v0.12.20',
      kubernetes: 'v0.36.2',
    });
  });

  it('judge health by Lua', async () => {
    const silent = script('silent', 'return nil');
    const outcomes = await evaluators.luaHealth([
      { script: good, object: widget('a') },
      { script: good, object: widget('b', { status: {} }) },
      { script: silent, object: widget('a') },
      { script: script('wrong', 'return {status = "Fine"}'), object: widget('a') },
      { script: script('broken', 'return {'), object: widget('a') },
    ]);
    expect(shown(outcomes)).toEqual([
      '{"status":"Healthy","message":"a runs"}',
      '{"status":"Progressing","message":"waiting"}',
      'null',
      '{"status":"Unknown","message":"the script returned an invalid health status"}',
      'EVALUATION_INVALID',
    ]);
  });

  it('discover and run actions', async () => {
    const discovery = script('discovery', 'return {grow = {}, stop = {disabled = true}}');
    const grow = script(
      'grow',
      'obj.spec.size = obj.spec.size + tonumber(actionParams["by"] or "1"); return obj',
    );
    const object = widget('a');
    expect(shown(await evaluators.luaActions([{ script: discovery, object }]))).toEqual([
      '[{"name":"grow"},{"name":"stop","disabled":true}]',
    ]);
    const [run] = await evaluators.runLuaActions([{ script: grow, object, parameters: { by: '4' } }]);
    expect(run).toEqual({
      ok: true,
      value: [{ operation: 'patch', resource: widget('a', { spec: { size: 7 } }) }],
    });
  });

  it('judge health and conditions by CEL', async () => {
    const check = { name: 'widgets', current: "status.phase == 'Running' && spec.size % 2 == 1" };
    const lagging = widget('b', { status: { phase: 'Running', observedGeneration: 1 } });
    expect(
      shown(
        await evaluators.celHealth([
          { check, object: widget('a') },
          { check, object: lagging },
          { check: { ...check, failed: 'true' }, object: widget('a') },
          { check, object: widget('c', { status: undefined }) },
        ]),
      ),
    ).toEqual(['"Current"', '"InProgress"', '"Failed"', 'EVALUATION_FAILED']);
    const ready = {
      name: 'readyExpr',
      expression: 'dep.spec.size >= self.spec.size',
      variables: ['self', 'dep'],
      libraries: 'flux',
    } as const;
    const bigger = widget('big', { spec: { size: 4 } });
    expect(
      shown(
        await evaluators.cel([
          { condition: ready, bindings: { self: widget('a'), dep: bigger } },
          { condition: ready, bindings: { self: bigger, dep: widget('a') } },
          { condition: { ...ready, expression: 'dep.' }, bindings: { self: bigger, dep: bigger } },
        ]),
      ),
    ).toEqual(['true', 'false', 'EVALUATION_INVALID']);
  });

  it('delete by jq and tell what is selected', async () => {
    const [outcome] = await evaluators.jq([
      { object: widget('a'), expressions: ['.spec.size', '.metadata.name[]', '.status.phase, .status.gone'] },
    ]);
    expect(outcome).toMatchObject({
      ok: true,
      value: {
        object: widget('a', { spec: {}, status: {} }),
        selections: [
          { ok: true, value: [['spec', 'size']] },
          { ok: false, problem: { code: 'EVALUATION_FAILED' } },
          {
            ok: true,
            value: [
              ['status', 'phase'],
              ['status', 'gone'],
            ],
          },
        ],
      },
    });
  });

  it('make three-way patches', async () => {
    const service = (ports: unknown[]) =>
      ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec: { ports } }) as KubeObject;
    const http = { name: 'http', port: 80 };
    const outcomes = await evaluators.threeWayPatch([
      {
        original: service([http, { name: 'old', port: 1 }]),
        modified: service([http]),
        current: service([
          { ...http, nodePort: 30080 },
          { name: 'old', port: 1 },
        ]),
        merge: true,
      },
      { modified: widget('a', { spec: { size: 4 } }), current: widget('a') },
      { original: widget('a'), modified: widget('a'), current: widget('a', { extra: 1 }) },
    ]);
    expect(outcomes).toMatchObject([
      {
        value: {
          patchType: 'strategic',
          patch: {
            spec: {
              ports: [{ $patch: 'delete', port: 1 }],
              '$setElementOrder/ports': [{ port: 80 }],
            },
          },
          merged: service([{ ...http, nodePort: 30080 }]),
        },
      },
      { value: { patchType: 'merge', patch: { spec: { size: 4 } } } },
      { value: { patchType: 'merge', patch: undefined } },
    ]);
  });

  it('quote no value of a Secret', async () => {
    const outcomes = await evaluators.luaHealth([
      { script: script('leak', 'error(obj.data.password)'), object: secret },
      { script: script('tell', 'return {status = "Healthy", message = obj.data.password}'), object: secret },
    ]);
    expect(shown(outcomes)).toEqual(['EVALUATION_FAILED', '{"status":"Healthy","message":"***"}']);
    expect(JSON.stringify(outcomes)).not.toContain('aHVudGVyMjI');
  });

  it('answer nothing to nobody', async () => {
    expect(await evaluators.luaHealth([])).toEqual([]);
  });
});

describe('hostile scripts', () => {
  const cases: Record<string, [LuaScript, string[]]> = {
    'an endless loop': [script('loop', 'while true do end'), ['EVALUATION_TIMEOUT']],
    'recursion without end': [
      script('deep', 'local function f(n) return f(n + 1) + 1 end f(1)'),
      ['EVALUATION_FAILED'],
    ],
    'recursion through a metatable': [
      script(
        'meta',
        'local t = {} setmetatable(t, {__index = function(t, k) return t[k .. "x"] end}) return t.a',
      ),
      ['EVALUATION_FAILED', 'EVALUATION_MEMORY', 'EVALUATION_TIMEOUT', 'EVALUATION_CRASHED'],
    ],
    'a string of a gigabyte': [
      script(
        'rep',
        'local s = string.rep("x", 1024 * 1024 * 1024) return {status = "Healthy", message = s .. s}',
        true,
      ),
      ['EVALUATION_MEMORY', 'EVALUATION_CRASHED'],
    ],
    'a string that doubles': [
      script('double', 'local s = "x" while true do s = s .. s end'),
      ['EVALUATION_MEMORY', 'EVALUATION_TIMEOUT'],
    ],
    'a table without end': [
      script('fill', 'local t = {} while true do t[#t + 1] = {1, 2, 3, 4, 5, 6, 7, 8} end'),
      ['EVALUATION_MEMORY', 'EVALUATION_TIMEOUT'],
    ],
    'a pattern that backtracks': [
      script('pattern', 'return string.find(string.rep("a", 400000), ".-.-.-.-b")', true),
      ['EVALUATION_TIMEOUT'],
    ],
    'brackets without end': [
      script('nest', `return ${'('.repeat(200_000)}1${')'.repeat(200_000)}`),
      [
        'EVALUATION_TIMEOUT',
        'EVALUATION_INVALID',
        'EVALUATION_MEMORY',
        'EVALUATION_CRASHED',
        'EVALUATION_FAILED',
      ],
    ],
  };
  for (const [name, [hostile, codes]] of Object.entries(cases)) {
    it(`${name} fails alone`, async () => {
      const outcomes = await evaluators.luaHealth([
        { script: good, object: widget('a') },
        { script: hostile, object: widget('b') },
        { script: good, object: widget('c') },
        { script: hostile, object: widget('d') },
        { script: good, object: widget('e') },
      ]);
      const [a, b, c, d, e] = shown(outcomes);
      expect([a, c, e].every((each) => each?.startsWith('{"status":"Healthy"'))).toBe(true);
      expect(codes).toContain(b);
      expect(codes).toContain(d);
      expect(messages(outcomes).every((each) => each.includes(`"${hostile.name}" on Widget shop/`))).toBe(
        true,
      );
    });
  }

  it('are not waited for once nobody wants to know', async () => {
    const controller = new AbortController();
    const asked = evaluators.luaHealth(
      [{ script: script('loop', 'while true do end'), object: widget('a') }],
      { signal: controller.signal },
    );
    setTimeout(() => controller.abort(), 100);
    expect(shown(await asked)).toEqual(['EVALUATION_BUSY']);
    expect(shown(await evaluators.luaHealth([{ script: good, object: widget('a') }]))).toHaveLength(1);
  });
});

describe('without a program', () => {
  it('every evaluation says so', async () => {
    const none = createEvaluators({ binary: '/nonexistent/evaluate' });
    const object = widget('a');
    expect(
      shown(
        await none.luaHealth([
          { script: good, object },
          { script: good, object },
        ]),
      ),
    ).toEqual(['EVALUATION_CRASHED', 'EVALUATION_CRASHED']);
    await none.close();
  });
});
