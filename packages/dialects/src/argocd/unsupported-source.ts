// The table of source fields that weir knows but cannot carry out, and of those that change nothing.
// A field that stands in neither half is read by lower-recipe.ts.

import type { Problem } from '@weir/core';
import { fieldAt, isZero } from '../resource/read-field.ts';
import { unsupportedField } from '../schema/problems.ts';
import type { ApplicationSource } from './source-schema.ts';

/** Any value but Go's zero value would change what is deployed. */
const unsupported: readonly (readonly string[])[] = [
  ['chart'],
  ['tagPrefix'],
  ['plugin'],
  ['directory', 'jsonnet'],
  ['directory', 'disableExtensionFilter'],
  ['kustomize', 'labelWithoutSelector'],
  ['kustomize', 'labelIncludeTemplates'],
  ['kustomize', 'forceCommonLabels'],
  ['kustomize', 'forceCommonAnnotations'],
  ['kustomize', 'ignoreMissingComponents'],
  ['kustomize', 'version'],
];

/** Accepted: with one Git source these change nothing of what is deployed. */
export const acceptedSourceFields: Readonly<Record<string, string>> = {
  ref: 'only other sources refer to it',
  name: 'a label for people',
  'helm.version': 'ignored by Argo CD since 3.5: always Helm 4',
  'helm.passCredentials': 'credentials of chart repositories; charts come from Git here',
  'kustomize.kubeVersion': 'only read with --enable-helm, which is off by default',
  'kustomize.apiVersions': 'only read with --enable-helm, which is off by default',
};

export function unsupportedSourceFields(source: ApplicationSource, path: string): readonly Problem[] {
  const problems = unsupported
    .filter((field) => !isZero(fieldAt(source, ...field)))
    .map((field) => unsupportedField([path, ...field].join('.')));
  // Even an empty plugin asks for discovery by plugins.
  if (source.plugin !== undefined && isZero(source.plugin)) problems.push(unsupportedField(`${path}.plugin`));
  source.helm?.valueFiles?.forEach((file, index) => {
    if (file.startsWith('$') && !file.startsWith('$ARGOCD_') && !file.startsWith('${')) {
      problems.push(
        unsupportedField(
          `${path}.helm.valueFiles[${index}]`,
          'value files of another source are not supported yet',
        ),
      );
    } else if (/^[a-z]+:\/\//.test(file)) {
      problems.push(
        unsupportedField(
          `${path}.helm.valueFiles[${index}]`,
          'value files by URL are not supported; put the file into the repository',
        ),
      );
    }
  });
  return problems;
}
