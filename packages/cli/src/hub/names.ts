// Which custom resource a person means by `name`, `namespace/name`, `kind/name` or `kind/namespace/name`.
// It never guesses: an ambiguous or unknown name is an error that lists the candidates.

import type { DialectKind } from '@weir/core';
import { Exit, exitCodes } from '../exit.ts';

export interface Named {
  readonly kind: DialectKind;
  readonly namespace: string;
  readonly name: string;
}

/** Short names as the users of each tool type them, beside kind, plural and `plural.group`. */
const shortNames: Readonly<Record<string, string>> = {
  app: 'Application',
  ks: 'Kustomization',
  gitrepo: 'GitRepository',
};

const maxCandidates = 10;

export const namesHelp = `
NAME is one of: name, namespace/name, kind/name, kind/namespace/name.
Kinds have short names: app (Application), ks (Kustomization), gitrepo (GitRepository).`;

export function isKindWord(word: string, kind: DialectKind): boolean {
  const wanted = word.toLowerCase();
  return (
    shortNames[wanted] === kind.kind ||
    [kind.kind, kind.plural, `${kind.plural}.${kind.group}`].some((name) => name.toLowerCase() === wanted)
  );
}

/** `app`, `ks`, `gitrepo`; else the kind in lower case. */
export function shortKind(kind: string): string {
  return Object.entries(shortNames).find(([, long]) => long === kind)?.[0] ?? kind.toLowerCase();
}

export function showName(item: Named): string {
  return `${shortKind(item.kind.kind)}/${item.namespace}/${item.name}`;
}

/** The one item that is meant. `namespace` narrows names that state none. */
export function resolveName<T extends Named>(input: string, items: readonly T[], namespace?: string): T {
  const found = matching(input, items, namespace);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (found.length > 1)
    throw new Exit(
      exitCodes.failure,
      `${input} is ambiguous; expected one of:${listed(found)}\nName it in full, as kind/namespace/name.`,
    );
  const close = items.filter((item) => isClose(input, item.name));
  const candidates = close.length > 0 ? close : items;
  throw new Exit(
    exitCodes.failure,
    items.length === 0
      ? `${input} is unknown: the hub has no such resources${namespace === undefined ? '' : ` in namespace ${namespace}`}`
      : `${input} is unknown; ${close.length > 0 ? 'similar names' : 'there are'}:${listed(candidates)}`,
  );
}

/** All items that any of the names means; every name must mean exactly one. No names mean all. */
export function selectNames<T extends Named>(
  names: readonly string[],
  items: readonly T[],
  namespace?: string,
): T[] {
  if (names.length === 0) return [...items];
  return [...new Set(names.map((name) => resolveName(name, items, namespace)))];
}

function matching<T extends Named>(input: string, items: readonly T[], namespace?: string): T[] {
  const parts = input.split('/');
  const name = parts.at(-1) ?? '';
  if (parts.length > 3 || parts.some((part) => part === ''))
    throw new Exit(
      exitCodes.usage,
      `${input} is no name; expected name, namespace/name, kind/name or kind/namespace/name`,
    );
  const inNamespace = (item: T): boolean => namespace === undefined || item.namespace === namespace;
  const named = items.filter((item) => item.name === name);
  if (parts.length === 3)
    return named.filter((item) => isKindWord(parts[0] ?? '', item.kind) && item.namespace === parts[1]);
  if (parts.length === 1) return named.filter(inNamespace);
  // Two parts: a kind's word is read as a kind first, else as a namespace.
  const byKind = named.filter((item) => isKindWord(parts[0] ?? '', item.kind) && inNamespace(item));
  return byKind.length > 0 ? byKind : named.filter((item) => item.namespace === parts[0]);
}

function listed(items: readonly Named[]): string {
  const names = items.map(showName).sort();
  const more = names.length > maxCandidates ? `\n  ... and ${names.length - maxCandidates} more` : '';
  return `${names
    .slice(0, maxCandidates)
    .map((name) => `\n  ${name}`)
    .join('')}${more}`;
}

/** A shared beginning, a part of the other, or at most two typing errors. */
function isClose(input: string, name: string): boolean {
  const wanted = (input.split('/').at(-1) ?? '').toLowerCase();
  if (wanted.length < 2) return false;
  return name.includes(wanted) || wanted.includes(name) || distance(wanted, name) <= 2;
}

function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(
        Math.min(
          (row[j] ?? 0) + 1,
          (next[j - 1] ?? 0) + 1,
          (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1),
        ),
      );
    row = next;
  }
  return row[b.length] ?? 0;
}
