// Drives the real server over HTTP.

import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type PushNotice, type ServerOptions, startServer, type WeirServer } from './index.ts';

const conformance =
  process.env.WEIR_CONFORMANCE ?? resolve(import.meta.dirname, '../../../../shared/conformance');

const payload = {
  ref: 'refs/heads/main',
  before: '0'.repeat(40),
  after: 'a'.repeat(40),
  repository: {
    clone_url: 'https://git.example/org/app.git',
    html_url: 'https://git.example/org/app',
    ssh_url: 'git@git.example:org/app.git',
    git_url: 'git://git.example/org/app.git',
  },
  commits: [{ added: ['new.yaml'], modified: ['a.yaml'], removed: [] }],
};

const running: WeirServer[] = [];
const pushes: PushNotice[] = [];
const logged: string[] = [];

async function start(options: Partial<ServerOptions> = {}): Promise<WeirServer> {
  pushes.length = 0;
  logged.length = 0;
  const server = await startServer({
    webhookSecret: () => undefined,
    onPush: (push) => pushes.push(push),
    isReady: () => true,
    log: (level, message) => logged.push(`${level}: ${message}`),
    ...options,
  });
  running.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
});

interface Delivery {
  readonly path?: string;
  readonly body?: string | Buffer;
  readonly headers?: Record<string, string>;
}

/** Returns `<status> <body>`. */
async function deliver(server: WeirServer, delivery: Delivery = {}): Promise<string> {
  const response = await fetch(`${server.url}${delivery.path ?? '/api/webhook'}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-github-event': 'push', ...delivery.headers },
    body: delivery.body ?? JSON.stringify(payload),
  });
  return `${response.status} ${await response.text()}`;
}

function sign(body: string, secret: string, algorithm = 'sha256'): string {
  return `${algorithm}=${createHmac(algorithm, secret).update(body).digest('hex')}`;
}

describe('webhook', () => {
  it('hands a push on and says how many sources it concerned', async () => {
    const server = await start({ onPush: (push) => pushes.push(push) + 2 });
    expect(await deliver(server)).toBe('202 {"enqueued":3}');
    expect(await deliver(server, { path: '/webhook' })).toBe('202 {"enqueued":4}');
    expect(pushes[0]).toEqual({
      urls: [
        'https://git.example/org/app.git',
        'https://git.example/org/app',
        'git@git.example:org/app.git',
        'git://git.example/org/app.git',
      ],
      ref: 'refs/heads/main',
      before: '0'.repeat(40),
      after: 'a'.repeat(40),
      changedPaths: ['new.yaml', 'a.yaml'],
    });
  });

  it('reads the form encoding', async () => {
    const server = await start();
    const body = new URLSearchParams({ payload: JSON.stringify(payload) }).toString();
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect(await deliver(server, { body, headers })).toBe('202 {"enqueued":1}');
  });

  it('warns once when no secret is configured', async () => {
    const server = await start();
    await deliver(server);
    await deliver(server);
    expect(logged.filter((line) => line.startsWith('warn'))).toEqual([
      'warn: webhooks are accepted without a signature: no webhook secret is configured',
    ]);
  });

  const body = JSON.stringify(payload);
  const signatures: Record<string, [headers: Record<string, string>, status: string]> = {
    'the right signature': [{ 'x-hub-signature-256': sign(body, 's3cret') }, '202'],
    'an upper-case signature': [
      { 'x-hub-signature-256': sign(body, 's3cret').toUpperCase().replace('SHA256', 'sha256') },
      '202',
    ],
    'no signature': [{}, '401'],
    'a signature of another secret': [{ 'x-hub-signature-256': sign(body, 'other') }, '401'],
    'a signature of another body': [{ 'x-hub-signature-256': sign(`${body} `, 's3cret') }, '401'],
    'a cut signature': [{ 'x-hub-signature-256': sign(body, 's3cret').slice(0, 20) }, '401'],
    'only the sha1 signature': [{ 'x-hub-signature': sign(body, 's3cret', 'sha1') }, '401'],
    'an unsigned ping': [{ 'x-github-event': 'ping' }, '401'],
  };
  for (const [name, [headers, status]] of Object.entries(signatures)) {
    it(`with a secret, ${name} is answered with ${status}`, async () => {
      const server = await start({ webhookSecret: async () => 's3cret' });
      const answer = await deliver(server, { body, headers });
      expect(answer.slice(0, 3)).toBe(status);
      expect(pushes).toHaveLength(status === '202' ? 1 : 0);
      if (status === '401') {
        expect(JSON.parse(answer.slice(4))).toEqual({
          error: {
            code: 'SIGNATURE_INVALID',
            message: 'X-Hub-Signature-256 does not match the webhook secret',
          },
        });
      }
    });
  }

  const answers: Record<string, [delivery: Delivery, answer: RegExp]> = {
    'a ping': [{ headers: { 'x-github-event': 'ping' } }, /^200 .*pong/],
    'another event': [{ headers: { 'x-github-event': 'issues' } }, /^200 .*ignored/],
    'malformed JSON': [{ body: '{"ref":' }, /^400 .*"code":"JSON_INVALID"/],
    'an empty body': [{ body: '' }, /^400 .*"code":"JSON_INVALID"/],
    'a push without a repository': [{ body: '{"ref":"refs/heads/main"}' }, /^400 .*"code":"PAYLOAD_INVALID"/],
    'a push that is a list': [{ body: '[]' }, /^400 .*"code":"PAYLOAD_INVALID"/],
    'more than 5 MiB': [
      { body: Buffer.alloc(5 * 1024 * 1024 + 1, ' ') },
      /^413 .*"code":"PAYLOAD_TOO_LARGE"/,
    ],
    'another path': [{ path: '/api/other' }, /^404 .*"code":"NOT_FOUND"/],
  };
  for (const [name, [delivery, answer]] of Object.entries(answers)) {
    it(`answers ${name}`, async () => {
      const server = await start();
      expect(await deliver(server, delivery)).toMatch(answer);
      expect(pushes).toHaveLength(0);
    });
  }

  it('takes a body just below the limit', async () => {
    const server = await start();
    const text = JSON.stringify(payload);
    expect(await deliver(server, { body: text + ' '.repeat(5 * 1024 * 1024 - text.length) })).toMatch(/^202/);
  });

  it('keeps a defect of the engine to itself', async () => {
    const server = await start({
      onPush: () => {
        throw new Error('password=hunter2');
      },
    });
    const answer = await deliver(server);
    expect(answer).toMatch(/^500 .*"code":"INTERNAL"/);
    expect(answer).not.toContain('hunter2');
  });

  it('refuses more deliveries at a time than it has room for, and recovers', async () => {
    const server = await start({ maxConcurrentWebhooks: 1 });
    const slow = request(`${server.url}/webhook`, { method: 'POST', headers: { 'content-length': '10' } });
    slow.on('error', () => undefined);
    slow.write('{');
    await expect.poll(() => deliver(server)).toMatch(/^503 .*"code":"BUSY"/);
    slow.destroy();
    await expect.poll(() => deliver(server)).toMatch(/^202/);
  });
});

describe('health', () => {
  it('is alive before it is ready', async () => {
    let ready = false;
    const server = await start({ isReady: () => ready });
    const status = async (path: string) => (await fetch(`${server.url}${path}`)).status;
    expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 503]);
    ready = true;
    expect([await status('/healthz'), await status('/readyz')]).toEqual([200, 200]);
  });

  it('stops although a connection is open', async () => {
    const server = await start();
    const socket = connect(server.port, '127.0.0.1');
    await new Promise((done) => socket.once('connect', done));
    await server.stop();
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow();
  });
});

describe('payloads of real forges', () => {
  const files: Record<string, [event: string | undefined, urls: readonly string[] | undefined]> = {
    'applicationset-webhooks/github-commit-event.json': ['push', ['https://github.com/org/repo.git']],
    'applicationset-webhooks/github-commit-branch-event.json': ['push', ['https://github.com/org/repo.git']],
    'applicationset-webhooks/github-pull-request-opened-event.json': ['pull_request', undefined],
    'argocd-webhooks/gogs-event.json': ['push', ['http://gogs-server/john/repo-test.git']],
    'argocd-webhooks/gitlab-event.json': [undefined, ['https://gitlab.com/group/name.git']],
    'argocd-webhooks/ghcr-package-event.json': ['package', undefined],
    'argocd-webhooks/azuredevops-git-push-event.json': [undefined, undefined],
  };
  for (const [file, [event, urls]] of Object.entries(files)) {
    it(file, async ({ skip }) => {
      if (!existsSync(join(conformance, file)))
        skip('the conformance data is neither at WEIR_CONFORMANCE nor beside the repository');
      const server = await start();
      const headers: Record<string, string> = { 'content-type': 'application/json' };
      if (event !== undefined) headers['x-github-event'] = event;
      const body = readFileSync(join(conformance, file));
      const response = await fetch(`${server.url}/api/webhook`, { method: 'POST', headers, body });
      expect(response.status).toBe(urls === undefined ? 200 : 202);
      if (urls === undefined) expect(pushes).toEqual([]);
      else expect(pushes[0]?.urls).toEqual(expect.arrayContaining([...urls]));
    });
  }
});
