// Decides how a webhook delivery is answered: checked, understood, and handed on as a push notice.
// It never fetches anything, and never answers with more than how many sources it concerned.

import type { IncomingHttpHeaders } from 'node:http';
import { HttpError } from './http-error.ts';
import type { Log } from './log.ts';
import { type PushNotice, parsePush } from './push-notice.ts';
import { isSignedWith } from './signature.ts';

export interface WebhookOptions {
  /** Asked at each delivery, so that a changed Secret counts at once. Undefined or '': signatures are not checked. */
  readonly webhookSecret: () => Promise<string | undefined> | string | undefined;
  /** Enqueues what the push concerns and returns the number of sources; must not wait. */
  readonly onPush: (push: PushNotice) => number;
  readonly log: Log;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export type WebhookHandler = (request: {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}) => Promise<WebhookAnswer>;

export function createWebhookHandler(options: WebhookOptions): WebhookHandler {
  let warned = false;
  return async ({ headers, body }) => {
    const secret = await options.webhookSecret();
    if (secret !== undefined && secret !== '') {
      if (!isSignedWith(secret, body, headers['x-hub-signature-256'])) {
        throw new HttpError(
          401,
          'SIGNATURE_INVALID',
          'X-Hub-Signature-256 does not match the webhook secret',
        );
      }
    } else if (!warned) {
      warned = true;
      options.log('warn', 'webhooks are accepted without a signature: no webhook secret is configured');
    }
    const event = headers['x-github-event'];
    if (event === 'ping') return { status: 200, body: { status: 'pong' } };
    const payload = parseBody(body, headers['content-type']);
    if (event !== undefined && event !== 'push') return ignored;
    const push = parsePush(payload);
    if (push === undefined) {
      // Without an event header it may be another forge's event that is none of ours.
      if (event === undefined) return ignored;
      throw new HttpError(400, 'PAYLOAD_INVALID', 'The push has no repository URL, ref or commit');
    }
    const enqueued = options.onPush(push);
    options.log('info', 'push received', { urls: push.urls, ref: push.ref, after: push.after, enqueued });
    return { status: 202, body: { enqueued } };
  };
}

const ignored: WebhookAnswer = { status: 200, body: { status: 'ignored' } };

/** JSON, or the form that GitHub sends when a hook is set to `application/x-www-form-urlencoded`. */
function parseBody(body: Buffer, contentType: string | undefined): unknown {
  const text = body.toString('utf8');
  const isForm = contentType?.startsWith('application/x-www-form-urlencoded') === true;
  const json = isForm ? (new URLSearchParams(text).get('payload') ?? '') : text;
  try {
    return JSON.parse(json);
  } catch {
    throw new HttpError(400, 'JSON_INVALID', 'The request body is not valid JSON');
  }
}
