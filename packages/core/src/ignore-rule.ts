// What an ignore rule is: fields of some objects in which what is live may differ from Git. Says which rules are about an
// object; it looks into none.

import { canonicalJson } from './canonical.ts';
import type { ObjectRef } from './object.ts';
import { matchesPattern, type TextPattern } from './text-pattern.ts';

/** Which objects a rule is about; what is absent matches all. */
export interface ObjectMatch {
  readonly group?: TextPattern;
  readonly version?: TextPattern;
  readonly kind?: TextPattern;
  readonly namespace?: TextPattern;
  readonly name?: TextPattern;
}

export interface IgnoreRule {
  readonly match: ObjectMatch;
  /** Where it stands in the custom resource, for messages. */
  readonly field?: string;
  /** JSON pointers (RFC 6901); '' is the whole object but for its identity. What is not there is passed over. */
  readonly pointers?: readonly string[];
  /** Expressions whose paths are ignored. */
  readonly jq?: readonly string[];
  /** Fields that these field managers own, by apply or by update. */
  readonly managers?: readonly string[];
}

/** Keys and indexes that lead to a place, as jq and JSON pointers name it. */
export type KeyPath = readonly (string | number)[];

export function rulesFor(rules: readonly IgnoreRule[] | undefined, ref: ObjectRef): readonly IgnoreRule[] {
  return (rules ?? []).filter(
    ({ match }) =>
      matchesPattern(match.group, ref.group) &&
      matchesPattern(match.version, ref.version) &&
      matchesPattern(match.kind, ref.kind) &&
      matchesPattern(match.namespace, ref.namespace) &&
      matchesPattern(match.name, ref.name),
  );
}

/** The keys of a JSON pointer; undefined where the text is none. */
export function parsePointer(text: string): readonly string[] | undefined {
  if (text === '') return [];
  if (!text.startsWith('/') || /~(?![01])/.test(text)) return undefined;
  return text
    .slice(1)
    .split('/')
    .map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

/** One text for the rules, for what is remembered under them. */
export function rulesText(rules: readonly IgnoreRule[]): string {
  return rules.length === 0 ? '' : canonicalJson(rules);
}
