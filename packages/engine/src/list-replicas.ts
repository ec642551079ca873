// Who shares the work of a hub: one row for each cluster and its holder, and one for each replica that holds none.
// It reads the Leases once; it judges nobody, since that takes time to look.

import { isRecord } from '@weir/core';
import type { KubeClient } from '@weir/kube';
import { leaseLabel, leaseNamespace, readClaim, readReplica } from './lease-objects.ts';

export interface ReplicaRow {
  /** '' where nobody holds the cluster. */
  readonly replica: string;
  /** '' where the replica holds none. */
  readonly cluster: string;
  /** Uid of the cluster's kube-system namespace; '' where the replica holds none. */
  readonly key: string;
  /** Counts the holders that the cluster has had; 0 where the replica holds none. */
  readonly epoch: number;
  /** When the claim changed hands, by the clock of whoever wrote it; ISO 8601, or ''. */
  readonly since: string;
  /** When the replica renewed its Lease, by its own clock; ISO 8601, or '' without a replica that lives. */
  readonly renewed: string;
}

export async function listReplicas(client: KubeClient, signal?: AbortSignal): Promise<ReplicaRow[]> {
  const leases = await client.list(
    { group: 'coordination.k8s.io', version: 'v1', plural: 'leases' },
    { namespace: leaseNamespace, labelSelector: leaseLabel, ...(signal === undefined ? {} : { signal }) },
  );
  const replicas = leases.flatMap((lease) => {
    const replica = readReplica(lease);
    const renewed = isRecord(lease.spec) ? String(lease.spec.renewTime ?? '') : '';
    return replica === undefined ? [] : [{ ...replica, renewed }];
  });
  const claims = leases.flatMap((lease) => readClaim(lease) ?? []);
  const held = claims.map((claim): ReplicaRow => {
    const holder = replicas.find(({ life }) => life === claim.holder?.life);
    return {
      replica: holder?.name ?? '',
      cluster: claim.clusterName,
      key: claim.key,
      epoch: claim.epoch,
      since: claim.since ?? '',
      renewed: holder?.renewed ?? '',
    };
  });
  const idle = replicas
    .filter(({ life }) => claims.every(({ holder }) => holder?.life !== life))
    .map(({ name, renewed }) => ({ replica: name, cluster: '', key: '', epoch: 0, since: '', renewed }));
  const order = ({ replica, cluster }: ReplicaRow): string => `${replica}\0${cluster}`;
  return [...held, ...idle].sort((a, b) => (order(a) < order(b) ? -1 : 1));
}
