// Every message between weir and the native `evaluate` binary, once; envelope.ts wraps them. It decides no behaviour. The Go
// side is native/evaluate/wire/messages.go: a change that the other side cannot read raises the protocol in both.

import type { Json, KubeObject } from '@weir/core';
import type { ENVELOPE_ERROR_CODES, Failure, PoolReason } from './envelope.ts';

/** The version of these messages. */
export const EVALUATE_PROTOCOL = 1;

/** Of one run, as in native/evaluate/wire/messages.go. */
export const EVALUATE_ERROR_CODES = [
  'EVALUATION_FAILED',
  'EVALUATION_INVALID',
  'EVALUATION_TIMEOUT',
] as const;

export type EvaluationErrorCode =
  | (typeof EVALUATE_ERROR_CODES)[number]
  | (typeof ENVELOPE_ERROR_CODES)[number]
  | `EVALUATION_${PoolReason}`;

export interface EvaluationFailure extends Failure {
  readonly code: EvaluationErrorCode;
}

/** A message carries scripts and objects once; its runs refer to them by index, its results are in the order of its runs. */
export interface EvaluationParams {
  readonly 'lua-health': Batch<LuaRun> & { readonly scripts: readonly LuaScript[] };
  readonly 'lua-action': Batch<LuaActionRun> & { readonly scripts: readonly LuaScript[] };
  readonly 'cel-health': Batch<CheckRun> & { readonly checks: readonly CelHealthCheck[] };
  readonly cel: Batch<ConditionRun> & { readonly conditions: readonly CelCondition[] };
  readonly 'jq-delete': Batch<JqRun>;
  readonly 'three-way-patch': { readonly runs: readonly PatchRun[] };
}

/** A run that failed has an error instead of what else is there. */
export interface EvaluationResults {
  readonly 'lua-health': Outcome & { readonly status?: LuaHealthStatus; readonly message?: string };
  readonly 'lua-action': Outcome & {
    readonly actions?: readonly LuaAction[];
    readonly operations?: readonly LuaOperation[];
  };
  readonly 'cel-health': Outcome & { readonly status?: CelHealthStatus };
  readonly cel: Outcome & { readonly value: boolean };
  readonly 'jq-delete': Outcome & {
    readonly object?: KubeObject;
    readonly expressions?: readonly (Outcome & { readonly paths: readonly JqPath[] | null })[];
  };
  readonly 'three-way-patch': Outcome & {
    readonly patchType?: 'strategic' | 'merge';
    readonly patch?: { readonly [key: string]: Json };
    readonly merged?: KubeObject;
  };
}

export type EvaluationMethod = keyof EvaluationParams;

export interface Outcome {
  readonly error?: EvaluationFailure;
}

interface Batch<Run> {
  readonly objects: readonly KubeObject[];
  readonly runs: readonly Run[];
  /** Runs whose turn comes later are answered with a timeout. */
  readonly budgetMs: number;
}

/** A chunk of Lua 5.1 with the object as the global `obj`. */
export interface LuaScript {
  /** What messages call it. */
  readonly name: string;
  readonly source: string;
  /** Adds `string`, `math` and `coroutine`, as Argo CD's `useOpenLibs`; never files, processes or the environment. */
  readonly openLibs?: boolean;
}

interface LuaRun {
  readonly script: number;
  readonly object: number;
}

interface LuaActionRun extends LuaRun {
  /** Asks a discovery script for its actions, instead of running an action. */
  readonly discover?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
}

export type LuaHealthStatus = 'Healthy' | 'Progressing' | 'Degraded' | 'Suspended' | 'Missing' | 'Unknown';

/** As Argo CD's API spells it. */
export interface LuaAction {
  readonly name: string;
  readonly disabled?: boolean;
  readonly iconClass?: string;
  readonly displayName?: string;
  readonly params?: readonly {
    readonly name?: string;
    readonly value?: string;
    readonly type?: string;
    readonly default?: string;
  }[];
}

/** A patch has the whole object as it shall be, with the empty maps that Lua made lists of restored. */
export interface LuaOperation {
  readonly operation: 'create' | 'patch';
  readonly resource: KubeObject;
}

/** One entry of Flux's `healthCheckExprs`; which entry is for which kind is the caller's to know. */
export interface CelHealthCheck {
  readonly name: string;
  readonly current: string;
  readonly inProgress?: string;
  readonly failed?: string;
}

interface CheckRun {
  readonly check: number;
  readonly object: number;
}

export type CelHealthStatus = 'Current' | 'InProgress' | 'Failed';

/** A boolean over named objects, as Flux's `readyExpr` is one over `self` and `dep`. */
export interface CelCondition {
  readonly name: string;
  readonly expression: string;
  readonly variables: readonly string[];
  /** `flux`: exactly what Flux declares. `kubernetes`: what an API server of 1.36 declares, but for its authorizer. */
  readonly libraries: 'flux' | 'kubernetes';
}

interface ConditionRun {
  readonly condition: number;
  readonly bindings: Readonly<Record<string, number>>;
}

interface JqRun {
  readonly object: number;
  readonly expressions: readonly string[];
}

/** A step is a field, an index, or a slice of a list. */
export type JqPath = readonly (
  | string
  | number
  | { readonly start: number | null; readonly end: number | null }
)[];

/** One object in its three states; `original` is what was applied last, absent where nobody recorded it. */
export interface PatchRun {
  readonly original?: KubeObject;
  readonly modified: KubeObject;
  readonly current: KubeObject;
  /** Records `modified` in its own last-applied annotation first, byte for byte as kubectl does. */
  readonly annotate?: boolean;
  /** Asks for `current` with the patch applied. */
  readonly merge?: boolean;
}
