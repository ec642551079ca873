// How requests are read, and what rules fit them.

import { expect, test } from 'vitest';
import { fits, readRequest, showRequest } from './fault.ts';
import { FaultSwitch } from './fault-switch.ts';
import { seededRandom } from './seeded-random.ts';

test.each([
  ['a list', 'GET', '/api/v1/namespaces/web/pods?limit=500', 'list pods web'],
  ['a list of all namespaces', 'GET', '/apis/apps/v1/deployments', 'list deployments.apps'],
  ['a watch', 'GET', '/api/v1/configmaps?watch=true', 'watch configmaps'],
  ['no watch', 'GET', '/api/v1/configmaps?watch=false', 'list configmaps'],
  ['one object', 'GET', '/api/v1/namespaces/web/configmaps/a', 'get configmaps web/a'],
  ['a namespace', 'GET', '/api/v1/namespaces/kube-system', 'get namespaces kube-system'],
  ['a subresource of a namespace', 'PUT', '/api/v1/namespaces/x/finalize', 'update namespaces/finalize x'],
  [
    'a status',
    'PATCH',
    '/apis/apps/v1/namespaces/web/deployments/a/status',
    'patch deployments.apps/status web/a',
  ],
  ['a create', 'POST', '/apis/weir.dev/v1alpha1/namespaces/w/inventories', 'create inventories.weir.dev w'],
  ['a delete', 'DELETE', '/api/v1/namespaces/web/configmaps/a', 'delete configmaps web/a'],
  ['a delete of many', 'DELETE', '/api/v1/namespaces/web/configmaps', 'deletecollection configmaps web'],
  ['discovery', 'GET', '/apis/apps/v1', 'get /apis/apps/v1'],
  ['a version', 'GET', '/version?timeout=1s', 'get /version'],
])('%s', (_, method, path, shown) => {
  expect(showRequest(readRequest(method, path))).toBe(shown);
});

const request = readRequest('PATCH', '/api/v1/namespaces/web/configmaps/a');

test.each([
  ['no match fits everything', {}, true],
  ['all that is said must fit', { verbs: ['patch'], namespaces: ['web'], names: ['a', 'b'] }, true],
  ['another verb', { verbs: ['get'] }, false],
  ['another resource', { resources: ['configmaps/status'] }, false],
  ['another name', { names: ['b'] }, false],
])('%s', (_, match, expected) => {
  expect(fits(match, request)).toBe(expected);
});

test('a name that is wanted does not fit a request without one', () => {
  expect(fits({ names: ['a'] }, readRequest('GET', '/api/v1/configmaps'))).toBe(false);
});

test('a rule with a limit is over after it, and a chance follows from the seed', () => {
  const draws = (seed: number): string => {
    const faults = new FaultSwitch(seededRandom(seed));
    faults.set([
      { fault: { kind: 'reset', at: 'answer' }, times: 2 },
      { fault: { kind: 'latency', ms: 1 }, probability: 0.5 },
    ]);
    return Array.from({ length: 20 }, () => faults.forRequest(request).length).join('');
  };
  expect(draws(7)).toBe(draws(7));
  expect(draws(7)).not.toBe(draws(8));
  expect(draws(7)).toMatch(/^[12]{2}[01]{18}$/);
});

test('only watch faults hit an event', () => {
  const faults = new FaultSwitch(seededRandom(1));
  faults.set([{ fault: { kind: 'watch-repeat' } }, { fault: { kind: 'reset', at: 'request' } }]);
  expect([faults.forEvent(request), faults.forRequest(request)].map((drawn) => drawn[0]?.kind)).toEqual([
    'watch-repeat',
    'reset',
  ]);
});
