// Which rules judge a kind: those of its exact group and kind, else of its whole group, else of the groups above it.

import type { Rule } from './rule.ts';
import { ruleBook } from './rules/rule-book.ts';

/** Maps, since groups and kinds come from objects: a kind `constructor` must find nothing. */
const book: ReadonlyMap<string, ReadonlyMap<string, readonly Rule[]>> = new Map(
  Object.entries(ruleBook).map(([group, kinds]) => [group, new Map(Object.entries(kinds))]),
);

export function findRules(group: string, kind: string): readonly Rule[] | undefined {
  const exact = book.get(group);
  return exact?.get(kind) ?? exact?.get('*') ?? findAbove(group);
}

/** `*.example.com` stands for every group below, the nearest first. */
function findAbove(group: string): readonly Rule[] | undefined {
  for (let dot = group.indexOf('.'); dot >= 0; dot = group.indexOf('.', dot + 1)) {
    const rules = book.get(`*${group.slice(dot)}`)?.get('*');
    if (rules !== undefined) return rules;
  }
  return undefined;
}
