// Reads a Kustomization: a delivery, or the list of what is wrong with it.
// It never reads its source, and never throws.

import {
  type ClusterRef,
  type DeletionPolicy,
  type Delivery,
  isServiceAccountName,
  type KubeObject,
  type KustomizeRecipe,
  type Problem,
  type Reading,
  type SyncPolicy,
  type TakeOverRule,
} from '@weir/core';
import { clientSideManagers, deliveryTools } from '../resource/known-managers.ts';
import { knownMarks } from '../resource/known-marks.ts';
import { approvedDeletionsOf, declaredId, deletionOf, ownerOf } from '../resource/owner-of.ts';
import { isZero, textAt } from '../resource/read-field.ts';
import { cleanPath } from '../resource/repository-path.ts';
import { readWeirAnnotations, withWeirAnnotations } from '../resource/weir-annotations.ts';
import { checkValue } from '../schema/check-value.ts';
import { invalidField } from '../schema/problems.ts';
import { type KustomizationSpec, kustomizationSpecSchema } from './kustomization-schema.ts';
import { kustomizationTiming } from './kustomization-timing.ts';
import { healthProblems, lowerHealth } from './lower-health.ts';
import { ignoreProblems, lowerIgnore } from './lower-ignore.ts';
import {
  dialectName,
  fieldManager,
  finalizer,
  nameLabel,
  namespaceLabel,
  requestedAtAnnotation,
} from './names.ts';
import { objectSwitches } from './object-switches.ts';
import { unsupportedKustomizationFields } from './unsupported-kustomization.ts';

/** Whatever somebody does with `kubectl` is undone, as Flux does it (ssa `allowedManagers`). */
const takeOver: readonly TakeOverRule[] = [
  { manager: 'kubectl', operation: 'Apply', isPrefix: true },
  { manager: 'kubectl', operation: 'Update', isPrefix: true },
  { manager: fieldManager, operation: 'Update' },
  ...clientSideManagers,
  ...deliveryTools,
];

export function readKustomization(object: KubeObject): Reading {
  const owner = ownerOf(object);
  const id = declaredId(dialectName, owner);
  const { value: spec, problems } = checkValue(kustomizationSpecSchema, object.spec ?? {}, 'spec');
  if (problems.length > 0) return { kind: 'invalid', id, role: 'delivery', owner, problems };
  const path = cleanPath(spec.path ?? '');
  const annotations = readWeirAnnotations(object);
  const found = [
    ...annotations.problems,
    ...(path === undefined ? [invalidField('spec.path', 'expected a directory inside the source')] : []),
    ...accountProblems(spec),
    ...unsupportedKustomizationFields(spec),
    ...ignoreProblems(spec.ignore ?? []),
    ...healthProblems(spec),
  ];
  if (found.length > 0) return { kind: 'invalid', id, role: 'delivery', owner, problems: found };
  const requestToken = textAt(object, 'metadata', 'annotations', requestedAtAnnotation);
  const approvedDeletions = approvedDeletionsOf(object);
  const delivery: Delivery = {
    id,
    dialect: dialectName,
    owner,
    source: declaredId(dialectName, {
      kind: 'GitRepository',
      namespace: spec.sourceRef.namespace || owner.namespace,
      name: spec.sourceRef.name,
    }),
    recipe: { path: path ?? '.', type: 'kustomize', kustomize: lowerBuild(spec) },
    cluster: lowerCluster(spec, owner.namespace),
    // Of its own namespace only: no tenant can act as the account of another.
    ...(isZero(spec.serviceAccountName)
      ? {}
      : { impersonate: { namespace: owner.namespace, name: spec.serviceAccountName ?? '' } }),
    // Flux refuses a namespaced object without a namespace; the build puts the target namespace in.
    namespace: spec.targetNamespace ?? '',
    mark: { kind: 'labels', labels: { [nameLabel]: owner.name, [namespaceLabel]: owner.namespace } },
    fieldManager,
    takeOver,
    foreignMarks: knownMarks,
    policy: lowerPolicy(spec),
    deletion: lowerDeletion(spec),
    ...lowerHealth(spec),
    ...(isZero(spec.ignore) ? {} : { ignore: lowerIgnore(spec.ignore ?? []), respectIgnored: true }),
    switches: objectSwitches,
    sequence: { order: 'flux', pruning: 'last' },
    dependsOn: (spec.dependsOn ?? []).map(({ name, namespace }) =>
      declaredId(dialectName, { kind: 'Kustomization', namespace: namespace || owner.namespace, name }),
    ),
    suspended: spec.suspend === true,
    ...deletionOf(object),
    ...(requestToken === undefined ? {} : { requestToken }),
    ...(approvedDeletions === undefined ? {} : { approvedDeletions }),
  };
  return { kind: 'delivery', delivery: withWeirAnnotations(delivery, annotations) };
}

/** The name becomes part of a user name in a header: nothing else may fit. */
function accountProblems({ serviceAccountName: name }: KustomizationSpec): readonly Problem[] {
  return name === undefined || isZero(name) || isServiceAccountName(name)
    ? []
    : [
        invalidField(
          'spec.serviceAccountName',
          'expected the name of a ServiceAccount in the same namespace',
        ),
      ];
}

function lowerBuild(spec: KustomizationSpec): KustomizeRecipe {
  return {
    mode: 'flux',
    ...(spec.namePrefix ? { namePrefix: spec.namePrefix } : {}),
    ...(spec.nameSuffix ? { nameSuffix: spec.nameSuffix } : {}),
    ...(spec.targetNamespace ? { namespace: spec.targetNamespace } : {}),
    ...(spec.images === undefined ? {} : { imageOverrides: spec.images }),
    ...(spec.patches === undefined ? {} : { patches: spec.patches }),
    ...(spec.components === undefined ? {} : { components: spec.components }),
  };
}

function lowerCluster(spec: KustomizationSpec, namespace: string): ClusterRef {
  const reference = spec.kubeConfig?.secretRef;
  if (reference === undefined) return { kind: 'hub' };
  const { name, key } = reference;
  return { kind: 'kubeconfig-secret', namespace, name, ...(key ? { key } : {}) };
}

function lowerPolicy(spec: KustomizationSpec): SyncPolicy {
  const { intervalMs, retryIntervalMs, timeoutMs } = kustomizationTiming(spec);
  return {
    mode: 'automatic',
    prune: spec.prune === true,
    selfHeal: true,
    // Flux prunes everything when a directory is emptied. Here nothing is deleted until somebody approves it.
    allowEmpty: false,
    wait: spec.wait === true,
    createNamespace: false,
    force: spec.force === true,
    // Flux tries a whole stage out before it writes any of it.
    atomicity: 'transactional',
    failOnShared: false,
    timeoutMs,
    retry: {
      limit: Number.MAX_SAFE_INTEGER,
      baseMs: retryIntervalMs,
      factor: 1,
      maxMs: retryIntervalMs,
    },
    intervalMs,
  };
}

/** A suspended Kustomization leaves everything behind, even with prune. */
function lowerDeletion(spec: KustomizationSpec): DeletionPolicy {
  const policy = spec.deletionPolicy ?? 'MirrorPrune';
  const deletes = policy === 'MirrorPrune' ? spec.prune === true : policy !== 'Orphan';
  return {
    finalizer,
    ensureFinalizer: true,
    mode: deletes && spec.suspend !== true ? 'delete' : 'orphan',
    propagation: 'Background',
    orphansWithoutAccount: true,
  };
}
