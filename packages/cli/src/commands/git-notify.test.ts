// The post-receive message: parsed updates, and a signature that a GitHub webhook receiver accepts.

import { createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { parseUpdates, pushMessage } from './git-notify.ts';

test('each line of the hook input is one update', () => {
  expect(parseUpdates('a1 b2 refs/heads/main\nc3 d4 refs/tags/v1\n\n')).toEqual([
    { before: 'a1', after: 'b2', ref: 'refs/heads/main' },
    { before: 'c3', after: 'd4', ref: 'refs/tags/v1' },
  ]);
});

test('the message is signed over exactly the body that is sent', () => {
  const { body, headers } = pushMessage({
    repository: 'http://127.0.0.1:1/flux-fleet.git',
    secret: 'key',
    update: { before: '0'.repeat(40), after: 'b2', ref: 'refs/heads/main' },
  });
  expect(JSON.parse(body)).toMatchObject({
    ref: 'refs/heads/main',
    after: 'b2',
    created: true,
    deleted: false,
    repository: { name: 'flux-fleet', clone_url: 'http://127.0.0.1:1/flux-fleet.git' },
  });
  expect(headers['x-hub-signature-256']).toBe(
    `sha256=${createHmac('sha256', 'key').update(body).digest('hex')}`,
  );
});
