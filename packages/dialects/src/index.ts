// The public face of the dialects.

export { type ActionCustomization, readActionCustomization } from './argocd/action-customizations.ts';
export { argocd } from './argocd/argocd.ts';
export { readClusterSecret } from './argocd/cluster-secret.ts';
export { matchRepository, readRepositorySecret } from './argocd/repository-secret.ts';
export { findHealthScript, type HealthScript, readHealthScripts } from './argocd/resource-customizations.ts';
export { type DefinitionFile, definitionFiles } from './definitions.ts';
export { readCredentialsSecret } from './flux/credentials-secret.ts';
export { flux } from './flux/flux.ts';
