// The public face of engine.
export { type Controller, type ControllerOptions, type PushNotice, startController } from './controller.ts';
export { type DeliveryDiff, type DiffOptions, diffDeliveries, type ObjectChange } from './diff.ts';
export {
  type Cluster,
  type ObjectSet,
  type OpenOptions,
  openCluster,
  type SetOptions,
  type SetPlan,
  type SetVerdict,
} from './embed.ts';
export { type Installed, installHub, ownLabel } from './install.ts';
export { listReplicas, type ReplicaRow } from './list-replicas.ts';
export type { Log, LogLine } from './log.ts';
