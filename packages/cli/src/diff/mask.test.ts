// Masking: no Secret's value survives, and a changed one still shows as a change.

import type { KubeObject } from '@weir/core';
import { expect, test } from 'vitest';
import { presentable } from './mask.ts';

const secret = (data: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: {
    name: 's',
    namespace: 'n',
    resourceVersion: '1',
    annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{"data":{"a":"c2VjcmV0"}}' },
  },
  data,
});

test('equal values are hidden alike, changed ones marked, new ones hidden', () => {
  const { before, after } = presentable({
    before: secret({ same: 'c2VjcmV0', changed: 'b2xk', gone: 'Z29uZQ==' }),
    after: secret({ same: 'c2VjcmV0', changed: 'bmV3', fresh: 'ZnJlc2g=' }),
  });
  expect(before?.data).toEqual({ same: '***', changed: '*** (before)', gone: '***' });
  expect(after?.data).toEqual({ same: '***', changed: '*** (after)', fresh: '***' });
  expect(JSON.stringify([before, after])).not.toMatch(/c2VjcmV0|b2xk|bmV3|Z29uZQ|ZnJlc2g/);
});

test('a created and a deleted Secret are hidden too, stringData included', () => {
  const fresh = { ...secret({ a: 'c2VjcmV0' }), stringData: { b: 'plain' } };
  expect(presentable({ after: fresh }).after).toMatchObject({ data: { a: '***' }, stringData: { b: '***' } });
  expect(presentable({ before: fresh }).before).toMatchObject({ data: { a: '***' } });
});

test('bookkeeping and status go, everything else stays', () => {
  const object: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', uid: 'u', generation: 2, managedFields: [], labels: { a: 'b' } },
    data: { key: 'value' },
    status: { x: 1 },
  };
  expect(presentable({ after: object }).after).toEqual({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', labels: { a: 'b' } },
    data: { key: 'value' },
  });
});
