// The labels and annotations by which delivery tools say on an object that it is theirs. Names only, no dialect's rules.

export const knownMarks: readonly string[] = [
  'argocd.argoproj.io/tracking-id',
  'kustomize.toolkit.fluxcd.io/name',
  'helm.toolkit.fluxcd.io/name',
];
