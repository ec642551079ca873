// What can be done with an object, and what doing it would write. Pure: it writes nothing, and time comes in as an argument.
// It never decides who may run an action; a disabled one is told as such, and runs.

import { groupOf, type KubeObject, refOf, showRef } from '../object.ts';
import { failed, ok, type Problem, type Result } from '../problem.ts';
import type { Action, ActionInput, ActionOperation, Change } from './action.ts';
import { withField, withoutField } from './fields.ts';
import { knownActions } from './known-actions.ts';

export interface ActionOffer {
  readonly name: string;
  readonly displayName?: string;
  readonly disabled: boolean;
  readonly parameters: readonly {
    readonly name: string;
    readonly type: 'text' | 'count';
    readonly default?: string;
    readonly required: boolean;
  }[];
}

function actionsOf(object: KubeObject): readonly Action[] {
  const key = `${groupOf(object.apiVersion)}/${object.kind}`;
  return Object.hasOwn(knownActions, key) ? (knownActions[key] ?? []) : [];
}

/** The actions of the kind that make sense for the object as it is; none for a kind that has none. */
export function discoverActions(object: KubeObject): ActionOffer[] {
  return actionsOf(object)
    .filter((action) => action.isOffered?.(object) ?? true)
    .map((action) => offerOf(action, object));
}

function offerOf(action: Action, object: KubeObject): ActionOffer {
  const { name, displayName, parameters = [] } = action;
  return {
    name,
    ...(displayName === undefined
      ? {}
      : { displayName: typeof displayName === 'string' ? displayName : displayName(object) }),
    disabled: action.isDisabled?.(object) ?? false,
    parameters: parameters.map((parameter) => {
      const value = parameter.defaultOf?.(object);
      const shape = { name: parameter.name, type: parameter.type };
      return value === undefined
        ? { ...shape, required: true }
        : { ...shape, default: value, required: false };
    }),
  };
}

/** `now` is RFC 3339 in UTC; `parameters` are texts, as they come from a form or a command line. */
export function runAction(input: {
  readonly object: KubeObject;
  readonly action: string;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly now: string;
}): Result<readonly ActionOperation[]> {
  const { object } = input;
  const actions = actionsOf(object);
  const action = actions.find(({ name }) => name === input.action);
  if (action === undefined) return failed(unknownAction(input, actions));
  const checked = checkParameters(action, object, input.parameters ?? {});
  if (!checked.ok) return checked;
  const now = `${input.now.slice(0, 19)}Z`;
  const made = makeResource(action, { object, parameters: checked.value, now });
  return made.ok ? ok([{ operation: 'create' in action ? 'create' : 'patch', resource: made.value }]) : made;
}

function unknownAction(
  input: { readonly object: KubeObject; readonly action: string },
  actions: readonly Action[],
): Problem {
  const object = refOf(input.object);
  const kind = `${object.group === '' ? '' : `${object.group}/`}${object.kind}`;
  const message =
    actions.length === 0
      ? `${showRef(object)} has no action ${input.action}: there are no actions for ${kind}`
      : `${showRef(object)} has no action ${input.action}; expected one of ${actions.map(({ name }) => name).join(', ')}`;
  return { code: 'ACTION_UNKNOWN', message, object };
}

/** Longer values are no number, no instance and no name. */
const longestValue = 253;

function checkParameters(
  action: Action,
  object: KubeObject,
  given: Readonly<Record<string, string>>,
): Result<Record<string, string>> {
  const declared = action.parameters ?? [];
  const invalid = (message: string): Result<never> =>
    failed({ code: 'ACTION_PARAMETER_INVALID', message, object: refOf(object) });
  const foreign = Object.keys(given).find((name) => !declared.some((parameter) => parameter.name === name));
  if (foreign !== undefined) {
    const expected = declared.map(({ name }) => name).join(', ') || 'none';
    return invalid(`the action ${action.name} has no parameter ${foreign}; expected ${expected}`);
  }
  const values: Record<string, string> = {};
  for (const { name, type, defaultOf } of declared) {
    const value = Object.hasOwn(given, name) ? given[name] : defaultOf?.(object);
    if (value === undefined) return invalid(`the action ${action.name} needs the parameter ${name}`);
    if (value.length > longestValue)
      return invalid(`the parameter ${name} is longer than ${longestValue} characters`);
    const count = type === 'count' ? countOf(value) : value;
    if (count === undefined)
      return invalid(
        `invalid number: ${value} (must be >= 0); the parameter ${name} of ${action.name} expects a whole number`,
      );
    values[name] = count;
  }
  return ok(values);
}

/** The API server takes 32 bits. */
const largestCount = 2_147_483_647;

function countOf(text: string): string | undefined {
  const trimmed = text.trim();
  return /^\d+$/.test(trimmed) && Number(trimmed) <= largestCount ? String(Number(trimmed)) : undefined;
}

function makeResource(action: Action, input: ActionInput): Result<KubeObject> {
  if ('create' in action) return action.create(input);
  const changes = typeof action.changes === 'function' ? action.changes(input) : ok(action.changes);
  return changes.ok ? applyChanges(changes.value, input) : changes;
}

function applyChanges(changes: readonly Change[], input: ActionInput): Result<KubeObject> {
  let changed: Record<string, unknown> = { ...input.object };
  for (const change of changes) {
    const next = applyChange(change, changed, input);
    if (next === undefined) {
      const path = 'unset' in change ? change.unset : 'stamp' in change ? change.stamp : change.set;
      return failed({
        code: 'OBJECT_INVALID',
        message: `${showRef(refOf(input.object))} cannot have the field ${path.join('.')}; expected mappings on the way to it`,
        object: refOf(input.object),
      });
    }
    changed = next;
  }
  return ok(changed as KubeObject);
}

function applyChange(
  change: Change,
  object: Readonly<Record<string, unknown>>,
  { parameters, now }: ActionInput,
): Record<string, unknown> | undefined {
  if ('unset' in change) return withoutField(object, change.unset);
  // Argo CD's own texts before a time carry no zone, and its users' scripts parse them so.
  if ('stamp' in change)
    return withField(
      object,
      change.stamp,
      change.prefix === undefined ? now : `${change.prefix}${now.slice(0, -1)}`,
    );
  if ('to' in change) return withField(object, change.set, change.to);
  const value = parameters[change.parameter] ?? '';
  return withField(object, change.set, change.asText === true ? value : Number(value));
}
