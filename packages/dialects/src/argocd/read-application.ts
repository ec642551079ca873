// Reads an Application: a delivery with its source, or the list of what is wrong with it.
// It never reads another object, and never throws.

import type { Delivery, KubeObject, Problem, Reading, SourceDeclaration, TakeOverRule } from '@weir/core';
import { clientSideManagers, deliveryTools } from '../resource/known-managers.ts';
import { knownMarks } from '../resource/known-marks.ts';
import { approvedDeletionsOf, declaredId, deletionOf, ownerOf } from '../resource/owner-of.ts';
import { isZero, textAt } from '../resource/read-field.ts';
import { urlProblem } from '../resource/repository-url.ts';
import { readWeirAnnotations, withWeirAnnotations } from '../resource/weir-annotations.ts';
import { writtenAt } from '../resource/written-at.ts';
import { checkValue } from '../schema/check-value.ts';
import { invalidField, unsupportedField } from '../schema/problems.ts';
import { type ApplicationSpec, specSchema } from './application-schema.ts';
import { buildEnvironment } from './build-environment.ts';
import { lowerDestination } from './lower-destination.ts';
import { lowerIgnore } from './lower-ignore.ts';
import { lowerOperation } from './lower-operation.ts';
import { lowerPolicy, reconcileIntervalMs, unsupportedSpecFields } from './lower-policy.ts';
import { lowerRecipe } from './lower-recipe.ts';
import { lowerRevision } from './lower-revision.ts';
import {
  defaultControllerNamespace,
  deletionApprovedAnnotation,
  dialectName,
  fieldManager,
  refreshAnnotation,
  skipReconcileAnnotation,
  trackingAnnotation,
} from './names.ts';
import { objectSwitches } from './object-switches.ts';
import type { ApplicationSource } from './source-schema.ts';
import { syncSequence } from './sync-sequence.ts';
import { unsupportedSourceFields } from './unsupported-source.ts';

const fetchTimeoutMs = 90_000;

/** Argo CD compares with what was applied last, so what `kubectl apply` put there goes with it; other edits stay. */
const takeOver: readonly TakeOverRule[] = [
  ...clientSideManagers,
  { manager: fieldManager, operation: 'Update' },
  { manager: 'kubectl', operation: 'Apply', isOnce: true },
  ...deliveryTools,
];

export function readApplication(object: KubeObject): Reading {
  const owner = ownerOf(object);
  const id = declaredId(dialectName, owner);
  const checked = checkValue(specSchema, object.spec ?? {}, 'spec');
  const invalid = (problems: readonly Problem[]): Reading => ({
    kind: 'invalid',
    id,
    role: 'delivery',
    owner,
    problems,
  });
  if (checked.problems.length > 0) return invalid(checked.problems);
  const spec = checked.value;
  const picked = pickSource(spec);
  if (picked.source === undefined) return invalid([picked.problem]);
  const lowered = lowerParts({ object, spec, name: owner.name, ...picked });
  const annotations = readWeirAnnotations(object);
  const problems = [...lowered.problems, ...annotations.problems];
  if (problems.length > 0) return invalid(problems);
  const source = declareSource(object, picked.source);
  const namespace = spec.destination.namespace ?? '';
  const delivery: Delivery = {
    id,
    dialect: dialectName,
    owner,
    source: source.id,
    recipe: lowered.recipe,
    cluster: lowered.cluster,
    namespace,
    mark: { kind: 'tracking-id', annotation: trackingAnnotation, app: trackedName(object), namespace },
    fieldManager,
    takeOver,
    foreignMarks: knownMarks,
    policy: lowered.policy,
    ...(lowered.order === undefined ? {} : { order: lowered.order }),
    deletion: lowered.deletion,
    ...lowered.ignoring,
    switches: objectSwitches,
    sequence: syncSequence,
    dependsOn: [],
    suspended: textAt(object, 'metadata', 'annotations', skipReconcileAnnotation) === 'true',
    ...deletionOf(object),
    ...optional('requestToken', refreshToken(object)),
    ...optional('approvedDeletions', approvedDeletionsOf(object)),
    ...optional('confirmedAt', textAt(object, 'metadata', 'annotations', deletionApprovedAnnotation)),
    ...(isTerminating(object) ? { terminate: true } : {}),
  };
  return { kind: 'delivery', delivery: withWeirAnnotations(delivery, annotations), source };
}

/** Every part of the delivery that can be wrong, with all that is wrong. */
function lowerParts(input: {
  readonly object: KubeObject;
  readonly spec: ApplicationSpec;
  readonly name: string;
  readonly source: ApplicationSource;
  readonly field: string;
}) {
  const { object, spec, source, field, name } = input;
  const namespace = spec.destination.namespace ?? '';
  const environment = buildEnvironment({ name, namespace, project: spec.project, source });
  const destination = lowerDestination(spec.destination);
  const operation = lowerOperation(object, source);
  const policy = lowerPolicy(object, spec, operation.lowered);
  const ignore = lowerIgnore(spec.ignoreDifferences ?? []);
  const recipe = lowerRecipe({ source, field, appName: name, namespace, environment });
  const url = urlProblem(source.repoURL, `${field}.repoURL`);
  const problems: readonly Problem[] = [
    ...(url === undefined ? [] : [url]),
    ...destination.problems,
    ...recipe.problems,
    ...policy.problems,
    ...ignore.problems,
    ...operation.problems,
    ...unsupportedSpecFields(spec),
    ...unsupportedSourceFields(source, field),
    ...environment.problems,
  ];
  return {
    problems,
    recipe: recipe.recipe,
    cluster: destination.cluster,
    policy: policy.policy,
    deletion: policy.deletion,
    ignoring:
      ignore.rules.length === 0 ? {} : { ignore: ignore.rules, respectIgnored: policy.respectIgnored },
    order: operation.lowered?.order,
  };
}

/** Argo CD's own commands ask for the end of an operation by this phase. */
function isTerminating(object: KubeObject): boolean {
  return textAt(object, 'status', 'operationState', 'phase') === 'Terminating';
}

function optional<Key extends string>(key: Key, value: string | undefined): { [K in Key]?: string } {
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: string };
}

/** `sources` wins over `source`, as in Argo CD; more than one is not supported yet. */
export function pickSource(
  spec: Pick<ApplicationSpec, 'source' | 'sources'>,
):
  | { readonly source: ApplicationSource; readonly field: string }
  | { readonly source?: undefined; readonly problem: Problem } {
  const [first, ...more] = spec.sources ?? [];
  if (more.length > 0) {
    return { problem: unsupportedField('spec.sources', 'more than one source is not supported yet') };
  }
  if (first !== undefined) return { source: first, field: 'spec.sources[0]' };
  if (spec.source === undefined || isZero(spec.source)) {
    return { problem: invalidField('spec.source', 'is required') };
  }
  return { source: spec.source, field: 'spec.source' };
}

/** Applications outside Argo CD's own namespace carry theirs in their tracking id. */
export function trackedName(object: KubeObject): string {
  const { namespace, name } = ownerOf(object);
  return namespace === controllerNamespace(object) ? name : `${namespace}_${name}`;
}

export function controllerNamespace(object: KubeObject): string {
  return textAt(object, 'status', 'controllerNamespace') ?? defaultControllerNamespace;
}

/** The annotation goes when it was carried out; a second equal request differs in when it was written. */
export function refreshToken(object: KubeObject): string | undefined {
  const wanted = textAt(object, 'metadata', 'annotations', refreshAnnotation);
  if (wanted === undefined) return undefined;
  return `${wanted}@${writtenAt(object, 'metadata', 'annotations', refreshAnnotation)}`;
}

function declareSource(object: KubeObject, source: ApplicationSource): SourceDeclaration {
  const revision = source.targetRevision?.trim() || 'HEAD';
  return {
    id: `git:${source.repoURL}@${revision}`,
    url: source.repoURL,
    ref: lowerRevision(revision),
    credentials: { kind: 'match-url', namespace: controllerNamespace(object) },
    intervalMs: reconcileIntervalMs,
    timeoutMs: fetchTimeoutMs,
    suspended: false,
    ...optional('requestToken', refreshToken(object)),
  };
}
