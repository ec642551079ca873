// The vocabulary of resource actions: what one is called, when it is offered, and the changes that it makes, as data.
// It never runs one, knows no clock and draws nothing at random.

import type { Json, KubeObject } from '../object.ts';
import type { Result } from '../problem.ts';

/** From the root of the object; a key with dots in it is one step. */
export type FieldPath = readonly string[];

export interface ActionParameter {
  readonly name: string;
  /** `count` is a whole number from 0 on. */
  readonly type: 'text' | 'count';
  /** May depend on the object, as "the present number of replicas" does; a parameter without one is required. */
  readonly defaultOf?: (object: KubeObject) => string | undefined;
}

/** `parameter` writes the value of a parameter: a count as a number, or as text where the field holds text. */
export type Change =
  | { readonly set: FieldPath; readonly to: Json }
  | { readonly unset: FieldPath }
  | { readonly stamp: FieldPath; readonly prefix?: string }
  | { readonly set: FieldPath; readonly parameter: string; readonly asText?: boolean };

export interface ActionInput {
  readonly object: KubeObject;
  /** Complete and checked: every declared parameter has a value. */
  readonly parameters: Readonly<Record<string, string>>;
  /** RFC 3339 in UTC, to the second. */
  readonly now: string;
}

/** What is to be written: a patch of the object itself, or a new one. */
export interface ActionOperation {
  readonly operation: 'patch' | 'create';
  readonly resource: KubeObject;
}

interface ActionBase {
  readonly name: string;
  readonly displayName?: string | ((object: KubeObject) => string);
  readonly parameters?: readonly ActionParameter[];
  /** An action that makes no sense for the object as it is: shown, but not on offer. */
  readonly isDisabled?: (object: KubeObject) => boolean;
  /** False: not even shown. */
  readonly isOffered?: (object: KubeObject) => boolean;
}

/** Changes that depend on the object are computed from it; none leaves the object as it is. */
export interface PatchAction extends ActionBase {
  readonly changes: readonly Change[] | ((input: ActionInput) => Result<readonly Change[]>);
}

export interface CreateAction extends ActionBase {
  readonly create: (input: ActionInput) => Result<KubeObject>;
}

export type Action = PatchAction | CreateAction;
