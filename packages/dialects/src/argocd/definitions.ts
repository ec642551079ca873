// The resource definitions of Argo CD's kinds: names, columns and schemas as its users know them.
// It never decides whether a definition is installed.

import type { ResourceDefinition } from '../schema/custom-resource-definition.ts';
import { operationSchema, specSchema, statusSchema } from './application-schema.ts';

export const argocdDefinitions: readonly ResourceDefinition[] = [
  {
    group: 'argoproj.io',
    version: 'v1alpha1',
    kind: 'Application',
    plural: 'applications',
    shortNames: ['app', 'apps'],
    fields: { spec: specSchema, operation: operationSchema, status: statusSchema },
    required: ['metadata', 'spec'],
    statusSubresource: false,
    columns: [
      { name: 'Sync Status', type: 'string', jsonPath: '.status.sync.status' },
      { name: 'Health Status', type: 'string', jsonPath: '.status.health.status' },
      { name: 'Revision', type: 'string', jsonPath: '.status.sync.revision', priority: 10 },
      { name: 'Project', type: 'string', jsonPath: '.spec.project', priority: 10 },
    ],
  },
];
