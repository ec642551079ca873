// The custom resources and objects that the tests declare, as users of each tool write them.

import type { Manifest, Ref } from './cluster.ts';

export type ClusterName = 'hub' | 'east' | 'west';

export const argoNamespace = 'argocd';
export const fluxNamespace = 'flux-system';
export const resourcesFinalizer = 'resources-finalizer.argocd.argoproj.io';

export interface ApplicationOptions {
  readonly name: string;
  readonly repo: string;
  readonly path: string;
  readonly namespace: string;
  /** A registered name, or `hub`. */
  readonly cluster?: string;
  readonly automated?: boolean;
  readonly finalizer?: boolean;
  readonly source?: Readonly<Record<string, unknown>>;
  readonly syncPolicy?: Readonly<Record<string, unknown>>;
}

export function application(options: ApplicationOptions): Manifest {
  const { name, repo, path, namespace, cluster = 'east', automated = true, finalizer = true } = options;
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name, namespace: argoNamespace, ...(finalizer ? { finalizers: [resourcesFinalizer] } : {}) },
    spec: {
      project: 'default',
      destination:
        cluster === 'hub'
          ? { server: 'https://kubernetes.default.svc', namespace }
          : { name: cluster, namespace },
      source: { repoURL: repo, targetRevision: 'main', path, ...options.source },
      syncPolicy: {
        ...(automated ? { automated: { prune: true, selfHeal: true } } : {}),
        syncOptions: ['CreateNamespace=true'],
        ...options.syncPolicy,
      },
    },
  };
}

export interface KustomizationOptions {
  readonly name: string;
  readonly source: string;
  readonly path: string;
  readonly cluster?: ClusterName;
  readonly spec?: Readonly<Record<string, unknown>>;
}

export function kustomization(options: KustomizationOptions): Manifest {
  const { name, source, path, cluster = 'east' } = options;
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name, namespace: fluxNamespace },
    spec: {
      interval: '10m',
      retryInterval: '5s',
      timeout: '1m',
      prune: true,
      path,
      sourceRef: { kind: 'GitRepository', name: source },
      ...(cluster === 'hub' ? {} : { kubeConfig: { secretRef: { name: `${cluster}-kubeconfig` } } }),
      ...options.spec,
    },
  };
}

export function gitRepository(options: {
  readonly name: string;
  readonly url: string;
  readonly spec?: Readonly<Record<string, unknown>>;
}): Manifest {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: options.name, namespace: fluxNamespace },
    spec: { interval: '10m', url: options.url, ref: { branch: 'main' }, ...options.spec },
  };
}

export const applicationRef = (name: string): Ref => ({
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  namespace: argoNamespace,
  name,
});

export const kustomizationRef = (name: string): Ref => ({
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  namespace: fluxNamespace,
  name,
});

export const gitRepositoryRef = (name: string): Ref => ({
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'GitRepository',
  namespace: fluxNamespace,
  name,
});

export const configMapRef = (namespace: string, name: string): Ref => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  namespace,
  name,
});

export function namespaceYaml(name: string): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n`;
}

/** `namespace` may be left out where the delivery sets it. */
export function configMapYaml(name: string, value: string, namespace?: string): string {
  const place = namespace === undefined ? '' : `  namespace: ${namespace}\n`;
  return `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${place}data:\n  value: ${JSON.stringify(value)}\n`;
}

export function deploymentYaml(name: string, namespace: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata:
  name: ${name}
  namespace: ${namespace}
  labels:
    tier: front
spec:
  replicas: 2
  selector:
    matchLabels: { app: ${name} }
  template:
    metadata:
      labels: { app: ${name} }
    spec:
      containers:
        - name: main
          image: images.example.invalid/${name}:1.0.0
`;
}
