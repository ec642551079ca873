// The output formats of results: table, wide, name, json, yaml. It never chooses what a result contains.

import { dump } from 'js-yaml';
import { Exit, exitCodes } from '../exit.ts';

export const formats = ['json', 'yaml', 'wide', 'name'] as const;
export type Format = (typeof formats)[number] | 'table';

export function parseFormat(text: string | undefined, allowed: readonly Format[] = formats): Format {
  if (text === undefined) return 'table';
  const found = allowed.find((format) => format === text);
  if (found === undefined)
    throw new Exit(exitCodes.usage, `output format ${text} is unknown; expected ${allowed.join(', ')}`);
  return found;
}

export function toYaml(value: unknown, options: { sortKeys?: boolean } = {}): string {
  // Through JSON: `undefined` goes, as it does in -o json.
  const plain: unknown = JSON.parse(JSON.stringify(value));
  return dump(plain, { noRefs: true, lineWidth: -1, sortKeys: options.sortKeys === true });
}

export function toJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

/** `json` or `yaml`; anything else is a table's business. */
export function toData(value: unknown, format: 'json' | 'yaml'): string {
  return format === 'json' ? toJson(value) : toYaml(value);
}

/** `4s`, `12m`, `3h`, `5d`: as kubectl shows ages. */
export function showAge(fromIso: string, now: Date): string {
  const seconds = Math.max(0, Math.round((now.getTime() - Date.parse(fromIso)) / 1_000));
  if (Number.isNaN(seconds)) return '<unknown>';
  if (seconds < 120) return `${seconds}s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)}m`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3_600)}h`;
  return `${Math.floor(seconds / 86_400)}d`;
}
