// What weir needs on its hub: its definitions and its namespace. A definition of somebody else's is never replaced.

import { isRecord, type KubeObject, type Problem, refOf } from '@weir/core';
import type { KubeClient, Writer } from '@weir/kube';
import { pause } from '@weir/kube';
import { leaseNamespace } from './lease-objects.ts';

/** Definitions with this label are weir's own and may be brought up to date. */
export const ownLabel = { key: 'app.kubernetes.io/managed-by', value: 'weir' } as const;

export interface Installed {
  readonly applied: readonly string[];
  /** Definitions of somebody else that were left alone. */
  readonly foreign: readonly string[];
  /** Foreign definitions that do not serve the version that weir reads. */
  readonly problems: readonly Problem[];
}

export async function installHub(options: {
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly crds: readonly KubeObject[];
  readonly signal?: AbortSignal;
}): Promise<Installed> {
  const { client, writer, crds } = options;
  const signal = options.signal ?? AbortSignal.timeout(60_000);
  // Where the replicas keep their Leases. With its labels and rights it may be there already.
  const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: leaseNamespace } };
  await writer.create(namespace, { fieldManager: 'weir', signal });
  const applied: string[] = [];
  const foreign: string[] = [];
  const problems: Problem[] = [];
  for (const crd of crds) {
    const { name } = crd.metadata;
    const live = await client.get(refOf(crd), signal);
    if (live !== undefined && live.metadata.labels?.[ownLabel.key] !== ownLabel.value) {
      foreign.push(name);
      const missing = versionsOf(crd).filter((version) => !versionsOf(live).includes(version));
      if (missing.length > 0)
        problems.push({
          code: 'CRD_CONFLICT',
          message: `CustomResourceDefinition ${name}: was installed by another tool and does not serve ${missing.join(', ')}`,
        });
      continue;
    }
    const own = {
      ...crd,
      metadata: { ...crd.metadata, labels: { ...crd.metadata.labels, [ownLabel.key]: ownLabel.value } },
    };
    await writer.apply(own, { fieldManager: 'weir', signal });
    applied.push(name);
  }
  await Promise.all(crds.map((crd) => established(client, crd, signal)));
  const own = crds.filter(({ metadata }) => applied.includes(metadata.name));
  await served(client, own, signal);
  return { applied, foreign, problems };
}

function versionsOf(crd: KubeObject): string[] {
  const spec = crd.spec;
  const versions = isRecord(spec) && Array.isArray(spec.versions) ? spec.versions : [];
  return versions
    .filter(isRecord)
    .flatMap(({ name, served }) => (served === true && typeof name === 'string' ? [name] : []));
}

/** Discovery follows an established definition a moment later; until then nobody can address the kind. */
async function served(client: KubeClient, crds: readonly KubeObject[], signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const discovery = await client.resources({ fresh: 'now' });
    const isServed = (crd: KubeObject): boolean =>
      versionsOf(crd).every((version) => discovery.find({ ...groupAndKind(crd), version }) !== undefined);
    if (crds.every(isServed)) return;
    await pause(50, signal);
  }
}

function groupAndKind(crd: KubeObject): { group: string; kind: string } {
  const spec = isRecord(crd.spec) ? crd.spec : {};
  const names = isRecord(spec.names) ? spec.names : {};
  return { group: String(spec.group ?? ''), kind: String(names.kind ?? '') };
}

async function established(client: KubeClient, crd: KubeObject, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    const status = (await client.get(refOf(crd), signal))?.status;
    const conditions = isRecord(status) && Array.isArray(status.conditions) ? status.conditions : [];
    if (
      conditions.some(
        (condition) => isRecord(condition) && condition.type === 'Established' && condition.status === 'True',
      )
    )
      return;
    await pause(50, signal);
  }
}
