// The public face of the test kit.

export * from './cluster.ts';
export * from './cluster-audit.ts';
export * from './git-repo.ts';
export * from './git-server.ts';
