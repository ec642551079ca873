// The rule language: how a kind says in data when it is healthy. Types alone; evaluate-rules.ts gives them a meaning.
//
// A kind has a list of rules. They are tried in order and the first verdict decides; no verdict, no health.
// Nothing here computes: no function, no regular expression, and only the operators below.
//
// Paths are members joined by dots, read from where the rules stand (the object, or an entry of a list):
//   `status.phase`                     a member; absent where any step is absent
//   `metadata.annotations[x.y/z]`      a member whose name holds dots
//   `status.nodes[0]`                  an entry of a list, by index; `[-1]` is the last
//   `conditions[status=False]`         the entries of a list or map whose member has this value; `[=Up]`: that are this value
//   `status.replicas[/0]`              the part of a text between slashes, by index
//   `.`                                where the rules stand
//   `status.nodes.*.state`             one value per entry of a list or of a map
//   `status.nodes.#`                   how many entries a list or map has (0 where it is absent)
//   `spec.nodes.*.count.+`             the sum of the numbers
//   `$.spec.replicas`                  from the object, wherever the rules stand
//   `@.message`                        from the condition or entry that the rule's own test has found last
//   `~key`                             the index or member name of the entry that the rules stand at
//
// Messages are text with paths in braces: `{status.phase}`; the first present alternative: `{@.message|@.reason|"none"}`;
// the first characters: `{status.sha:7}`; the entries of a list: joined by `, `.

import type { HealthStatus } from '../verdict.ts';

export type Path = string;
export type Scalar = string | number | boolean;

/** A value to compare with: written down, or read from the object: `or` where it is absent, less what is at `minus`. */
export type Operand = Scalar | Reference;

export interface Reference {
  readonly of: Path;
  readonly or?: Scalar;
  readonly minus?: Path;
}

/**
 * `is`, `isNot`: equality of scalars, absent equals absent. `in`, `notIn`: among those written down.
 * `present`, `absent`: null is absent. `filled`, `empty`: absent, '', [] and {} are empty.
 * `above`, `below`, `atLeast`, `atMost`: of numbers (also as text; absent is 0, as in Kubernetes), or of times (RFC 3339,
 * UTC); of anything else they do not hold.
 * `startsWith`, `endsWith`, `has`: of texts; `has` also of lists.
 */
export type PathTest =
  | readonly [Path, 'present' | 'absent' | 'filled' | 'empty']
  | readonly [Path, 'in' | 'notIn', readonly Scalar[]]
  | readonly [Path, Comparison, Operand];

export type Comparison =
  | 'is'
  | 'isNot'
  | 'above'
  | 'below'
  | 'atLeast'
  | 'atMost'
  | 'startsWith'
  | 'endsWith'
  | 'has';

/** A condition of the list at `of` (`status.conditions` of an object, `conditions` of an entry) that fits. */
export interface ConditionTest {
  readonly condition: string | readonly string[];
  readonly status?: string | readonly string[];
  readonly notStatus?: string | readonly string[];
  readonly reason?: string | readonly string[];
  readonly notReason?: string | readonly string[];
  readonly of?: Path;
}

/** `Ready`, `Ready=True` and `Ready=False/SomeReason` are conditions in short. */
export type Test =
  | string
  | PathTest
  | ConditionTest
  | { readonly all: readonly Test[] }
  | { readonly any: readonly Test[] }
  | { readonly not: Test }
  | { readonly some: Path; readonly that: Test }
  | { readonly every: Path; readonly that: Test }
  /** The generation there is not the object's; holds only where both are numbers. */
  | { readonly behind: Path };

export type Rule = Verdict | Gate | Each | InOrder | Table;

/** Without `when` it always holds: the last word. */
export interface Verdict {
  readonly when?: Test;
  /** `none`: the object has no health. */
  readonly is: HealthStatus | 'none';
  readonly say?: string;
}

/** Rules behind a test; where they give no verdict, the next rule is tried. */
export interface Gate {
  readonly when: Test;
  readonly rules: readonly Rule[];
}

/** The rules for every entry of a list or map in turn; the first entry with a verdict decides. */
export interface Each {
  readonly each: Path;
  readonly rules: readonly Rule[];
}

/** As `each`, of conditions: short condition tests look only at the condition in turn, which is also `@`. */
export interface InOrder {
  readonly inOrder: readonly Rule[];
  readonly of?: Path;
}

/** The status by the value at a path. A present value that is not listed falls to `otherwise`, or to the next rule. */
export type Table = {
  readonly table: Path;
  readonly say?: string;
  readonly otherwise?: HealthStatus;
} & { readonly [status in HealthStatus]?: readonly Scalar[] };

/** Rules by kind, by group. `*` stands for every kind; `*.example.com` for every group below. */
export type RuleBook = Readonly<Record<string, Readonly<Record<string, readonly Rule[]>>>>;
