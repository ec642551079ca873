// Where the actions of an object come from: those that weir knows, and those of the settings of an Argo CD, whose scripts
// the evaluator runs. It writes to no cluster.

import {
  type ActionOffer,
  type ActionOperation,
  discoverActions,
  groupOf,
  type KubeObject,
  type Problem,
  refOf,
  runAction,
  showRef,
  WeirError,
} from '@weir/core';
import { type ActionCustomization, readActionCustomization } from '@weir/dialects';
import { createEvaluators, type Evaluated, type Evaluators, type LuaAction } from '@weir/upstream';
import { findBinary } from '../local/place.ts';
import { parseDocuments } from '../manifest/documents.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { readObject } from './read-object.ts';

export interface ActionRun {
  readonly action: string;
  readonly parameters: Readonly<Record<string, string>>;
  readonly now: string;
}

export interface ActionSource {
  discover(): Promise<readonly ActionOffer[]>;
  run(run: ActionRun): Promise<readonly ActionOperation[]>;
}

function knownSource(object: KubeObject): ActionSource {
  return {
    discover: async () => discoverActions(object),
    run: async (run) => {
      const result = runAction({ object, ...run });
      if (!result.ok) throw new WeirError(result.problem);
      return result.value;
    },
  };
}

/** `customizations` is a file with the ConfigMap argocd-cm; no process is started where it says nothing of the kind. */
export async function withActions<T>(
  of: {
    readonly object: KubeObject;
    readonly customizations: string | undefined;
    readonly terminal: Terminal;
  },
  use: (source: ActionSource) => Promise<T>,
): Promise<T> {
  const { object, customizations, terminal } = of;
  const known = knownSource(object);
  if (customizations === undefined) return use(known);
  const custom = await readCustomization(object, customizations);
  if (custom === undefined) return use(known);
  const binary = await findBinary('evaluate', (line) => terminal.err(`${line}\n`));
  const evaluators = createEvaluators({ binary, size: 1 });
  try {
    return await use(scriptedSource({ object, custom, known, evaluators, signal: terminal.signal }));
  } finally {
    await evaluators.close();
  }
}

async function readCustomization(object: KubeObject, path: string): Promise<ActionCustomization | undefined> {
  const settings = await readObject(path, process.stdin);
  if (settings.kind !== 'ConfigMap') {
    const message = `${path} holds ${showRef(refOf(settings))}; expected the ConfigMap argocd-cm`;
    throw new WeirError({ code: 'OBJECT_INVALID', message });
  }
  const kind = { group: groupOf(object.apiVersion), kind: object.kind };
  const read = readActionCustomization(settings, kind, (text) => parseDocuments(text, path)[0]);
  if (!read.ok) throw new WeirError({ ...read.problem, message: `${path}: ${read.problem.message}` });
  return read.value;
}

interface Scripted {
  readonly object: KubeObject;
  readonly custom: ActionCustomization;
  readonly known: ActionSource;
  readonly evaluators: Evaluators;
  readonly signal: AbortSignal;
}

/** Actions of the settings go over those of the same name; without `mergeBuiltinActions` there are no others. */
function scriptedSource(scripted: Scripted): ActionSource {
  const { custom, known } = scripted;
  const discover = async (): Promise<readonly ActionOffer[]> => {
    const own = await discoverScripted(scripted);
    const names = new Set(own.map(({ name }) => name));
    const others = custom.mergesBuiltIn ? await known.discover() : [];
    return [...own, ...others.filter(({ name }) => !names.has(name))];
  };
  return {
    discover,
    run: async (run) => {
      const definition = custom.definitions.find(({ name }) => name === run.action);
      if (definition !== undefined) return runScript(scripted, { ...run, source: definition.script });
      if (custom.mergesBuiltIn) return known.run(run);
      throw new WeirError(unknownAction(scripted, run.action));
    },
  };
}

function unknownAction({ object, custom }: Scripted, action: string): Problem {
  const names = custom.definitions.map(({ name }) => name).join(', ') || 'none';
  const message = `${showRef(refOf(object))} has no action ${action}; expected one of those of the settings: ${names}`;
  return { code: 'ACTION_UNKNOWN', message, object: refOf(object) };
}

async function discoverScripted({ object, custom, evaluators, signal }: Scripted): Promise<ActionOffer[]> {
  if (custom.discovery.trim() === '') return [];
  const script = { name: 'discovery.lua', source: custom.discovery, openLibs: custom.openLibs };
  const [found] = await evaluators.luaActions([{ script, object }], { signal });
  return answerOf(found).map(offerOf);
}

function offerOf({ name, displayName, disabled = false, params = [] }: LuaAction): ActionOffer {
  return {
    name,
    ...(displayName === undefined || displayName === '' ? {} : { displayName }),
    disabled,
    parameters: params.flatMap((param): ActionOffer['parameters'] => {
      const { name: called = '', default: value = '' } = param;
      if (called === '') return [];
      const shape = { name: called, type: 'text' } as const;
      return value === '' ? [{ ...shape, required: true }] : [{ ...shape, default: value, required: false }];
    }),
  };
}

async function runScript(
  scripted: Scripted,
  run: ActionRun & { readonly source: string },
): Promise<readonly ActionOperation[]> {
  const { object, custom, evaluators, signal } = scripted;
  const offer = (await discoverScripted(scripted)).find(({ name }) => name === run.action);
  const defaults = (offer?.parameters ?? []).flatMap((parameter) =>
    parameter.default === undefined ? [] : [[parameter.name, parameter.default] as const],
  );
  const script = { name: `${run.action}/action.lua`, source: run.source, openLibs: custom.openLibs };
  const parameters = { ...Object.fromEntries(defaults), ...run.parameters };
  const [made] = await evaluators.runLuaActions([{ script, object, parameters }], { signal });
  return answerOf(made);
}

function answerOf<T>(evaluated: Evaluated<T> | undefined): T {
  if (evaluated === undefined)
    throw new WeirError({ code: 'INTERNAL', message: 'the evaluator gave no answer' });
  if (!evaluated.ok) throw new WeirError(evaluated.problem);
  return evaluated.value;
}
