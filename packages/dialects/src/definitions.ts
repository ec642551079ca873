// All custom resource definitions that the dialects bring, as objects.
// It never holds weir's own kinds: those are written by hand in deploy/crds.

import { argocdDefinitions } from './argocd/definitions.ts';
import { fluxDefinitions } from './flux/definitions.ts';
import { customResourceDefinition } from './schema/custom-resource-definition.ts';
import type { OpenApi } from './schema/structural-schema.ts';

export interface DefinitionFile {
  readonly file: string;
  readonly definition: OpenApi;
}

export const definitionFiles: readonly DefinitionFile[] = [...argocdDefinitions, ...fluxDefinitions].map(
  (each) => ({ file: `${each.group}_${each.plural}.yaml`, definition: customResourceDefinition(each) }),
);
