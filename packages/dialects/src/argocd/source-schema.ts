// The fields of an Application's source, as Argo CD 3.5 defines them.
// It never says which of them weir carries out: unsupported-source.ts does.

import {
  boolean,
  freeForm,
  integer,
  list,
  map,
  object,
  optionalObject,
  requiredFreeForm,
  requiredIntegerOrString,
  requiredString,
  type Static,
  string,
} from '../schema/field.ts';

const jsonnetVariable = object({ name: requiredString(), value: requiredString(), code: boolean() });

const helmSchema = object({
  releaseName: string('Name of the release; default: the name of the Application'),
  valueFiles: list(requiredString()),
  ignoreMissingValueFiles: boolean(),
  values: string('Values as one YAML text'),
  valuesObject: freeForm(),
  parameters: list(object({ name: string(), value: string(), forceString: boolean() })),
  fileParameters: list(object({ name: string(), path: string() })),
  version: string('Ignored since 3.5'),
  passCredentials: boolean(),
  skipCrds: boolean(),
  skipTests: boolean(),
  skipSchemaValidation: boolean(),
  namespace: string(),
  kubeVersion: string(),
  apiVersions: list(requiredString()),
});

const kustomizeSchema = object({
  namePrefix: string(),
  nameSuffix: string(),
  images: list(requiredString('[old=]name[:tag][@digest]')),
  replicas: list(object({ name: requiredString(), count: requiredIntegerOrString() })),
  commonLabels: map(),
  commonAnnotations: map(),
  commonAnnotationsEnvsubst: boolean(),
  labelWithoutSelector: boolean(),
  labelIncludeTemplates: boolean(),
  forceCommonLabels: boolean(),
  forceCommonAnnotations: boolean(),
  namespace: string(),
  patches: list(requiredFreeForm()),
  components: list(requiredString()),
  ignoreMissingComponents: boolean(),
  version: string(),
  kubeVersion: string(),
  apiVersions: list(requiredString()),
});

const directorySchema = object({
  recurse: boolean(),
  include: string('Glob of the files to read'),
  exclude: string('Glob of the files to leave out'),
  disableExtensionFilter: boolean(),
  jsonnet: optionalObject({
    extVars: list(jsonnetVariable),
    tlas: list(jsonnetVariable),
    libs: list(requiredString()),
  }),
});

export const sourceSchema = object({
  repoURL: requiredString('URL of the repository'),
  path: string('Directory in the repository'),
  targetRevision: string('Branch, tag, commit or semver range; default: HEAD'),
  tagPrefix: string(),
  chart: string(),
  ref: string(),
  name: string(),
  helm: optionalObject(helmSchema.properties),
  kustomize: optionalObject(kustomizeSchema.properties),
  directory: optionalObject(directorySchema.properties),
  plugin: freeForm(),
});

export type ApplicationSource = Static<typeof sourceSchema>;
export type HelmSource = Static<typeof helmSchema>;
export type KustomizeSource = Static<typeof kustomizeSchema>;
export type DirectorySource = Static<typeof directorySchema>;

export const retrySchema = {
  limit: integer('Attempts after the first; negative: without end'),
  refresh: boolean(),
  backoff: optionalObject({
    duration: string('Go duration, or seconds'),
    factor: integer(),
    maxDuration: string('Go duration, or seconds'),
  }),
};
