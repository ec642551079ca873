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
  // The words of a 1.36 API server from here on.
  'a request that is too large': [
    413,
    status({ reason: 'RequestEntityTooLarge', message: 'Request entity too large: limit is 3145728' }),
    'OBJECT_TOO_LARGE Deployment/web/shop: Request entity too large: limit is 3145728; split it, or keep the data outside of the cluster',
  ],
  'an object that is too large for the store': [
    500,
    status({ message: 'etcdserver: request is too large' }),
    'OBJECT_TOO_LARGE Deployment/web/shop: etcdserver: request is too large; split it, or keep the data outside of the cluster',
  ],
  'annotations that are too large': [
    422,
    status({
      reason: 'Invalid',
      message: 'metadata.annotations: Too long',
      details: { causes: [{ reason: 'FieldValueTooLong', field: 'metadata.annotations' }] },
    }),
    'OBJECT_TOO_LARGE Deployment/web/shop: metadata.annotations: Too long; split it, or keep the data outside of the cluster',
  ],
  'a name that is too long': [
    422,
    status({
      reason: 'Invalid',
      message: 'metadata.name: Too long: may not be more than 63 bytes',
      details: { causes: [{ reason: 'FieldValueTooLong', field: 'metadata.name' }] },
    }),
    'APPLY_INVALID Deployment/web/shop: metadata.name: Too long: may not be more than 63 bytes',
  ],
  'a value of a wrong type': [
    500,
    status({
      message:
        'failed to create typed patch object (web/shop; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got string',
    }),
    'APPLY_INVALID Deployment/web/shop: failed to create typed patch object (web/shop; apps/v1, Kind=Deployment): .spec.replicas: expected numeric (int or float), got string',
  ],
  'a quantity that is none': [
    500,
    status({
      message:
        'failed to convert new object (web/shop; apps/v1, Kind=Deployment) to proper version: unable to convert unstructured object to apps/v1, Kind=Deployment: quantities must match',
    }),
    'APPLY_INVALID Deployment/web/shop: failed to convert new object (web/shop; apps/v1, Kind=Deployment) to proper version: unable to convert unstructured object to apps/v1, Kind=Deployment: quantities must match',
  ],
  'a field that the schema does not have': [
    500,
    status({
      message:
        'failed to create typed patch object (web/shop; apps/v1, Kind=Deployment): .spec.fooBar: field not declared in schema',
    }),
    'FIELD_UNKNOWN Deployment/web/shop: failed to create typed patch object (web/shop; apps/v1, Kind=Deployment): .spec.fooBar: field not declared in schema; remove the field, or install a version of the kind that has it',
  ],
  'a webhook that denies': [
    403,
    status({ reason: 'Forbidden', message: 'admission webhook "x.io" denied the request: no' }),
    'ADMISSION_DENIED Deployment/web/shop: admission webhook "x.io" denied the request: no',
  ],
  'a policy that denies': [
    422,
    status({
      reason: 'Invalid',
      message: `deployments "shop" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
    }),
    `ADMISSION_DENIED Deployment/web/shop: deployments "shop" is forbidden: ValidatingAdmissionPolicy 'p' with binding 'b' denied request: no`,
  ],
  'a webhook that does not answer': [
    500,
    status({
      reason: 'InternalError',
      message: 'Internal error occurred: failed calling webhook "x.io": context deadline exceeded',
    }),
    'ADMISSION_UNAVAILABLE Deployment/web/shop: Internal error occurred: failed calling webhook "x.io": context deadline exceeded; look at what serves that webhook, it is tried again',
  ],
  'a namespace that is being deleted': [
    403,
    status({
      reason: 'Forbidden',
      message: 'unable to create new content in namespace web because it is being terminated',
      details: { causes: [{ reason: 'NamespaceTerminating', field: 'metadata.namespace' }] },
    }),
    'NAMESPACE_TERMINATING Deployment/web/shop: unable to create new content in namespace web because it is being terminated',
  ],
  'a path that is served no more': [
    404,
    '404 page not found\n',
    'KIND_UNKNOWN Deployment/web/shop: the cluster serves no Deployment in apps/v1; expected its CustomResourceDefinition to be installed',
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

  it('about a group whose server is down names its APIService', () => {
    const widget = { ...object, group: 'x.org', kind: 'Widget' };
    const { problem } = apiErrorOf({ status: 503, body: 'service unavailable\n', what: '', object: widget });
    expect(`${problem.code} ${problem.message}`).toBe(
      'API_SERVICE_DOWN Widget/web/shop: service unavailable; look at the APIService v1.x.org and what is behind it, it is tried again',
    );
  });

  it('names each field that the schema does not have', () => {
    const message =
      'failed to create typed patch object (a; v1, Kind=Pod): errors:\n  .spec.ports[containerPort=80,protocol="TCP"].zz: field not declared in schema\n  .spec.tolerations[0].bogus: field not declared in schema\n  .spec.x: expected list, got string';
    expect(apiErrorOf({ status: 500, body: status({ message }), what: '', object }).unknownFields).toEqual([
      '.spec.ports[containerPort=80,protocol="TCP"].zz',
      '.spec.tolerations[0].bogus',
    ]);
  });

  it('names what was asked for where it is no object', () =>
    expect(apiErrorOf({ status: 500, body: '', what: 'GET /apis' }).message).toBe(
      'GET /apis: the API server answered 500',
    ));

  it.each([
    [
      'a right of the account that is missing',
      'User "system:serviceaccount:t:d" cannot patch resource "deployments"',
      'APPLY_FORBIDDEN; the delivery acts as service account t/d: grant that account the right, by a Role or ClusterRole',
    ],
    ['a quota, which no right helps against', 'exceeded quota: small', 'APPLY_FORBIDDEN'],
    [
      'a right of weir that is missing',
      'User "weir" cannot impersonate resource "serviceaccounts" in API group ""',
      'IMPERSONATION_FORBIDDEN; the delivery acts as service account t/d: grant weir the verb impersonate on serviceaccounts in this cluster',
    ],
    [
      'the same in the words of constrained impersonation',
      'User "weir" cannot impersonate-on:serviceaccount:patch resource "deployments"',
      'IMPERSONATION_FORBIDDEN; the delivery acts as service account t/d: grant weir the verb impersonate on serviceaccounts in this cluster',
    ],
  ])('tells whom to give what, as an account: %s', (_what, message, expected) => {
    const account = { namespace: 't', name: 'd' };
    const { problem } = apiErrorOf({ status: 403, body: status({ message }), what: '', object, account });
    expect(`${problem.code}${problem.message.split(message)[1]}`).toBe(expected);
  });

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
