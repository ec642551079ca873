import { expect, it } from 'vitest';
import { isServiceAccountRef, userOfServiceAccount } from './service-account.ts';

const cases: readonly (readonly [string, { namespace: string; name: string }, boolean])[] = [
  ['an ordinary account', { namespace: 'tenant', name: 'deployer' }, true],
  ['a name with dots', { namespace: 'tenant', name: 'ci.deployer-2' }, true],
  ['no name', { namespace: 'tenant', name: '' }, false],
  ['no namespace', { namespace: '', name: 'deployer' }, false],
  ['a colon, by which it would be in another namespace', { namespace: 'tenant', name: 'a:b' }, false],
  [
    'a line break, by which it would bring a header',
    { namespace: 't', name: 'a\r\nimpersonate-group: x' },
    false,
  ],
  ['a line break at the end', { namespace: 'tenant', name: 'deployer\n' }, false],
  ['a whole user name', { namespace: 'tenant', name: 'system:admin' }, false],
  ['capital letters', { namespace: 'tenant', name: 'Deployer' }, false],
  ['a namespace with a dot', { namespace: 'a.b', name: 'deployer' }, false],
  ['a name that is too long', { namespace: 'tenant', name: 'a'.repeat(254) }, false],
];

it.each(cases)('%s', (_what, ref, isOne) => {
  expect(isServiceAccountRef(ref)).toBe(isOne);
});

it('is known to the API server under the name of a user', () => {
  expect(userOfServiceAccount({ namespace: 'tenant', name: 'deployer' })).toBe(
    'system:serviceaccount:tenant:deployer',
  );
});
