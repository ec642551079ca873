// The Kustomization resource as Flux 2.9 defines it: spec and status.
// It never says which fields weir carries out: unsupported-kustomization.ts does.

import {
  boolean,
  freeForm,
  integer,
  list,
  map,
  object,
  optionalObject,
  requiredFreeForm,
  requiredList,
  requiredString,
  requiredWord,
  type Static,
  string,
  word,
} from '../schema/field.ts';
import { duration, localReference, requiredDuration, statusFields } from './common-schema.ts';

const selectorSchema = optionalObject({
  group: string(),
  version: string(),
  kind: string(),
  namespace: string(),
  name: string(),
  labelSelector: string(),
  annotationSelector: string(),
});

export const kustomizationSpecSchema = object({
  interval: requiredDuration(),
  retryInterval: duration(),
  timeout: duration(),
  path: string('Directory in the source'),
  prune: boolean('Delete what is no longer in the source'),
  wait: boolean('Ready only when all objects are'),
  force: boolean('Recreate objects with immutable changes'),
  suspend: boolean(),
  targetNamespace: string(),
  namePrefix: string(),
  nameSuffix: string(),
  deletionPolicy: word(['MirrorPrune', 'Delete', 'WaitForTermination', 'Orphan']),
  sourceRef: object({
    apiVersion: string(),
    kind: requiredWord(['GitRepository', 'OCIRepository', 'Bucket', 'ExternalArtifact']),
    name: requiredString(),
    namespace: string(),
  }),
  dependsOn: list(object({ name: requiredString(), namespace: string(), readyExpr: string() })),
  kubeConfig: optionalObject({
    secretRef: optionalObject({ name: requiredString(), key: string() }),
    configMapRef: localReference(),
  }),
  images: list(object({ name: requiredString(), newName: string(), newTag: string(), digest: string() })),
  patches: list(object({ patch: requiredString(), target: selectorSchema })),
  components: list(requiredString()),
  ignoreMissingComponents: boolean(),
  buildMetadata: list(requiredString()),
  commonMetadata: optionalObject({ labels: map(), annotations: map() }),
  healthChecks: list(
    object({ apiVersion: string(), kind: requiredString(), name: requiredString(), namespace: string() }),
  ),
  healthCheckExprs: list(
    object({
      apiVersion: requiredString(),
      kind: string(),
      current: requiredString('CEL: the object is as wanted'),
      inProgress: string('CEL: the object takes its time'),
      failed: string('CEL: the object has failed'),
    }),
  ),
  postBuild: optionalObject({
    substitute: map(),
    substituteFrom: list(requiredFreeForm()),
    substituteStrategy: string(),
  }),
  decryption: freeForm(),
  serviceAccountName: string(),
  ignore: list(object({ paths: requiredList(requiredString()), target: selectorSchema })),
});
export type KustomizationSpec = Static<typeof kustomizationSpecSchema>;

const historyEntrySchema = object({
  digest: requiredString(),
  firstReconciled: requiredString(),
  lastReconciled: requiredString(),
  lastReconciledDuration: requiredString(),
  lastReconciledStatus: requiredString(),
  totalReconciliations: integer(),
  metadata: map(),
});
export type KustomizationHistoryEntry = Static<typeof historyEntrySchema>;

const inventoryEntrySchema = object({ id: requiredString(), v: requiredString() });
export type InventoryEntry = Static<typeof inventoryEntrySchema>;

export const kustomizationStatusSchema = object({
  ...statusFields,
  lastAppliedRevision: string(),
  lastAttemptedRevision: string(),
  inventory: optionalObject({ entries: list(inventoryEntrySchema) }),
  history: list(historyEntrySchema),
});
