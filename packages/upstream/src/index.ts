// The public face of upstream.
export { listingDigest } from './listing-digest.ts';
export * from './messages.ts';
export * from './render-pool.ts';
