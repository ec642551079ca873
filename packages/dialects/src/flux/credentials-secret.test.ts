import { expect, it } from 'vitest';
import { readCredentialsSecret } from './credentials-secret.ts';

const base64 = (text: string) => Buffer.from(text).toString('base64');

it.each<[string, Record<string, string>, unknown]>([
  ['basic authentication', { username: 'u', password: 'p' }, { username: 'u', password: 'p' }],
  ['a bearer token', { bearerToken: 't' }, { bearerToken: 't' }],
  ['a certificate authority', { 'ca.crt': 'PEM' }, { caPem: 'PEM' }],
  ['the old name of it', { caFile: 'PEM' }, { caPem: 'PEM' }],
  ['nothing', {}, {}],
  [
    'a name alone is refused',
    { username: 'u' },
    'Secret/shop/git: data.username is given without data.password',
  ],
  ['an SSH key is refused', { identity: 'hush' }, "Secret/shop/git: data['identity'] is not supported yet"],
])('%s', (_sentence, values, expected) => {
  const data = Object.fromEntries(Object.entries(values).map(([key, value]) => [key, base64(value)]));
  const metadata = { name: 'git', namespace: 'shop' };
  const read = readCredentialsSecret({ apiVersion: 'v1', kind: 'Secret', metadata, data });
  expect(read.ok ? read.value : read.problem.message).toEqual(expected);
});
