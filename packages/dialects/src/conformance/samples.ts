// Sample resources and verdicts that every dialect is checked with.
// It never checks anything itself.

import type { DeliveryVerdict, KubeObject, Run, SourceVerdict } from '@weir/core';

export const now = '2026-01-02T03:04:05Z';
export const commit = '0123456789abcdef0123456789abcdef01234567';
const revision = { commit, name: 'main' };

export const application: KubeObject = {
  apiVersion: 'argoproj.io/v1alpha1',
  kind: 'Application',
  metadata: { name: 'web', namespace: 'argocd', uid: 'u-1', generation: 1 },
  spec: {
    project: 'default',
    source: { repoURL: 'https://git.example.com/fleet.git', path: 'web', targetRevision: 'main' },
    destination: { server: 'https://kubernetes.default.svc', namespace: 'shop' },
    syncPolicy: { automated: { prune: true } },
  },
};

export const kustomization: KubeObject = {
  apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
  kind: 'Kustomization',
  metadata: { name: 'web', namespace: 'shop', uid: 'u-2', generation: 1 },
  spec: {
    interval: '10m',
    path: './web',
    prune: true,
    sourceRef: { kind: 'GitRepository', name: 'fleet' },
  },
};

export const gitRepository: KubeObject = {
  apiVersion: 'source.toolkit.fluxcd.io/v1',
  kind: 'GitRepository',
  metadata: { name: 'fleet', namespace: 'shop', uid: 'u-3', generation: 1 },
  spec: { interval: '10m', url: 'https://git.example.com/fleet.git', ref: { branch: 'main' } },
};

export const configMap = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'settings' };
export const deployment = {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  namespace: 'shop',
  name: 'web',
};

export const succeededRun: Run = {
  phase: 'succeeded',
  revision,
  startedAt: '2026-01-02T03:04:00Z',
  finishedAt: '2026-01-02T03:04:02Z',
  message: '',
  trigger: 'automatic',
  retries: 0,
  dryRun: false,
  results: [
    { ref: configMap, sync: 'Synced', requiresPruning: false, outcome: 'created' },
    { ref: deployment, sync: 'Synced', requiresPruning: false, outcome: 'configured' },
  ],
};

export function deliveryVerdict(over: Partial<DeliveryVerdict> = {}): DeliveryVerdict {
  return {
    delivery: 'x:Y:a/b',
    stage: 'ready',
    sync: 'Synced',
    health: { status: 'Healthy' },
    revision,
    appliedRevision: revision,
    attemptedRevision: revision,
    resources: [
      { ref: configMap, sync: 'Synced', requiresPruning: false },
      { ref: deployment, sync: 'Synced', health: { status: 'Healthy' }, requiresPruning: false },
    ],
    run: succeededRun,
    problems: [],
    renderedAs: 'directory',
    renderDigest: 'ab'.repeat(32),
    images: ['example.com/web:1.0'],
    externalUrls: [],
    ...over,
  };
}

export function sourceVerdict(over: Partial<SourceVerdict> = {}): SourceVerdict {
  return {
    source: 'x:Y:a/b',
    stage: 'ready',
    resolved: revision,
    fetchedAt: '2026-01-02T03:03:59Z',
    digest: `sha256:${'cd'.repeat(32)}`,
    size: 1234,
    subject: 'initial',
    problems: [],
    ...over,
  };
}
