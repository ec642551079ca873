// The public face of kube.
export { accessOfKubeconfig, accessOfRecord, type ClusterAccess, loadAccess } from './access.ts';
export { actingAs, isAccountMissing } from './acting-as.ts';
export { ApiError, isConflict, isImmutable, isNotFound } from './api-error.ts';
export { holdsOf } from './apply/explain-namespace.ts';
export {
  type ApplyOptions,
  createWriter,
  type EventInput,
  type Propagation,
  type WriteGuard,
  type Writer,
} from './apply/writer.ts';
export { type CacheListener, type ClusterCache, createClusterCache, digestText } from './cache.ts';
export { connect, type KubeClient } from './client.ts';
export { type Discovery, pathOf, type Resource, type ResourceRef } from './discovery.ts';
export type { ListOptions } from './list.ts';
export { pause } from './transport.ts';
export type { WatchEvent, WatchOptions } from './watch.ts';
