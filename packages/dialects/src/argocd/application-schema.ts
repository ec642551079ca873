// The Application resource as Argo CD 3.5 defines it: spec, operation and status.
// It never says which fields weir carries out: the lower-*.ts files do.

import {
  boolean,
  freeForm,
  integer,
  list,
  map,
  object,
  optionalObject,
  requiredFreeForm,
  requiredString,
  type Static,
  string,
} from '../schema/field.ts';
import { retrySchema, sourceSchema } from './source-schema.ts';

const destinationSchema = {
  server: string('URL of the API server of the cluster'),
  name: string('Name of the cluster'),
  namespace: string('For namespaced objects that name none'),
};

export const specSchema = object({
  project: requiredString('AppProject'),
  source: optionalObject(sourceSchema.properties),
  sources: list(sourceSchema),
  sourceHydrator: freeForm(),
  destination: object(destinationSchema),
  syncPolicy: optionalObject({
    automated: optionalObject({
      prune: boolean('Delete what is no longer in Git'),
      selfHeal: boolean('Undo foreign edits'),
      allowEmpty: boolean('Let an empty render delete everything'),
      enabled: boolean('Default: true'),
    }),
    syncOptions: list(requiredString()),
    retry: optionalObject(retrySchema),
    managedNamespaceMetadata: optionalObject({ labels: map(), annotations: map() }),
  }),
  ignoreDifferences: list(
    object({
      group: string('Glob'),
      kind: requiredString('Glob'),
      name: string(),
      namespace: string(),
      jsonPointers: list(requiredString()),
      jqPathExpressions: list(requiredString()),
      managedFieldsManagers: list(requiredString('Fields that these managers own')),
    }),
  ),
  info: list(requiredFreeForm()),
  revisionHistoryLimit: integer('Default: 10'),
});
export type ApplicationSpec = Static<typeof specSchema>;

const strategySchema = optionalObject({ force: boolean() });

export const operationSchema = object({
  sync: optionalObject({
    revision: string(),
    revisions: list(requiredString()),
    prune: boolean(),
    dryRun: boolean(),
    source: freeForm(),
    sources: list(requiredFreeForm()),
    syncStrategy: optionalObject({ apply: strategySchema, hook: strategySchema }),
    resources: list(requiredFreeForm()),
    manifests: list(requiredString()),
    syncOptions: list(requiredString()),
    autoHealAttemptsCount: integer(),
  }),
  initiatedBy: optionalObject({ username: string(), automated: boolean() }),
  info: list(requiredFreeForm()),
  retry: optionalObject(retrySchema),
});
export type Operation = Static<typeof operationSchema>;

const resourceStatusSchema = object({
  group: string(),
  version: string(),
  kind: string(),
  namespace: string(),
  name: string(),
  status: string('Synced, OutOfSync or Unknown'),
  health: optionalObject({ status: string(), message: string() }),
  requiresPruning: boolean(),
  hook: boolean('No lasting part of the Application'),
});
export type ResourceStatus = Static<typeof resourceStatusSchema>;

const resourceResultSchema = object({
  group: requiredString(),
  version: requiredString(),
  kind: requiredString(),
  namespace: requiredString(),
  name: requiredString(),
  status: string('Synced, SyncFailed, Pruned or PruneSkipped'),
  message: string(),
  hookPhase: string(),
  hookType: string(),
  syncPhase: string(),
});
export type ResourceResult = Static<typeof resourceResultSchema>;

const operationStateSchema = object({
  operation: requiredFreeForm(),
  phase: requiredString('Running, Succeeded, Failed or Error'),
  message: string(),
  syncResult: optionalObject({
    resources: list(resourceResultSchema),
    revision: string(),
    source: freeForm(),
    revisions: list(requiredString()),
    sources: list(requiredFreeForm()),
  }),
  startedAt: requiredString(),
  finishedAt: string(),
  retryCount: integer(),
});
export type OperationState = Static<typeof operationStateSchema>;

const historyEntrySchema = object({
  id: integer(),
  revision: string(),
  source: freeForm(),
  revisions: list(requiredString()),
  sources: list(requiredFreeForm()),
  deployStartedAt: string(),
  deployedAt: string(),
  initiatedBy: freeForm(),
});
export type HistoryEntry = Static<typeof historyEntrySchema>;

const conditionSchema = object({
  type: requiredString(),
  message: requiredString(),
  lastTransitionTime: string(),
});
export type ApplicationCondition = Static<typeof conditionSchema>;

export const statusSchema = object({
  sync: optionalObject({
    status: requiredString(),
    comparedTo: freeForm(),
    revision: string(),
    revisions: list(requiredString()),
  }),
  health: optionalObject({ status: string(), message: string(), lastTransitionTime: string() }),
  resources: list(resourceStatusSchema),
  operationState: optionalObject(operationStateSchema.properties),
  history: list(historyEntrySchema),
  conditions: list(conditionSchema),
  summary: optionalObject({
    images: list(requiredString()),
    externalURLs: list(requiredString()),
    isAppOfApps: boolean(),
  }),
  reconciledAt: string(),
  sourceType: string(),
  sourceHydrator: freeForm(),
  resourceHealthSource: string(),
  controllerNamespace: string(),
});
