// The table of Kustomization fields that weir knows but cannot carry out.
// A field that does not stand here is read by read-kustomization.ts.

import type { Problem } from '@weir/core';
import { isZero } from '../resource/read-field.ts';
import { unsupportedField } from '../schema/problems.ts';
import type { KustomizationSpec } from './kustomization-schema.ts';

const unsupported: Readonly<Partial<Record<keyof KustomizationSpec, string>>> = {
  commonMetadata: 'common labels and annotations are not supported yet',
  decryption: 'decryption is not supported yet',
  ignoreMissingComponents: 'is not supported yet',
  buildMetadata: 'is not supported yet',
  postBuild: 'variable substitution is not supported yet',
};

export function unsupportedKustomizationFields(spec: KustomizationSpec): readonly Problem[] {
  const problems: Problem[] = Object.entries(unsupported)
    .filter(([field]) => !isZero(spec[field as keyof KustomizationSpec]))
    .map(([field, why]) => unsupportedField(`spec.${field}`, why));
  if (spec.sourceRef.kind !== 'GitRepository') {
    problems.push(
      unsupportedField(
        'spec.sourceRef.kind',
        `only GitRepository is supported yet, not ${spec.sourceRef.kind}`,
      ),
    );
  }
  if (spec.kubeConfig?.configMapRef !== undefined) {
    problems.push(unsupportedField('spec.kubeConfig.configMapRef'));
  }
  spec.dependsOn?.forEach((dependency, index) => {
    if (!isZero(dependency.readyExpr)) {
      problems.push(unsupportedField(`spec.dependsOn[${index}].readyExpr`));
    }
  });
  return problems;
}
