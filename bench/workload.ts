// The workloads: plain YAML, one object a file, of mixed small kinds, each with its revision in an annotation; and the
// deliveries that ask for them, in the words of either dialect.

import type { KubeObject } from '@weir/core';
import type { Rig } from './rig.ts';

export type DialectName = 'flux' | 'argocd';

/** How many deliveries of how many objects each, and of which kinds. */
export interface Shape {
  readonly name: string;
  readonly deliveries: number;
  readonly objects: number;
  readonly kinds: 'mixed' | 'ConfigMap';
}

export interface Workload extends Shape {
  readonly namespace: string;
}

/** Resources of the kinds that a workload has. */
export const plurals = ['configmaps', 'services', 'serviceaccounts'];

const payload = 'x'.repeat(700);
const mixedKinds = [
  'ConfigMap',
  'ConfigMap',
  'ConfigMap',
  'ConfigMap',
  'Service',
  'ConfigMap',
  'ConfigMap',
  'ConfigMap',
  'ServiceAccount',
  'ConfigMap',
];

export const appName = (index: number): string => `app-${String(index).padStart(4, '0')}`;
export const pathOf = (app: number, object: number): string =>
  `apps/${appName(app)}/object-${String(object).padStart(4, '0')}.yaml`;

/** One object; `revision` is what a one-line change alters. */
export function objectOf(
  { namespace, kinds }: Pick<Workload, 'namespace' | 'kinds'>,
  of: { app: number; object: number; revision: string },
): KubeObject {
  const mixed = mixedKinds[of.object % mixedKinds.length] ?? 'ConfigMap';
  const kind = kinds === 'mixed' ? mixed : kinds;
  const metadata = {
    name: `${appName(of.app)}-${String(of.object).padStart(4, '0')}`,
    namespace,
    labels: { app: appName(of.app) },
    annotations: { 'bench/revision': of.revision },
  };
  if (kind === 'Service')
    return {
      apiVersion: 'v1',
      kind,
      metadata,
      spec: { selector: { app: appName(of.app) }, ports: [{ port: 80, protocol: 'TCP' }] },
    };
  return kind === 'ServiceAccount'
    ? { apiVersion: 'v1', kind, metadata }
    : { apiVersion: 'v1', kind, metadata, data: { payload } };
}

/** Written by hand, so that a change of the revision is a change of one line. */
export function yamlOf(object: KubeObject): string {
  const { annotations, labels, name, namespace } = object.metadata;
  const head = `apiVersion: v1\nkind: ${object.kind}\nmetadata:\n  name: ${name}\n  namespace: ${namespace}\n  labels:\n    app: ${labels?.app}\n  annotations:\n    bench/revision: "${annotations?.['bench/revision']}"\n`;
  if (object.kind === 'Service')
    return `${head}spec:\n  selector:\n    app: ${labels?.app}\n  ports:\n    - port: 80\n      protocol: TCP\n`;
  return object.kind === 'ConfigMap' ? `${head}data:\n  payload: ${payload}\n` : head;
}

export function objectsOf(workload: Workload, revision: string): KubeObject[] {
  return placesIn(workload).map((place) => objectOf(workload, { ...place, revision }));
}

export function filesOf(workload: Workload, revision: string): Record<string, string> {
  const files: Record<string, string> = {};
  for (const { app, object } of placesIn(workload))
    files[pathOf(app, object)] = yamlOf(objectOf(workload, { app, object, revision }));
  return files;
}

function placesIn({ deliveries, objects }: Shape): { app: number; object: number }[] {
  return Array.from({ length: deliveries * objects }, (_, index) => ({
    app: Math.floor(index / objects),
    object: index % objects,
  }));
}

export async function declare(rig: Rig, workload: Workload, dialect: DialectName): Promise<void> {
  const namespace = dialect === 'flux' ? 'flux-system' : 'argocd';
  await rig.writer.apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    { fieldManager: 'bench' },
  );
  const objects = Array.from({ length: workload.deliveries }, (_, app) =>
    dialect === 'flux'
      ? kustomizationOf(app)
      : applicationOf(app, { repoUrl: rig.repoUrl, namespace: workload.namespace }),
  );
  if (dialect === 'flux') objects.push(gitRepositoryOf(rig.repoUrl));
  for (const object of objects) await rig.writer.apply(object, { fieldManager: 'bench' });
}

function gitRepositoryOf(url: string): KubeObject {
  return {
    apiVersion: 'source.toolkit.fluxcd.io/v1',
    kind: 'GitRepository',
    metadata: { name: 'bench', namespace: 'flux-system' },
    spec: { url, interval: '10m', ref: { branch: 'main' } },
  };
}

function kustomizationOf(app: number): KubeObject {
  return {
    apiVersion: 'kustomize.toolkit.fluxcd.io/v1',
    kind: 'Kustomization',
    metadata: { name: appName(app), namespace: 'flux-system' },
    spec: {
      interval: '10m',
      path: `./apps/${appName(app)}`,
      prune: true,
      sourceRef: { kind: 'GitRepository', name: 'bench' },
    },
  };
}

function applicationOf(app: number, of: { repoUrl: string; namespace: string }): KubeObject {
  return {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: appName(app), namespace: 'argocd' },
    spec: {
      project: 'default',
      source: { repoURL: of.repoUrl, path: `apps/${appName(app)}`, targetRevision: 'main' },
      destination: { server: 'https://kubernetes.default.svc', namespace: of.namespace },
      syncPolicy: { automated: { prune: true, selfHeal: true } },
    },
  };
}
