import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical.ts';
import type { OwnershipMark } from './delivery.ts';
import { createDesiredMemo, type DesiredSet, isMarked, prepareDesired, type Rendered } from './desired.ts';
import type { KubeObject } from './object.ts';
import { refFrom } from './plan-rig.ts';
import { showProblem } from './problem.ts';

const labels: OwnershipMark = { kind: 'labels', labels: { 'owner/name': 'shop', 'owner/namespace': 'apps' } };
const tracking: OwnershipMark = { kind: 'tracking-id', annotation: 'track', app: 'shop', namespace: 'web' };

const object = (kind: string, metadata: object, more: object = {}): KubeObject =>
  ({ apiVersion: kind === 'Deployment' ? 'apps/v1' : 'v1', kind, metadata, ...more }) as KubeObject;

function prepare(rendered: readonly (KubeObject | Rendered)[], mark: OwnershipMark = labels): DesiredSet {
  return prepareDesired({
    delivery: { mark, namespace: 'web' },
    rendered: rendered.map((each) =>
      'object' in each ? (each as Rendered) : { object: each as KubeObject },
    ),
    isNamespaced: ({ kind }) => (kind === 'Widget' ? undefined : kind !== 'Namespace'),
    digest: (text) => text,
  });
}

const first = (set: DesiredSet): KubeObject | undefined => set.objects[0]?.object;

describe('the namespace', () => {
  const table: Record<string, [KubeObject, string]> = {
    'of an object that names none is the destination': [
      object('ConfigMap', { name: 'a' }),
      'ConfigMap/web/a',
    ],
    'of an object that names one is its own': [
      object('ConfigMap', { name: 'a', namespace: 'b' }),
      'ConfigMap/b/a',
    ],
    'of an object that names an empty one is the destination': [
      object('ConfigMap', { name: 'a', namespace: '' }),
      'ConfigMap/web/a',
    ],
    'of a cluster-scoped object is taken off': [
      object('Namespace', { name: 'a', namespace: 'b' }),
      'Namespace//a',
    ],
    'of an unknown kind stays as it is': [object('Widget', { name: 'a' }), 'Widget//a'],
  };
  for (const [sentence, [given, expected]] of Object.entries(table))
    it(sentence, () => {
      const { id, object: prepared } = prepare([given]).objects[0] ?? { id: '' };
      expect(id).toBe(`/${expected}`);
      expect(prepared?.metadata.namespace ?? '').toBe(expected.split('/')[1]);
    });
});

describe('the mark', () => {
  it('is put beside the labels that are there', () =>
    expect(
      first(prepare([object('ConfigMap', { name: 'a', labels: { app: 'x' } })]))?.metadata.labels,
    ).toEqual({
      app: 'x',
      'owner/name': 'shop',
      'owner/namespace': 'apps',
    }));
  it('replaces the one that Git brought along', () =>
    expect(
      first(prepare([object('ConfigMap', { name: 'a', labels: { 'owner/name': 'other' } })]))?.metadata
        .labels,
    ).toEqual({ 'owner/name': 'shop', 'owner/namespace': 'apps' }));
  it('stands where labels were null', () =>
    expect(first(prepare([object('ConfigMap', { name: 'a', labels: null })]))?.metadata.labels).toEqual({
      'owner/name': 'shop',
      'owner/namespace': 'apps',
    }));

  const ids: Record<string, [KubeObject, string]> = {
    'of a core object has an empty group': [object('ConfigMap', { name: 'a' }), 'shop:/ConfigMap:web/a'],
    'of a workload names its group': [
      object('Deployment', { name: 'a', namespace: 'b' }),
      'shop:apps/Deployment:b/a',
    ],
    'of a cluster-scoped object carries the destination': [
      object('Namespace', { name: 'a' }),
      'shop:/Namespace:web/a',
    ],
  };
  for (const [sentence, [given, expected]] of Object.entries(ids))
    it(`as a tracking id ${sentence}`, () => {
      const [prepared] = prepare([given], tracking).objects;
      expect(prepared?.object.metadata.annotations).toEqual({ track: expected });
      expect(prepared !== undefined && isMarked({ track: expected }, prepared.ref, tracking)).toBe(true);
    });

  const marks: Record<string, [Record<string, string>, OwnershipMark, boolean]> = {
    'all labels': [{ 'owner/name': 'shop', 'owner/namespace': 'apps' }, labels, true],
    'one of two labels': [{ 'owner/name': 'shop' }, labels, false],
    'the labels of another': [{ 'owner/name': 'shop', 'owner/namespace': 'b' }, labels, false],
    'no label': [{}, labels, false],
    'its tracking id': [{ track: 'shop:/ConfigMap:web/a' }, tracking, true],
    'the tracking id of another application': [{ track: 'cart:/ConfigMap:web/a' }, tracking, false],
    'a tracking id that was copied with another object': [
      { track: 'shop:/ConfigMap:web/b' },
      tracking,
      false,
    ],
  };
  for (const [sentence, [found, mark, expected]] of Object.entries(marks))
    it(`with ${sentence} ${expected ? 'is ours' : 'is not ours'}`, () =>
      expect(isMarked(found, refFrom('ConfigMap/web/a'), mark)).toBe(expected));
});

describe('what only a server may say', () => {
  it('is taken off', () => {
    const metadata = {
      name: 'a',
      uid: 'u',
      resourceVersion: '1',
      generation: 2,
      managedFields: [],
      creationTimestamp: null,
      deletionTimestamp: 'x',
      selfLink: '/a',
      annotations: null,
      finalizers: ['keep/me'],
    };
    const prepared = first(
      prepare([object('ConfigMap', metadata, { status: { phase: 'x' }, data: { k: 'v' } })], tracking),
    );
    expect(canonicalJson(prepared)).toBe(
      '{"apiVersion":"v1","data":{"k":"v"},"kind":"ConfigMap","metadata":{"annotations":{"track":"shop:/ConfigMap:web/a"},"finalizers":["keep/me"],"name":"a","namespace":"web"}}',
    );
  });
});

describe('the text of a Secret', () => {
  const table: Record<string, [object, string]> = {
    'becomes data': [{ stringData: { a: 'ä' } }, '{"a":"w6Q="}'],
    'wins over data': [{ data: { a: 'eA==', b: 'eQ==' }, stringData: { a: 'z' } }, '{"a":"eg==","b":"eQ=="}'],
    'may be a number': [{ stringData: { port: 80 } }, '{"port":"ODA="}'],
    'may be empty': [{ data: { a: 'eA==' }, stringData: {} }, '{"a":"eA=="}'],
    'may be null': [{ data: { a: 'eA==' }, stringData: null }, '{"a":"eA=="}'],
    'with a null value is empty': [{ stringData: { a: null } }, '{"a":""}'],
  };
  for (const [sentence, [fields, expected]] of Object.entries(table))
    it(sentence, () => {
      const secret = first(prepare([object('Secret', { name: 'a' }, fields)]));
      expect(canonicalJson(secret?.data)).toBe(expected);
      expect(secret).not.toHaveProperty('stringData');
    });

  it('of another kind by that name is left as it is', () => {
    const given = {
      ...object('Secret', { name: 'a' }, { stringData: { a: 'b' } }),
      apiVersion: 'example.com/v1',
    };
    expect(first(prepare([given]))?.stringData).toEqual({ a: 'b' });
  });
});

describe('problems', () => {
  const twice = [
    { object: object('ConfigMap', { name: 'a' }, { data: { n: '1' } }), file: 'a.yaml', line: 1 },
    {
      object: object('ConfigMap', { name: 'a', namespace: 'web' }, { data: { n: '2' } }),
      file: 'b.yaml',
      line: 9,
    },
  ];
  it('an object that stands twice is told with its place, and the last one counts', () => {
    const set = prepare(twice);
    expect(set.objects.map(({ object: { data } }) => canonicalJson(data))).toEqual(['{"n":"2"}']);
    expect(set.problems.map(showProblem)).toEqual([
      'OBJECT_DUPLICATE: ConfigMap/a: stands twice in this delivery; the last one counts (b.yaml:9)',
    ]);
  });
  it('a kind that is not served is told with its place', () => {
    const set = prepare([{ object: object('Widget', { name: 'w' }), file: 'w.yaml', line: 3 }]);
    expect(set.problems.map(showProblem)).toEqual([
      'KIND_UNKNOWN: Widget/w: the cluster serves no Widget in v1; expected its CustomResourceDefinition to be installed (w.yaml:3)',
    ]);
  });
});

describe('the digest', () => {
  it('is of the object as it is applied, in whatever order it was written', () => {
    const one = prepare([object('ConfigMap', { name: 'a', labels: { x: '1', y: '2' } })]);
    const other = prepare([object('ConfigMap', { labels: { y: '2', x: '1' }, uid: 'u', name: 'a' })]);
    expect(one.objects[0]?.digest).toBe(other.objects[0]?.digest);
  });
});

describe('a memo of what was prepared before', () => {
  const memo = createDesiredMemo();
  const [a, b] = [object('ConfigMap', { name: 'a' }), object('ConfigMap', { name: 'b' })];
  let digested: string[] = [];
  const again = (rendered: readonly Rendered[], more: { namespace?: string; mark?: OwnershipMark } = {}) =>
    prepareDesired({
      delivery: { mark: labels, namespace: 'web', ...more },
      rendered,
      isNamespaced: () => true,
      digest: (text) => {
        digested.push(/"name":"([^"]*)/.exec(text)?.[1] ?? '');
        return text;
      },
      memo,
    });
  const fresh = (rendered: readonly Rendered[], more: { namespace?: string; mark?: OwnershipMark } = {}) =>
    prepareDesired({
      delivery: { mark: labels, namespace: 'web', ...more },
      rendered,
      isNamespaced: () => true,
      digest: (text) => text,
    });
  const table: Record<string, [Parameters<typeof again>, string]> = {
    'is empty at first': [[[{ object: a }]], 'a'],
    'spares what comes up again': [[[{ object: a }, { object: b }]], 'b'],
    'tells the same object in another place': [[[{ object: a, file: 'x.yaml', line: 2 }]], 'a'],
    'tells another namespace of the delivery': [[[{ object: b }], { namespace: 'other' }], 'b'],
    'is void under another mark': [[[{ object: b }], { namespace: 'other', mark: tracking }], 'b'],
    'looks at objects themselves, not at their names': [
      [[{ object: object('ConfigMap', { name: 'b', labels: { x: 'y' } }) }], { mark: tracking }],
      'b',
    ],
  };
  for (const [sentence, [asked, expected]] of Object.entries(table))
    it(sentence, () => {
      digested = [];
      expect(again(...asked)).toEqual(fresh(...asked));
      expect(digested.join()).toBe(expected);
    });
});
