// The public face of the test kit.

export * from './cluster.ts';
export * from './cluster-audit.ts';
export * from './fault-proxy/draw-faults.ts';
export type { FaultRule } from './fault-proxy/fault.ts';
export * from './fault-proxy/fault-proxy.ts';
export * from './fault-proxy/seeded-random.ts';
export * from './git-repo.ts';
export * from './git-server.ts';
export * from './local-kubeconfig.ts';
