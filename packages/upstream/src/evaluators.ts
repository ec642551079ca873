// Evaluates the small languages inside custom resources by a pool of `evaluate` processes: Lua, CEL, jq and kubectl's
// three-way patch. It decides what a message carries; it never judges what an evaluation said.

import type { Json, KubeObject, Problem } from '@weir/core';
import type { Failure, NativeRole } from './envelope.ts';
import { type BatchAnswer, evaluateInBatches } from './evaluation-batch.ts';
import {
  type CelCondition,
  type CelHealthCheck,
  type CelHealthStatus,
  EVALUATE_PROTOCOL,
  type EvaluationFailure,
  type EvaluationMethod,
  type EvaluationParams,
  type EvaluationResults,
  type JqPath,
  type LuaAction,
  type LuaHealthStatus,
  type LuaOperation,
  type LuaScript,
  type Outcome,
  type PatchRun,
} from './evaluation-messages.ts';
import { evaluationProblem } from './evaluation-problem.ts';
import { Interned } from './interned.ts';
import { ProcessPool, type ProcessPoolOptions } from './process-pool.ts';

const ROLE: NativeRole = {
  name: 'evaluate',
  protocol: EVALUATE_PROTOCOL,
  prefix: 'EVALUATION',
  work: 'evaluation',
};

/** Each run has a limit of one second; this bounds the runs of one message together. */
const BUDGET_MS = 8_000;

/** What no limit within the process stops is stopped with the process. */
const REQUEST_TIMEOUT_MS = 10_000;

/** Processes that nobody asks hold some 40 MiB each. */
const IDLE_MS = 60_000;

export type EvaluatorsOptions = ProcessPoolOptions;

export interface EvaluateOptions {
  readonly signal?: AbortSignal;
}

/** Failures are values; each names the script or expression and the object, and quotes no value of a Secret. */
export type Evaluated<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problem: Problem };

type Evaluations<T> = Promise<readonly Evaluated<T>[]>;

export interface LuaHealth {
  readonly status: LuaHealthStatus;
  readonly message: string;
}

export interface LuaEvaluation {
  readonly script: LuaScript;
  readonly object: KubeObject;
}

export interface LuaActionEvaluation extends LuaEvaluation {
  readonly parameters?: Readonly<Record<string, string>>;
}

export interface CelHealthEvaluation {
  readonly check: CelHealthCheck;
  readonly object: KubeObject;
}

export interface CelEvaluation {
  readonly condition: CelCondition;
  /** An object for each variable of the condition. */
  readonly bindings: Readonly<Record<string, KubeObject>>;
}

export interface JqEvaluation {
  readonly object: KubeObject;
  readonly expressions: readonly string[];
}

export interface JqDeletion {
  /** Without what the expressions select, deleted one after the other; one that failed deleted nothing. */
  readonly object: KubeObject;
  /** What each selects in the object as it was given; undefined where it is no path expression. */
  readonly selections: readonly Evaluated<readonly JqPath[] | undefined>[];
}

export interface ThreeWayPatch {
  readonly patchType: 'strategic' | 'merge';
  /** Undefined where nothing changes. */
  readonly patch: { readonly [key: string]: Json } | undefined;
  /** The current object with the patch applied, where that was asked for. */
  readonly merged: KubeObject | undefined;
}

/** Results are in the order of what was asked. No method rejects. Scripts and objects are told apart by identity. */
export interface Evaluators {
  /** Argo CD's `resource.customizations.health`; undefined where the script says nothing of the object. */
  luaHealth(
    evaluations: readonly LuaEvaluation[],
    options?: EvaluateOptions,
  ): Evaluations<LuaHealth | undefined>;
  /** The actions that a discovery script offers, by name. */
  luaActions(
    evaluations: readonly LuaEvaluation[],
    options?: EvaluateOptions,
  ): Evaluations<readonly LuaAction[]>;
  /** What an action asks to be done; nothing is done. */
  runLuaActions(
    evaluations: readonly LuaActionEvaluation[],
    options?: EvaluateOptions,
  ): Evaluations<readonly LuaOperation[]>;
  /** Flux's `healthCheckExprs`. */
  celHealth(
    evaluations: readonly CelHealthEvaluation[],
    options?: EvaluateOptions,
  ): Evaluations<CelHealthStatus>;
  cel(evaluations: readonly CelEvaluation[], options?: EvaluateOptions): Evaluations<boolean>;
  /** Argo CD's `jqPathExpressions`. */
  jq(evaluations: readonly JqEvaluation[], options?: EvaluateOptions): Evaluations<JqDeletion>;
  /** What `kubectl apply` would send: a strategic merge for built-in kinds, a JSON merge for others. */
  threeWayPatch(evaluations: readonly PatchRun[], options?: EvaluateOptions): Evaluations<ThreeWayPatch>;
  /** The versions of the evaluators: part of every cache key. Rejects where no process can be started. */
  versions(): Promise<Readonly<Record<string, string>>>;
  close(): Promise<void>;
}

export function createEvaluators(options: EvaluatorsOptions): Evaluators {
  const pool = new ProcessPool(ROLE, {
    size: 2,
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    idleMs: IDLE_MS,
    ...options,
  });
  const ask = asker(pool);
  return {
    luaHealth: (evaluations, asking) => ask(luaHealth, evaluations, asking),
    luaActions: (evaluations, asking) => ask(luaActions, evaluations, asking),
    runLuaActions: (evaluations, asking) => ask(runLuaActions, evaluations, asking),
    celHealth: (evaluations, asking) => ask(celHealth, evaluations, asking),
    cel: (evaluations, asking) => ask(cel, evaluations, asking),
    jq: (evaluations, asking) => ask(jq, evaluations, asking),
    threeWayPatch: (evaluations, asking) => ask(threeWayPatch, evaluations, asking),
    versions: () => pool.evaluators(),
    close: () => pool.close(),
  };
}

/** One kind of evaluation: how a message of them is written, and what a result is to the caller. */
interface Language<Method extends EvaluationMethod, Evaluation, Value> {
  readonly method: Method;
  write(evaluations: readonly Evaluation[]): EvaluationParams[Method];
  read(result: EvaluationResults[Method]): Value;
  culprit(evaluation: Evaluation): unknown;
  /** The script and the object, as messages name them. */
  name(evaluation: Evaluation): string;
}

type Ask = <Method extends EvaluationMethod, Evaluation, Value>(
  language: Language<Method, Evaluation, Value>,
  evaluations: readonly Evaluation[],
  options?: EvaluateOptions,
) => Evaluations<Value>;

function asker(pool: ProcessPool): Ask {
  return async (language, evaluations, options = {}) => {
    type Result = Parameters<typeof language.read>[0];
    const results = await evaluateInBatches<(typeof evaluations)[number], Result | Outcome>(evaluations, {
      async ask(runs): Promise<BatchAnswer<Result>> {
        const question = { method: language.method, params: language.write(runs) };
        const reply = await pool.ask(question, options);
        if (!reply.ok) return { ok: false, error: asFailure(reply.error) };
        const { results } = reply.result;
        const stopped = reply.last;
        const count = Array.isArray(results) ? results.length : -1;
        if (stopped ? count > 0 && count <= runs.length : count === runs.length) {
          return { ok: true, results: results as readonly Result[], stopped };
        }
        const message = `evaluate process did not answer each of ${runs.length} runs of ${language.method}`;
        return { ok: false, error: { code: 'EVALUATION_CRASHED', message } };
      },
      culprit: language.culprit,
      failed: (run, error) => ({
        error: { ...error, message: `${language.name(run)}: ${error.message}` },
      }),
    });
    return results.map((result) =>
      result.error === undefined
        ? { ok: true, value: language.read(result as Result) }
        : { ok: false, problem: evaluationProblem(result.error) },
    );
  };
}

/** The codes are those of one checkout: the handshake says so, and a test compares both sides. */
const asFailure = (failure: Failure): EvaluationFailure => failure as EvaluationFailure;

const luaHealth: Language<'lua-health', LuaEvaluation, LuaHealth | undefined> = {
  method: 'lua-health',
  write: writeLua,
  read: ({ status, message }) => (status === undefined ? undefined : { status, message: message ?? '' }),
  culprit: ({ script }) => script,
  name: nameLua,
};

const luaActions: Language<'lua-action', LuaEvaluation, readonly LuaAction[]> = {
  method: 'lua-action',
  write: (evaluations) => writeLua(evaluations.map((each) => ({ ...each, discover: true }))),
  read: ({ actions }) => actions ?? [],
  culprit: ({ script }) => script,
  name: nameLua,
};

const runLuaActions: Language<'lua-action', LuaActionEvaluation, readonly LuaOperation[]> = {
  method: 'lua-action',
  write: writeLua,
  read: ({ operations }) => operations ?? [],
  culprit: ({ script }) => script,
  name: nameLua,
};

function writeLua<Evaluation extends LuaEvaluation>(
  evaluations: readonly Evaluation[],
): EvaluationParams['lua-action'] {
  const scripts = new Interned<LuaScript>();
  const objects = new Interned<KubeObject>();
  const runs = evaluations.map(({ script, object, ...more }) => ({
    ...more,
    script: scripts.index(script),
    object: objects.index(object),
  }));
  return { scripts: scripts.all, objects: objects.all, runs, budgetMs: BUDGET_MS };
}

const celHealth: Language<'cel-health', CelHealthEvaluation, CelHealthStatus> = {
  method: 'cel-health',
  write(evaluations) {
    const checks = new Interned<CelHealthCheck>();
    const objects = new Interned<KubeObject>();
    const runs = evaluations.map(({ check, object }) => ({
      check: checks.index(check),
      object: objects.index(object),
    }));
    return { checks: checks.all, objects: objects.all, runs, budgetMs: BUDGET_MS };
  },
  read: ({ status }) => status ?? 'InProgress',
  culprit: ({ check }) => check,
  name: ({ check, object }) => `CEL health check ${JSON.stringify(check.name)} on ${nameOf(object)}`,
};

const cel: Language<'cel', CelEvaluation, boolean> = {
  method: 'cel',
  write(evaluations) {
    const conditions = new Interned<CelCondition>();
    const objects = new Interned<KubeObject>();
    const runs = evaluations.map(({ condition, bindings }) => ({
      condition: conditions.index(condition),
      bindings: Object.fromEntries(
        Object.entries(bindings).map(([name, object]) => [name, objects.index(object)]),
      ),
    }));
    return { conditions: conditions.all, objects: objects.all, runs, budgetMs: BUDGET_MS };
  },
  read: ({ value }) => value,
  culprit: ({ condition }) => condition,
  name: ({ condition }) => `CEL expression ${JSON.stringify(condition.name)}`,
};

const jq: Language<'jq-delete', JqEvaluation, JqDeletion> = {
  method: 'jq-delete',
  write(evaluations) {
    const objects = new Interned<KubeObject>();
    const runs = evaluations.map(({ object, expressions }) => ({
      object: objects.index(object),
      expressions,
    }));
    return { objects: objects.all, runs, budgetMs: BUDGET_MS };
  },
  read: ({ object, expressions = [] }) => ({
    object: object as KubeObject,
    selections: expressions.map(({ paths, error }) =>
      error === undefined
        ? { ok: true, value: paths ?? undefined }
        : { ok: false, problem: evaluationProblem(error) },
    ),
  }),
  culprit: ({ expressions }) => expressions.join('\0'),
  name: ({ expressions, object }) => `jq expressions ${JSON.stringify(expressions)} on ${nameOf(object)}`,
};

const threeWayPatch: Language<'three-way-patch', PatchRun, ThreeWayPatch> = {
  method: 'three-way-patch',
  write: (evaluations) => ({ runs: evaluations }),
  read: ({ patchType, patch, merged }) => ({ patchType: patchType ?? 'merge', patch, merged }),
  culprit: (run) => run,
  name: ({ modified }) => `three-way patch on ${nameOf(modified)}`,
};

function nameLua({ script, object }: LuaEvaluation): string {
  return `Lua script ${JSON.stringify(script.name)} on ${nameOf(object)}`;
}

function nameOf({ kind, metadata: { namespace, name } }: KubeObject): string {
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}
