import type { ServiceAccountRef } from '@weir/core';
import { expect, it } from 'vitest';
import { actingAs, isAccountMissing } from './acting-as.ts';
import { ApiError } from './api-error.ts';
import type { KubeClient } from './client.ts';
import type { WireRequest } from './transport.ts';

const account = { namespace: 'tenant', name: 'deployer' };

/** A cluster whose answer to the look for the account is given; every other request is written down. */
function clusterWith(answer: () => Promise<unknown>): {
  client: KubeClient;
  asked: string[];
  looks: string[];
} {
  const asked: string[] = [];
  const looks: string[] = [];
  const client = {
    name: 'c',
    get: ({ kind, namespace, name }: { kind: string; namespace: string; name: string }) => {
      looks.push(`${kind} ${namespace}/${name}`);
      return answer();
    },
    resourceOf: async () => undefined,
    transport: {
      send: async ({ method, impersonate }: WireRequest) => {
        asked.push(`${method} as ${impersonate?.namespace}/${impersonate?.name}`);
      },
    },
  };
  return { client: client as unknown as KubeClient, asked, looks };
}

it('every request is made as the account, which is looked up once for all of them', async () => {
  const { client, asked, looks } = clusterWith(async () => ({}));
  const { transport } = actingAs(client, account);
  await Promise.all(['PATCH', 'DELETE'].map((method) => transport.send({ method, path: '/' })));
  expect([asked, looks]).toEqual([
    ['PATCH as tenant/deployer', 'DELETE as tenant/deployer'],
    ['ServiceAccount tenant/deployer'],
  ]);
});

it('nothing is asked in the place of an account that is missing, and each time it is looked for anew', async () => {
  const { client, asked, looks } = clusterWith(async () => undefined);
  const { transport } = actingAs(client, account);
  for (const _ of [1, 2])
    await expect(transport.send({ method: 'PATCH', path: '/' })).rejects.toMatchObject({
      problem: { code: 'SERVICE_ACCOUNT_MISSING' },
    });
  expect([asked, looks.length]).toEqual([[], 2]);
});

it('where weir may not look, the server decides', async () => {
  const { client, asked } = clusterWith(() =>
    Promise.reject(
      new ApiError({ status: 403, reason: 'Forbidden', message: 'no', code: 'APPLY_FORBIDDEN' }),
    ),
  );
  expect(await isAccountMissing(client, account)).toBe(false);
  await actingAs(client, account).transport.send({ method: 'PATCH', path: '/' });
  expect(asked).toEqual(['PATCH as tenant/deployer']);
});

it.each<[string, ServiceAccountRef]>([
  ['a line break', { namespace: 'tenant', name: 'a\r\nimpersonate-group: system:masters' }],
  ['a colon', { namespace: 'tenant', name: 'a:b' }],
  ['no namespace', { namespace: '', name: 'a' }],
])('refuses a name with %s', (_what, wrong) => {
  const { client } = clusterWith(async () => ({}));
  expect(() => actingAs(client, wrong)).toThrow('is no name that a ServiceAccount can have');
});
