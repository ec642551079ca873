// The GitRepository resource as Flux 2.9 defines it: spec and status.
// It never says which fields weir carries out: read-git-repository.ts does.

import {
  boolean,
  freeForm,
  list,
  object,
  optionalObject,
  requiredFreeForm,
  requiredPattern,
  requiredString,
  type Static,
  string,
  word,
} from '../schema/field.ts';
import {
  artifactFields,
  localReference,
  requiredDuration,
  sourceTimeout,
  statusFields,
} from './common-schema.ts';

export const gitRepositorySpecSchema = object({
  url: requiredPattern('^(http|https|ssh|file)://.*$', 'an http, https or file URL'),
  interval: requiredDuration(),
  timeout: sourceTimeout(),
  ref: optionalObject({
    branch: string(),
    tag: string(),
    semver: string(),
    name: string('A full ref name'),
    commit: string(),
  }),
  secretRef: localReference(),
  suspend: boolean(),
  provider: word(['generic', 'aws', 'azure', 'github']),
  serviceAccountName: string(),
  verify: freeForm(),
  proxySecretRef: localReference(),
  ignore: string(),
  recurseSubmodules: boolean(),
  include: list(requiredFreeForm()),
  sparseCheckout: list(requiredString()),
});
export type GitRepositorySpec = Static<typeof gitRepositorySpecSchema>;

export const gitRepositoryStatusSchema = object({
  ...statusFields,
  artifact: optionalObject(artifactFields),
});
