// Turns an Application's source into a recipe: which path, rendered by what, with which options.
// It never decides between Helm, Kustomize and a directory where the source leaves it to the files.

import type { DirectoryRecipe, HelmRecipe, KustomizeRecipe, Problem, Recipe } from '@weir/core';
import { isZero } from '../resource/read-field.ts';
import { cleanPath } from '../resource/repository-path.ts';
import { invalidField } from '../schema/problems.ts';
import { type BuildEnvironment, substitute, substituteValues } from './build-environment.ts';
import type { ApplicationSource, DirectorySource, HelmSource, KustomizeSource } from './source-schema.ts';

export interface RecipeInput {
  readonly source: ApplicationSource;
  /** Where the source stands in the Application, as `spec.source`. */
  readonly field: string;
  readonly appName: string;
  readonly namespace: string;
  readonly environment: BuildEnvironment;
}

export function lowerRecipe(input: RecipeInput): {
  readonly recipe: Recipe;
  readonly problems: readonly Problem[];
} {
  const { source, field } = input;
  const problems: Problem[] = [];
  const path = cleanPath(source.path ?? '');
  if (source.path === undefined || source.path === '') {
    problems.push(invalidField(`${field}.path`, 'is required'));
  } else if (path === undefined || source.path.startsWith('/')) {
    problems.push(invalidField(`${field}.path`, 'expected a directory inside the repository'));
  }
  // Argo CD drops options that are all zero before it looks which tool was asked for.
  const asked = (['helm', 'kustomize', 'directory'] as const).filter((tool) => !isZero(source[tool]));
  if (asked.length > 1) {
    problems.push(
      invalidField(
        field,
        `expected options of one tool, got multiple application sources: ${asked.join(', ')}`,
      ),
    );
  }
  const recipe: Recipe = {
    path: path ?? '.',
    type: asked[0] ?? 'auto',
    // The release needs its name and namespace also where only the files show that it is a chart.
    helm: lowerHelm(source.helm ?? {}, input),
    ...(source.kustomize === undefined ? {} : { kustomize: lowerKustomize(source.kustomize, input) }),
    ...(source.directory === undefined ? {} : { directory: lowerDirectory(source.directory) }),
  };
  return { recipe, problems };
}

function lowerDirectory(directory: DirectorySource): DirectoryRecipe {
  return {
    ...(directory.recurse === undefined ? {} : { recurse: directory.recurse }),
    ...(directory.include === undefined ? {} : { include: directory.include }),
    ...(directory.exclude === undefined ? {} : { exclude: directory.exclude }),
  };
}

function lowerHelm(helm: HelmSource, input: RecipeInput): HelmRecipe {
  const { environment } = input;
  const at = `${input.field}.helm`;
  const parameters = helm.parameters?.map((parameter, index) => ({
    name: parameter.name ?? '',
    value: substitute(environment, parameter.value ?? '', `${at}.parameters[${index}].value`),
    ...(parameter.forceString === undefined ? {} : { forceString: parameter.forceString }),
  }));
  const fileParameters = helm.fileParameters?.map((parameter, index) => ({
    name: parameter.name ?? '',
    path: substitute(environment, parameter.path ?? '', `${at}.fileParameters[${index}].path`),
  }));
  const valueFiles = helm.valueFiles?.map((file, index) =>
    substitute(environment, file, `${at}.valueFiles[${index}]`),
  );
  // The two ways to write values exclude each other: valuesObject wins.
  const { valuesObject, values } = helm;
  return {
    releaseName: helm.releaseName || input.appName,
    namespace: helm.namespace || input.namespace,
    ...(valueFiles === undefined ? {} : { valueFiles }),
    ...(valuesObject === undefined ? {} : { valuesObject }),
    ...(valuesObject !== undefined || values === undefined ? {} : { values }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(fileParameters === undefined ? {} : { fileParameters }),
    ...copied(helm, ['ignoreMissingValueFiles', 'skipCrds', 'skipTests', 'skipSchemaValidation']),
    ...copied(helm, ['kubeVersion', 'apiVersions']),
  };
}

function lowerKustomize(kustomize: KustomizeSource, input: RecipeInput): KustomizeRecipe {
  const { environment } = input;
  const at = `${input.field}.kustomize`;
  const { images, replicas, commonLabels, commonAnnotations } = kustomize;
  replicas?.forEach(({ count }, index) => {
    if (!/^\d+$/.test(String(count))) {
      environment.problems.push(invalidField(`${at}.replicas[${index}].count`, 'expected a whole number'));
    }
  });
  const annotations =
    commonAnnotations === undefined || kustomize.commonAnnotationsEnvsubst !== true
      ? commonAnnotations
      : substituteValues(environment, commonAnnotations, `${at}.commonAnnotations`);
  return {
    mode: 'kustomize',
    ...copied(kustomize, ['namePrefix', 'nameSuffix', 'namespace', 'patches', 'components']),
    ...(images === undefined
      ? {}
      : { images: images.map((image, index) => substitute(environment, image, `${at}.images[${index}]`)) }),
    ...(replicas === undefined
      ? {}
      : { replicas: replicas.map(({ name, count }) => ({ name, count: Number(count) })) }),
    ...(commonLabels === undefined
      ? {}
      : { commonLabels: substituteValues(environment, commonLabels, `${at}.commonLabels`) }),
    ...(annotations === undefined ? {} : { commonAnnotations: annotations }),
  };
}

/** The named fields that are set, as they are. */
function copied<T extends object, Key extends keyof T>(
  from: T,
  keys: readonly Key[],
): { [K in Key]?: NonNullable<T[K]> } {
  const result: { [K in Key]?: NonNullable<T[K]> } = {};
  for (const key of keys) {
    const value = from[key];
    if (value !== undefined && value !== null) result[key] = value;
  }
  return result;
}
