// The public face of upstream.
export * from './evaluation-messages.ts';
export * from './evaluators.ts';
export { listingDigest } from './listing-digest.ts';
export * from './messages.ts';
export * from './render-pool.ts';
