// Turns `spec.ignoreDifferences` into ignore rules: group and kind are globs, name and namespace are as they stand.
// It compiles no jq: an expression that is none is found when it is first asked for.

import { compilePattern, type IgnoreRule, type ObjectMatch, type Problem, parsePointer } from '@weir/core';
import { invalidField } from '../schema/problems.ts';
import type { ApplicationSpec } from './application-schema.ts';

type Difference = NonNullable<ApplicationSpec['ignoreDifferences']>[number];

export function lowerIgnore(differences: readonly Difference[]): {
  readonly rules: readonly IgnoreRule[];
  readonly problems: readonly Problem[];
} {
  const problems = differences.flatMap((difference, index) =>
    problemsOf(difference, `spec.ignoreDifferences[${index}]`),
  );
  const rules = differences.map((difference, index): IgnoreRule => {
    const { jsonPointers: pointers, jqPathExpressions: jq, managedFieldsManagers: managers } = difference;
    return {
      match: matchOf(difference),
      field: `spec.ignoreDifferences[${index}]`,
      ...(pointers === undefined ? {} : { pointers }),
      ...(jq === undefined ? {} : { jq }),
      ...(managers === undefined ? {} : { managers }),
    };
  });
  return { rules, problems };
}

/** A group that is left out is the core group, as Argo CD has it; a name or namespace that is left out is any. */
function matchOf({ group = '', kind, namespace, name }: Difference): ObjectMatch {
  return {
    group: { kind: 'glob', text: group },
    kind: { kind: 'glob', text: kind },
    ...(namespace ? { namespace: { kind: 'exact', text: namespace } } : {}),
    ...(name ? { name: { kind: 'exact', text: name } } : {}),
  };
}

function problemsOf(difference: Difference, field: string): Problem[] {
  const problems: Problem[] = [];
  for (const key of ['group', 'kind'] as const)
    if (compilePattern({ kind: 'glob', text: difference[key] ?? '' }) === undefined)
      problems.push(invalidField(`${field}.${key}`, 'expected a glob of at most 500 characters'));
  for (const [index, pointer] of (difference.jsonPointers ?? []).entries())
    if (pointer === '' || parsePointer(pointer) === undefined)
      problems.push(
        invalidField(`${field}.jsonPointers[${index}]`, 'expected a JSON pointer, such as /spec/replicas'),
      );
  return problems;
}
