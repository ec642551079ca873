// Turns a Kustomization's `spec.ignore` into ignore rules: a target without a field is about any object, and each of its
// texts is a regular expression over the whole name.

import { compilePattern, type IgnoreRule, type Problem, parsePointer, type TextPattern } from '@weir/core';
import { isZero } from '../resource/read-field.ts';
import { invalidField, unsupportedField } from '../schema/problems.ts';
import type { KustomizationSpec } from './kustomization-schema.ts';

type Rule = NonNullable<KustomizationSpec['ignore']>[number];

const keys = ['group', 'version', 'kind', 'namespace', 'name'] as const;
const selectors = ['labelSelector', 'annotationSelector'] as const;

export function lowerIgnore(rules: readonly Rule[]): IgnoreRule[] {
  return rules.map(({ paths, target }, index) => {
    const match: Partial<Record<(typeof keys)[number], TextPattern>> = {};
    for (const key of keys) {
      const text = target?.[key];
      if (text) match[key] = { kind: 'regex', text };
    }
    return { match, pointers: paths, field: `spec.ignore[${index}]` };
  });
}

export function ignoreProblems(rules: readonly Rule[]): Problem[] {
  return rules.flatMap(({ paths, target }, index) => {
    const field = `spec.ignore[${index}]`;
    const problems = paths.flatMap((path, at) =>
      parsePointer(path) === undefined
        ? [invalidField(`${field}.paths[${at}]`, 'expected a JSON pointer, such as /spec/replicas')]
        : [],
    );
    for (const key of keys) {
      const text = target?.[key];
      if (text && compilePattern({ kind: 'regex', text }) === undefined)
        problems.push(
          invalidField(
            `${field}.target.${key}`,
            'expected a regular expression of at most 500 characters, without flags and classes by name',
          ),
        );
    }
    for (const key of selectors)
      if (!isZero(target?.[key]))
        problems.push(unsupportedField(`${field}.target.${key}`, 'selecting by it is not supported yet'));
    return problems;
  });
}
