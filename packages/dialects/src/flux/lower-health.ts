// Turns a Kustomization's `healthChecks` and `healthCheckExprs` into the objects that readiness waits for, and into
// expressions by kind. It compiles no expression: the engine does, before anything is written.

import {
  type Delivery,
  groupOf,
  type HealthExpressions,
  type ObjectRef,
  type Problem,
  versionOf,
} from '@weir/core';
import { invalidField } from '../schema/problems.ts';
import type { KustomizationSpec } from './kustomization-schema.ts';

const mostChecks = 1_000;
const mostExpressions = 200;
const longestExpression = 16_384;
const expressionFields = ['current', 'inProgress', 'failed'] as const;

export function lowerHealth(spec: KustomizationSpec): Pick<Delivery, 'healthChecks' | 'healthExpressions'> {
  const healthChecks = lowerChecks(spec);
  const healthExpressions = lowerExpressions(spec);
  return {
    ...(healthChecks.length === 0 ? {} : { healthChecks }),
    ...(healthExpressions.length === 0 ? {} : { healthExpressions }),
  };
}

/** Nothing where `wait` is set: then Flux waits for all objects, and ignores the list. */
function lowerChecks({ wait, healthChecks = [] }: KustomizationSpec): readonly ObjectRef[] {
  if (wait === true) return [];
  return healthChecks.map(({ apiVersion, kind, namespace = '', name }) => ({
    // Flux takes one without a version for a Deployment or its like.
    group: groupOf(apiVersion || 'apps/v1'),
    version: versionOf(apiVersion || 'apps/v1'),
    kind,
    namespace,
    name,
  }));
}

function lowerExpressions({ healthCheckExprs = [] }: KustomizationSpec): readonly HealthExpressions[] {
  return healthCheckExprs.map(({ apiVersion, kind, current, inProgress, failed }, index) => ({
    group: groupOf(apiVersion),
    ...(kind ? { kind } : {}),
    field: `spec.healthCheckExprs[${index}]`,
    current,
    ...(inProgress ? { inProgress } : {}),
    ...(failed ? { failed } : {}),
  }));
}

export function healthProblems({ healthChecks = [], healthCheckExprs = [] }: KustomizationSpec): Problem[] {
  const problems: Problem[] = [];
  const seen = new Set<string>();
  if (healthChecks.length > mostChecks)
    problems.push(invalidField('spec.healthChecks', `expected ${mostChecks} objects at most`));
  if (healthCheckExprs.length > mostExpressions)
    problems.push(invalidField('spec.healthCheckExprs', `expected ${mostExpressions} kinds at most`));
  for (const [index, expressions] of healthCheckExprs.slice(0, mostExpressions).entries()) {
    const field = `spec.healthCheckExprs[${index}]`;
    const { apiVersion, kind = '' } = expressions;
    const key = `${groupOf(apiVersion)}/${kind}`;
    if (seen.has(key))
      problems.push(
        invalidField(field, `a second entry for ${kind} of ${apiVersion}; expected one for a kind`),
      );
    seen.add(key);
    if (apiVersion === '') problems.push(invalidField(`${field}.apiVersion`, 'expected group/version'));
    if (expressions.current.trim() === '')
      problems.push(invalidField(`${field}.current`, 'expected a CEL expression'));
    for (const name of expressionFields)
      if ((expressions[name]?.length ?? 0) > longestExpression)
        problems.push(invalidField(`${field}.${name}`, `expected ${longestExpression} characters at most`));
  }
  return problems;
}
