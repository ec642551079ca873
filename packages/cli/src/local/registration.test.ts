// From a kubeconfig to registrations: what each tool reads out of them, and which kubeconfigs are refused.

import { isRecord, type KubeObject } from '@weir/core';
import { expect, test } from 'vitest';
import { entryOfKubeconfig, kubeconfigOf } from './kubeconfig.ts';
import { registrationsOf } from './registration.ts';

const kubeconfig = (user: string, cluster = 'certificate-authority-data: Q0E='): string => `
apiVersion: v1
kind: Config
current-context: first
contexts:
- name: first
  context: { cluster: c, user: u }
- name: other
  context: { cluster: missing, user: u }
clusters:
- name: c
  cluster: { server: "https://127.0.0.1:6443", ${cluster} }
users:
- name: u
  user: ${user}
`;

const readFile = async (path: string): Promise<string> => `content of ${path}`;
const decoded = (secret: KubeObject | undefined, key: string): string => {
  const data = secret?.data;
  return Buffer.from(isRecord(data) ? String(data[key]) : '', 'base64').toString();
};

test('a client certificate is registered for both tools', async () => {
  const entry = await entryOfKubeconfig(
    kubeconfig('{ client-certificate-data: Q0VSVA==, client-key-data: S0VZ }'),
    { readFile },
  );
  if (!entry.ok) throw new Error(entry.problem.message);
  const [argo, flux] = registrationsOf({ name: 'east', entry: entry.value });
  expect(argo?.metadata).toMatchObject({
    name: 'cluster-east',
    namespace: 'argocd',
    labels: { 'argocd.argoproj.io/secret-type': 'cluster' },
  });
  expect(decoded(argo, 'name')).toBe('east');
  expect(decoded(argo, 'server')).toBe('https://127.0.0.1:6443');
  expect(JSON.parse(decoded(argo, 'config'))).toEqual({
    tlsClientConfig: { caData: 'Q0E=', certData: 'Q0VSVA==', keyData: 'S0VZ' },
  });
  expect(flux?.metadata).toMatchObject({ name: 'east-kubeconfig', namespace: 'flux-system' });
  const again = await entryOfKubeconfig(decoded(flux, 'value'), { readFile });
  expect(again).toEqual(entry);
});

test('a token, files and an unverified server are taken over', async () => {
  const entry = await entryOfKubeconfig(
    kubeconfig('{ tokenFile: token }', 'certificate-authority: ca.crt, insecure-skip-tls-verify: true'),
    { readFile },
  );
  expect(entry).toEqual({
    ok: true,
    value: {
      server: 'https://127.0.0.1:6443',
      caData: Buffer.from('content of ca.crt').toString('base64'),
      token: 'content of token',
      insecure: true,
    },
  });
});

test.each([
  ['an exec plugin', '{ exec: { command: aws } }', undefined, /exec plugin or auth provider/],
  ['an auth provider', '{ auth-provider: { name: gcp } }', undefined, /exec plugin or auth provider/],
  ['no credentials', '{}', undefined, /holds no credentials/],
  ['an unknown context', '{ token: t }', 'nowhere', /context nowhere: does not exist/],
  ['a context without a cluster', '{ token: t }', 'other', /names no cluster/],
])('%s is refused with a code', async (_, user, context, message) => {
  const entry = await entryOfKubeconfig(kubeconfig(user), {
    readFile,
    ...(context === undefined ? {} : { context }),
  });
  expect(entry.ok ? '' : `${entry.problem.code} ${entry.problem.message}`).toMatch(message);
  expect(entry.ok ? '' : entry.problem.code).toBe('CLUSTER_CREDENTIALS_INVALID');
});

test('several entries become one kubeconfig whose first context is current', async () => {
  const text = kubeconfigOf([
    { name: 'hub', entry: { server: 'https://h', token: 'a' } },
    { name: 'east', entry: { server: 'https://e', token: 'b' } },
  ]);
  const current = await entryOfKubeconfig(text, { readFile });
  const east = await entryOfKubeconfig(text, { readFile, context: 'east' });
  expect(current.ok && current.value.server).toBe('https://h');
  expect(east.ok && east.value).toEqual({ server: 'https://e', token: 'b' });
});
