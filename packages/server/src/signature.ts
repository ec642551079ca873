// Decides whether a webhook was signed with the secret: HMAC sha256 over the raw body, compared in constant time.
// It never accepts the older sha1 header.

import { createHmac, timingSafeEqual } from 'node:crypto';

/** `header` is the value of `X-Hub-Signature-256`: `sha256=<64 hex digits>`. */
export function isSignedWith(secret: string, body: Buffer, header: unknown): boolean {
  const digits = typeof header === 'string' ? /^sha256=([0-9a-f]{64})$/i.exec(header)?.[1] : undefined;
  if (digits === undefined) return false;
  const expected = createHmac('sha256', secret).update(body).digest();
  return timingSafeEqual(expected, Buffer.from(digits, 'hex'));
}
