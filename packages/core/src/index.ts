// The public face of core.

export * from './delivery.ts';
export * from './dialect.ts';
export * from './errors.ts';
export * from './object.ts';
export * from './problem.ts';
export * from './verdict.ts';
