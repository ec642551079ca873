// The public face of core.
export * from './canonical.ts';
export * from './claims.ts';
export * from './delivery.ts';
export * from './desired.ts';
export * from './dialect.ts';
export * from './drift.ts';
export * from './errors.ts';
export * from './health/health.ts';
export * from './inventory.ts';
export * from './judge.ts';
export * from './live.ts';
export * from './object.ts';
export * from './object-switch.ts';
export * from './order.ts';
export * from './plan.ts';
export * from './problem.ts';
export * from './verdict.ts';
