// The resource definitions of Flux's kinds: names, columns and schemas as its users know them.
// It never decides whether a definition is installed.

import type { PrinterColumn, ResourceDefinition } from '../schema/custom-resource-definition.ts';
import { gitRepositorySpecSchema, gitRepositoryStatusSchema } from './git-repository-schema.ts';
import { kustomizationSpecSchema, kustomizationStatusSchema } from './kustomization-schema.ts';
import { kustomizeGroup, sourceGroup } from './names.ts';

const columns: readonly PrinterColumn[] = [
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
  { name: 'Ready', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].status' },
  { name: 'Status', type: 'string', jsonPath: '.status.conditions[?(@.type=="Ready")].message' },
];

/** Flux's own definitions carry it, so that a build with substitutions leaves their patterns alone. */
const annotations = { [`${kustomizeGroup}/substitute`]: 'disabled' };

const shared = {
  version: 'v1',
  annotations,
  required: [],
  statusSubresource: true,
  statusDefault: { observedGeneration: -1 },
} as const;

export const fluxDefinitions: readonly ResourceDefinition[] = [
  {
    ...shared,
    group: sourceGroup,
    kind: 'GitRepository',
    plural: 'gitrepositories',
    shortNames: ['gitrepo'],
    categories: ['all', 'fluxcd', 'fluxcd-sources'],
    fields: { spec: gitRepositorySpecSchema, status: gitRepositoryStatusSchema },
    columns: [{ name: 'URL', type: 'string', jsonPath: '.spec.url' }, ...columns],
  },
  {
    ...shared,
    group: kustomizeGroup,
    kind: 'Kustomization',
    plural: 'kustomizations',
    shortNames: ['ks'],
    categories: ['all', 'fluxcd', 'fluxcd-appliers'],
    fields: { spec: kustomizationSpecSchema, status: kustomizationStatusSchema },
    columns,
  },
];
