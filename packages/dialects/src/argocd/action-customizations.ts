// Reads the actions of Argo CD's settings (the ConfigMap argocd-cm): a discovery script and a script for each action.
// It runs none of them, and reads nothing else of the settings.

import { failed, isRecord, type KubeObject, ok, type Result } from '@weir/core';
import { recordAt } from '../resource/read-field.ts';

export interface ActionCustomization {
  /** Lua that says which actions are on offer; '' where there is none. */
  readonly discovery: string;
  readonly definitions: readonly { readonly name: string; readonly script: string }[];
  /** Whether the actions that are known without it stay; its own go over those of the same name. */
  readonly mergesBuiltIn: boolean;
  /** Whether the scripts may use Lua's string, math and coroutine. */
  readonly openLibs: boolean;
}

type ParseYaml = (text: string) => unknown;

const whole = 'resource.customizations';
const mostDefinitions = 100;

/**
 * Of exactly this kind: Argo CD knows no globs for actions. The key for the kind
 * (`resource.customizations.actions.<group>_<kind>`) goes over the one text for all kinds. Undefined where neither has any.
 */
export function readActionCustomization(
  settings: KubeObject,
  kind: { readonly group: string; readonly kind: string },
  parseYaml: ParseYaml,
): Result<ActionCustomization | undefined> {
  const data = recordAt(settings, 'data') ?? {};
  const suffix = kind.group === '' ? kind.kind : `${kind.group}_${kind.kind}`;
  const own = `${whole}.actions.${suffix}`;
  const openLibs = data[`${whole}.useOpenLibs.${suffix}`];
  const found =
    typeof data[own] === 'string' && data[own].trim() !== ''
      ? { key: own, text: data[own], openLibs: typeof openLibs === 'string' && openLibs.trim() === 'true' }
      : findInWhole(data[whole], kind, parseYaml);
  if (found === undefined) return ok(undefined);
  if ('problem' in found) return invalid(whole, found.problem);
  return readActions(found, parseYaml);
}

interface Found {
  readonly key: string;
  readonly text: string;
  readonly openLibs: boolean;
}

function findInWhole(
  text: unknown,
  { group, kind }: { readonly group: string; readonly kind: string },
  parseYaml: ParseYaml,
): Found | { readonly problem: string } | undefined {
  if (typeof text !== 'string' || text.trim() === '') return undefined;
  const parsed = parseOr(parseYaml, text);
  if (!isRecord(parsed)) return { problem: 'is no map; expected `<group>/<kind>` with `actions`' };
  const name = group === '' ? kind : `${group}/${kind}`;
  const entry = Object.hasOwn(parsed, name) ? parsed[name] : undefined;
  if (!isRecord(entry) || typeof entry.actions !== 'string' || entry.actions.trim() === '') return undefined;
  return { key: whole, text: entry.actions, openLibs: entry['health.lua.useOpenLibs'] === true };
}

function readActions({ key, text, openLibs }: Found, parseYaml: ParseYaml): Result<ActionCustomization> {
  const parsed = parseOr(parseYaml, text);
  if (!isRecord(parsed)) return invalid(key, 'is no map; expected discovery.lua and definitions');
  const { 'discovery.lua': discovery = '', definitions = [], mergeBuiltinActions = false } = parsed;
  if (typeof discovery !== 'string') return invalid(key, 'has a discovery.lua that is no text');
  if (!Array.isArray(definitions) || definitions.length > mostDefinitions)
    return invalid(key, `has definitions that are no list of at most ${mostDefinitions}`);
  const read: { name: string; script: string }[] = [];
  for (const definition of definitions as unknown[]) {
    const { name, 'action.lua': script } = isRecord(definition) ? definition : {};
    if (typeof name !== 'string' || name === '' || typeof script !== 'string')
      return invalid(key, 'has a definition without name or action.lua; expected both as texts');
    read.push({ name, script });
  }
  return ok({ discovery, definitions: read, mergesBuiltIn: mergeBuiltinActions === true, openLibs });
}

function parseOr(parseYaml: ParseYaml, text: string): unknown {
  try {
    return parseYaml(text);
  } catch {
    return undefined;
  }
}

function invalid(key: string, what: string): Result<never> {
  return failed({ code: 'FIELD_INVALID', message: `data.${key} ${what}`, field: `data.${key}` });
}
