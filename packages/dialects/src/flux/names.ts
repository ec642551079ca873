// The names by which Flux's users know things: groups, annotations, labels, managers.
// It never holds a rule.

export const dialectName = 'flux';
export const sourceGroup = 'source.toolkit.fluxcd.io';
export const kustomizeGroup = 'kustomize.toolkit.fluxcd.io';
export const fieldManager = 'kustomize-controller';
export const finalizer = 'finalizers.fluxcd.io';
export const requestedAtAnnotation = 'reconcile.fluxcd.io/requestedAt';
export const nameLabel = `${kustomizeGroup}/name`;
export const namespaceLabel = `${kustomizeGroup}/namespace`;
