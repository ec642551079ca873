// A user's own word on how objects of a kind are: a script or expressions, as data, and which of them is for a kind.
// It runs none of them.

/** Of one kind, or of a group. What is in it runs in a process of its own, within limits. */
export type HealthScript =
  | {
      readonly language: 'lua';
      /** What messages call it. */
      readonly name: string;
      readonly source: string;
      /** Whether it may use Lua's string, math and coroutine. */
      readonly openLibs: boolean;
    }
  | ({ readonly language: 'cel'; readonly name: string } & HealthExpressionTexts);

/** Tried in the order in progress, failed, current; where none is true, the object is in progress. */
interface HealthExpressionTexts {
  readonly current: string;
  readonly inProgress?: string;
  readonly failed?: string;
}

/** The expressions of one delivery for a kind, at whatever version; without a kind for all of the group. */
export interface HealthExpressions extends HealthExpressionTexts {
  readonly group: string;
  readonly kind?: string;
  /** Where they stand in the custom resource. */
  readonly field: string;
}

interface GroupKind {
  readonly group: string;
  readonly kind: string;
}

/** Finds the script for a kind; undefined where the rules of weir decide. */
export type FindHealthScript = (kind: GroupKind) => HealthScript | undefined;

/** Those for exactly the kind count before those for its group. */
export function findExpressions(
  all: readonly HealthExpressions[],
  { group, kind }: GroupKind,
): HealthScript | undefined {
  const ofGroup = all.filter((each) => each.group === group);
  const found = ofGroup.find((each) => each.kind === kind) ?? ofGroup.find((each) => each.kind === undefined);
  return found === undefined ? undefined : expressionScript(found);
}

export function expressionScript(of: HealthExpressions): HealthScript {
  const { group, kind = '*', current, inProgress, failed } = of;
  return {
    language: 'cel',
    name: group === '' ? kind : `${group}/${kind}`,
    current,
    ...(inProgress === undefined ? {} : { inProgress }),
    ...(failed === undefined ? {} : { failed }),
  };
}
