// The custom resources with which everything begins, as a user of each tool would create them by hand. Pure.

import type { KubeObject } from '@weir/core';
import { argoNamespace, fluxNamespace, startedBy } from './registration.ts';

export const argoExample = 'argocd-fleet';
export const fluxExample = 'flux-fleet';
export const exampleNames = [argoExample, fluxExample] as const;
export type ExampleName = (typeof exampleNames)[number];

/** One root Application per cluster (app of apps); it puts the real address into the Applications below it. */
export function argoEntry(input: { cluster: string; repoUrl: string }): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: {
      name: `fleet-${input.cluster}`,
      namespace: argoNamespace,
      labels: { ...startedBy },
      finalizers: ['resources-finalizer.argocd.argoproj.io'],
    },
    spec: {
      project: 'default',
      destination: { server: 'https://kubernetes.default.svc', namespace: argoNamespace },
      source: {
        repoURL: input.repoUrl,
        targetRevision: 'main',
        path: `applications/${input.cluster}`,
        kustomize: {
          patches: [
            {
              target: { group: 'argoproj.io', kind: 'Application' },
              patch: `- op: replace\n  path: /spec/source/repoURL\n  value: ${input.repoUrl}\n`,
            },
          ],
        },
      },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  };
}

export function fluxSource(repoUrl: string): KubeObject {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: fluxExample, namespace: fluxNamespace, labels: { ...startedBy } },
    spec: { interval: '1m', url: repoUrl, ref: { branch: 'main' } },
  };
}

/** One Kustomization per cluster; it creates the cluster's own Kustomizations, all on the hub. */
export function fluxEntry(cluster: string): KubeObject {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: `cluster-${cluster}`, namespace: fluxNamespace, labels: { ...startedBy } },
    spec: {
      interval: '10m',
      retryInterval: '30s',
      path: `./clusters/${cluster}`,
      prune: true,
      sourceRef: { kind: 'GitRepository', name: fluxExample },
    },
  };
}
