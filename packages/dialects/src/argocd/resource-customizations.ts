// Reads the health scripts of Argo CD's settings (the ConfigMap argocd-cm), and finds the one for a kind.
// It runs none of them, and reads nothing else of the settings.

import {
  type DialectSettings,
  failed,
  isRecord,
  type KubeObject,
  matchesPattern,
  ok,
  type Result,
} from '@weir/core';
import { recordAt } from '../resource/read-field.ts';

export interface HealthScript {
  /** `group/Kind`, `Kind` in the core group; each may be a glob whose `*` also stands for `/`. */
  readonly kinds: string;
  /** Lua. */
  readonly script: string;
  /** Whether it may use Lua's string, math and coroutine. */
  readonly openLibs: boolean;
}

type Entry = { script?: string; openLibs?: boolean };

const mostScripts = 1_000;
const whole = 'resource.customizations';
const healthPrefix = `${whole}.health.`;
const openLibsPrefix = `${whole}.useOpenLibs.`;

/**
 * One list of both forms: the keys for one kind each (`resource.customizations.health.<group>_<kind>`) go over the one
 * text for all kinds (`resource.customizations`), member by member. Parsing that text as YAML is the caller's.
 */
export function readHealthScripts(
  settings: KubeObject,
  parseYaml: (text: string) => unknown,
): Result<HealthScript[]> {
  const data = recordAt(settings, 'data') ?? {};
  const entries = new Map<string, Entry>();
  const text = data[whole];
  const problem =
    typeof text === 'string' && text.trim() !== '' ? addAll(entries, text, parseYaml) : undefined;
  if (problem !== undefined) return invalid(whole, problem);
  for (const [key, value] of Object.entries(data)) {
    const wrong = typeof value === 'string' ? addOne(entries, key, value) : undefined;
    if (wrong !== undefined) return invalid(key, wrong);
  }
  const scripts = [...entries].flatMap(([kinds, { script = '', openLibs = false }]) =>
    script.trim() === '' ? [] : [{ kinds, script, openLibs }],
  );
  return scripts.length > mostScripts
    ? invalid(whole, `${scripts.length} scripts; expected ${mostScripts} at most`)
    : ok(scripts);
}

function addAll(
  entries: Map<string, Entry>,
  text: string,
  parseYaml: (text: string) => unknown,
): string | undefined {
  const parsed = parseOr(parseYaml, text);
  if (parsed === undefined || parsed === null) return parsed === null ? undefined : 'is not valid YAML';
  if (!isRecord(parsed)) return 'is no map; expected `<group>/<kind>` with `health.lua`';
  for (const [kinds, value] of Object.entries(parsed)) {
    if (!isRecord(value)) continue;
    const { 'health.lua': script, 'health.lua.useOpenLibs': openLibs } = value;
    if (script !== undefined && typeof script !== 'string')
      return `has a health.lua of ${kinds} that is no text`;
    entries.set(kinds, { ...(script === undefined ? {} : { script }), openLibs: openLibs === true });
  }
  return undefined;
}

/** `undefined` where it is no YAML; an empty text is `null`. */
function parseOr(parseYaml: (text: string) => unknown, text: string): unknown {
  try {
    return parseYaml(text) ?? null;
  } catch {
    return undefined;
  }
}

function addOne(entries: Map<string, Entry>, key: string, value: string): string | undefined {
  const prefix = [healthPrefix, openLibsPrefix].find((one) => key.startsWith(one));
  if (prefix === undefined) return undefined;
  const parts = key.slice(prefix.length).split('_');
  if (parts.length > 2 || parts.includes('')) return 'does not end in `<group>_<kind>`, nor in a kind alone';
  const kinds = parts.join('/');
  const more = prefix === healthPrefix ? { script: value } : { openLibs: value.trim() === 'true' };
  entries.set(kinds, { ...entries.get(kinds), ...more });
  return undefined;
}

/** The script for exactly this kind, else the first whose glob fits. */
export function findHealthScript(
  scripts: readonly HealthScript[],
  { group, kind }: { readonly group: string; readonly kind: string },
): HealthScript | undefined {
  const name = group === '' ? kind : `${group}/${kind}`;
  return (
    scripts.find(({ kinds }) => kinds === name) ??
    scripts.find(({ kinds }) => matchesPattern({ kind: 'glob', text: kinds }, name))
  );
}

/** The same as a finder, for the engine. */
export const readSettledHealth: DialectSettings['readHealth'] = (settings, parseYaml) => {
  const read = readHealthScripts(settings, parseYaml);
  if (!read.ok) return read;
  return ok((kind) => {
    const found = findHealthScript(read.value, kind);
    if (found === undefined) return undefined;
    const { kinds, script, openLibs } = found;
    return { language: 'lua', name: `resource.customizations of ${kinds}`, source: script, openLibs };
  });
};

function invalid(key: string, what: string): Result<never> {
  return failed({ code: 'FIELD_INVALID', message: `data.${key} ${what}`, field: `data.${key}` });
}
