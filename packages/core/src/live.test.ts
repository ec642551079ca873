import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imagesOf } from './links.ts';
import { concludeFrom, isNewer } from './live.ts';
import type { KubeObject } from './object.ts';

describe('a newer resource version', () => {
  it('is the larger number, however many digits', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 2n ** 64n }), fc.bigInt({ min: 1n, max: 2n ** 64n }), (a, b) => {
        expect(isNewer(String(a), String(b))).toBe(a > b);
      }),
    );
  });
});

const labelled: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: {
    name: 'shop',
    namespace: 'web',
    uid: 'u1',
    resourceVersion: '7',
    labels: { owner: 'us', app: 'shop' },
    annotations: { 'tracking-id': 'x', note: 'y' },
    managedFields: [
      { manager: 'us', operation: 'Apply', fieldsV1: { 'f:spec': { 'f:replicas': {} } } },
      { manager: 'us', operation: 'Apply', subresource: 'status', fieldsV1: { 'f:status': {} } },
      { manager: 'kubectl', operation: 'Update', fieldsV1: { 'f:spec': {} } },
    ],
  },
  spec: {
    replicas: 1,
    template: {
      spec: {
        containers: [{ image: 'shop:2' }, { image: 'proxy:1' }],
        initContainers: [{ image: 'shop:2' }],
      },
    },
  },
};

describe('what is concluded from an object', () => {
  const marks = { labels: ['owner'], annotations: ['tracking-id'], managers: ['us', 'kubectl', 'others'] };
  const concluded = concludeFrom(labelled, { marks, digest: (text) => text });

  it('keeps the marks and nothing else of labels and annotations', () =>
    expect(concluded.marks).toEqual({ owner: 'us', 'tracking-id': 'x' }));
  it('digests what each manager owns by apply', () =>
    expect(concluded.owned).toEqual({ us: '{"f:spec":{"f:replicas":1}}' }));
  it('names each image once', () => expect(concluded.images).toEqual(['shop:2', 'proxy:1']));
  it('says where it can be reached, and nothing where it cannot', () => {
    const annotations = { 'link.argocd.argoproj.io/a': 'https://shop.example' };
    const linked = { ...labelled, metadata: { ...labelled.metadata, annotations } };
    const found = concludeFrom(linked, { marks, digest: (text) => text });
    expect([found.externalUrls, 'externalUrls' in concluded]).toEqual([['https://shop.example'], false]);
  });
  it('is addressed by kind, namespace and name', () => expect(concluded.id).toBe('apps/Deployment/web/shop'));
  it('sees a deletion and its finalizers', () => {
    const metadata = { ...labelled.metadata, deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: ['a/b'] };
    const { deleting, finalizers } = concludeFrom(
      { ...labelled, metadata },
      { marks, digest: (text) => text },
    );
    expect([deleting, finalizers]).toEqual([true, ['a/b']]);
  });
});

describe('the images', () => {
  const table: Record<string, [unknown, string]> = {
    'of a pod': [{ containers: [{ image: 'a' }], initContainers: [{ image: 'b' }] }, 'a b'],
    'of an object without a spec': [undefined, ''],
    'of a spec that is no pod': [{ template: 'text', containers: 'three' }, ''],
    'of a container without an image': [{ containers: [{ name: 'a' }] }, ''],
    'of a container that is nothing': [{ containers: [null, { image: 'a' }] }, 'a'],
    'of a CronJob': [
      { jobTemplate: { spec: { template: { spec: { containers: [{ image: 'a' }] } } } } },
      'a',
    ],
  };
  for (const [sentence, [spec, expected]] of Object.entries(table))
    it(sentence, () => {
      const object = { apiVersion: 'v1', kind: 'Any', metadata: { name: 'a' }, spec };
      expect(imagesOf(object).join(' ')).toBe(expected);
    });
});
