// Replaces `$ARGOCD_APP_...` in the fields where Argo CD does, for what is known before rendering.
// It never guesses a revision: a field that wants one is reported as unsupported.

import type { Problem } from '@weir/core';
import { unsupportedField } from '../schema/problems.ts';
import type { ApplicationSource } from './source-schema.ts';

export interface BuildEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  readonly problems: Problem[];
}

export function buildEnvironment(input: {
  readonly name: string;
  readonly namespace: string;
  readonly project: string;
  readonly source: ApplicationSource;
}): BuildEnvironment {
  return {
    problems: [],
    variables: {
      ARGOCD_APP_NAME: input.name,
      ARGOCD_APP_NAMESPACE: input.namespace,
      ARGOCD_APP_PROJECT_NAME: input.project,
      ARGOCD_APP_SOURCE_PATH: input.source.path ?? '',
      ARGOCD_APP_SOURCE_REPO_URL: input.source.repoURL,
      ARGOCD_APP_SOURCE_TARGET_REVISION: input.source.targetRevision ?? '',
    },
  };
}

/** `$NAME` and `${NAME}` by the environment, unknown names by nothing, `$$` by `$`. */
export function substitute(environment: BuildEnvironment, text: string, field: string): string {
  if (!text.includes('$')) return text;
  return text.replace(/\$(?:\$|\{([^}]*)\}|(\w+))/g, (match, braced?: string, bare?: string) => {
    if (match === '$$') return '$';
    const name = braced ?? bare ?? '';
    if (name.startsWith('ARGOCD_APP_REVISION')) {
      environment.problems.push(unsupportedField(field, `$${name} is not supported yet`));
    }
    return Object.hasOwn(environment.variables, name) ? (environment.variables[name] ?? '') : '';
  });
}

export function substituteValues(
  environment: BuildEnvironment,
  values: Readonly<Record<string, string>>,
  field: string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, substitute(environment, value, `${field}.${key}`)]),
  );
}
