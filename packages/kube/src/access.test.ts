import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accessOfKubeconfig } from './access.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'weir-access-'));
  await writeFile(join(dir, 'token'), 'the-own-token');
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function kubeconfig(of: { cluster?: Record<string, string>; user?: Record<string, unknown> }): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'c',
    contexts: [{ name: 'c', context: { cluster: 'c', user: 'u' } }],
    clusters: [{ name: 'c', cluster: { server: 'https://cluster.example/', ...of.cluster } }],
    users: [{ name: 'u', user: of.user ?? { token: 'a-token' } }],
  });
}

describe('a kubeconfig from a Secret', () => {
  const refused: Record<string, () => Parameters<typeof kubeconfig>[0]> = {
    'that names a token file': () => ({ user: { 'token-file': join(dir, 'token') } }),
    'that names a token file in the words of Kubernetes': () => ({ user: { tokenFile: join(dir, 'token') } }),
    'that names a token file beside a token': () => ({ user: { token: 'a', tokenFile: join(dir, 'token') } }),
    'that names a certificate file': () => ({ user: { 'client-certificate': join(dir, 'token') } }),
    'that names a key file': () => ({ user: { 'client-key': join(dir, 'token') } }),
    'that names an authority file': () => ({ cluster: { 'certificate-authority': join(dir, 'token') } }),
    'that runs a program': () => ({ user: { exec: { apiVersion: 'v1', command: 'true' } } }),
  };
  for (const [what, of] of Object.entries(refused))
    it(`${what} is refused`, async () => {
      const access = await accessOfKubeconfig(kubeconfig(of()), { name: 'x' });
      expect(access.ok ? await access.value.headers() : access.problem.code).toBe(
        'CLUSTER_CREDENTIALS_INVALID',
      );
    });

  it('with a token of its own is taken', async () => {
    const access = await accessOfKubeconfig(kubeconfig({}), { name: 'x' });
    expect(access.ok && [access.value.server, await access.value.headers()]).toEqual([
      'https://cluster.example',
      { authorization: 'Bearer a-token' },
    ]);
  });

  it('that cannot be parsed is refused without a word of it', async () => {
    const access = await accessOfKubeconfig('users: [{token: "hidden-word', { name: 'x' });
    expect(access.ok || access.problem.message).not.toContain('hidden-word');
    expect(access.ok).toBe(false);
  });
});

it('the own kubeconfig of a user may name files', async () => {
  const access = await accessOfKubeconfig(kubeconfig({ user: { 'token-file': join(dir, 'token') } }), {
    allowExec: true,
  });
  expect(access.ok && (await access.value.headers()).authorization).toBe('Bearer the-own-token');
});
