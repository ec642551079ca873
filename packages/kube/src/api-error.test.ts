import { describe, expect, it } from 'vitest';
import { apiErrorOf, isConflict, isNotFound } from './api-error.ts';

const object = { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'web', name: 'shop' };

const status = (fields: Record<string, unknown>): string =>
  JSON.stringify({ kind: 'Status', apiVersion: 'v1', status: 'Failure', ...fields });

const table: Record<string, [answer: number, body: string, expected: string]> = {
  'a refusal by validation': [
    422,
    status({ reason: 'Invalid', message: 'spec.replicas: Invalid value' }),
    'APPLY_INVALID Deployment/web/shop: spec.replicas: Invalid value',
  ],
  'a refusal by rights': [
    403,
    status({ reason: 'Forbidden', message: 'no' }),
    'APPLY_FORBIDDEN Deployment/web/shop: no',
  ],
  'bad credentials': [
    401,
    status({ reason: 'Unauthorized', message: 'Unauthorized' }),
    'CLUSTER_CREDENTIALS_INVALID Deployment/web/shop: Unauthorized',
  ],
  'a conflict': [
    409,
    status({ reason: 'Conflict', message: 'newer' }),
    'APPLY_CONFLICT Deployment/web/shop: newer',
  ],
  'a namespace that is missing': [
    404,
    status({
      reason: 'NotFound',
      message: 'namespaces "web" not found',
      details: { kind: 'namespaces', name: 'web' },
    }),
    'NAMESPACE_MISSING Deployment/web/shop: namespaces "web" not found',
  ],
  'an object that is missing': [
    404,
    status({ reason: 'NotFound', message: 'not found', details: { kind: 'deployments' } }),
    'APPLY_FAILED Deployment/web/shop: not found',
  ],
  'an object that is too large': [
    413,
    status({ message: 'too large' }),
    'APPLY_INVALID Deployment/web/shop: too large',
  ],
  'a server that fails': [500, status({ message: 'etcd' }), 'APPLY_FAILED Deployment/web/shop: etcd'],
  'the page of a proxy': [
    502,
    '<html>Bad Gateway</html>',
    'APPLY_FAILED Deployment/web/shop: <html>Bad Gateway</html>',
  ],
  'an answer without a word': [503, '', 'APPLY_FAILED Deployment/web/shop: the API server answered 503'],
  'an answer that is JSON and no Status': [500, '[]', 'APPLY_FAILED Deployment/web/shop: []'],
};

describe('an answer of the API server', () => {
  for (const [sentence, [answer, body, expected]] of Object.entries(table))
    it(`about ${sentence}`, () => {
      const { problem } = apiErrorOf({ status: answer, body, what: 'PATCH /x', object });
      expect(`${problem.code} ${problem.message}`).toBe(expected);
    });

  it('names what was asked for where it is no object', () =>
    expect(apiErrorOf({ status: 500, body: '', what: 'GET /apis' }).message).toBe(
      'GET /apis: the API server answered 500',
    ));

  it('is kept short', () => {
    const long = 'x'.repeat(10_000);
    expect(apiErrorOf({ status: 500, body: long, what: 'GET /' }).message.length).toBeLessThan(400);
    expect(
      apiErrorOf({ status: 500, body: status({ message: long }), what: 'GET /' }).message.length,
    ).toBeLessThan(2_100);
  });

  it('is told apart by its status', () => {
    const of = (answer: number) => apiErrorOf({ status: answer, body: '', what: '' });
    expect([
      isNotFound(of(404)),
      isNotFound(of(409)),
      isConflict(of(409)),
      isConflict(new Error('409')),
    ]).toEqual([true, false, true, false]);
  });
});
