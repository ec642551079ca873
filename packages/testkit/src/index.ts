// The public face of the test kit.

export * from './git-repo.ts';
export * from './git-server.ts';
