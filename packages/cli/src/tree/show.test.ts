// Trees: branches, notes and columns as text, and data without empty fields.

import { concludeTreeFacts, growTree, idOf, type KubeObject, refOf } from '@weir/core';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { dialects } from '../dialects.ts';
import type { Declared } from '../hub/declared.ts';
import { lastEvents } from './events.ts';
import { type Node, nodesOf } from './nodes.ts';
import type { ReadObject } from './read-tree.ts';
import { nodeData, showTree } from './show.ts';

type Extra = Record<string, unknown>;

function object(kind: string, name: string, of: { uid: string; owner?: string; rest?: Extra }): KubeObject {
  const { uid, owner, rest } = of;
  return {
    apiVersion:
      kind === 'Pod' || kind === 'Service' ? 'v1' : kind === 'Ingress' ? 'networking.k8s.io/v1' : 'apps/v1',
    kind,
    metadata: {
      name,
      namespace: 'shop',
      uid,
      generation: 1,
      ...(owner === undefined
        ? {}
        : { ownerReferences: [{ apiVersion: 'apps/v1', kind: 'X', name: 'x', uid: owner }] }),
    },
    spec: { replicas: 0 },
    status: { observedGeneration: 1, phase: 'Running' },
    ...rest,
  };
}

const event = (uid: string, minute: number, rest: Extra = {}): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Event',
  metadata: { name: `${uid}.${minute}`, namespace: 'shop' },
  involvedObject: { kind: 'Pod', namespace: 'shop', name: 'x', uid },
  type: 'Normal',
  reason: `Reason${minute}`,
  message: `message ${minute}`,
  lastTimestamp: `2026-01-01T00:0${minute}:00Z`,
  ...rest,
});

const [dialect] = dialects;
if (dialect === undefined) throw new Error('there is no dialect');
const delivery: Declared = {
  dialect,
  kind: dialect.kinds[0] as Declared['kind'],
  namespace: 'argocd',
  name: 'web',
  object: {
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata: { name: 'web' },
    status: {
      resources: [{ group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'web', status: 'OutOfSync' }],
    },
  },
  summary: { sync: 'Synced' } as Declared['summary'],
};

/** The roots are owned; `partial` ones are known by their metadata alone. */
function nodes(input: {
  roots: readonly KubeObject[];
  below?: readonly KubeObject[];
  partial?: readonly KubeObject[];
  missing?: readonly KubeObject[];
  events?: readonly KubeObject[];
}): Node[] {
  const { roots, below = [], partial = [], missing = [], events = [] } = input;
  const whole = [...roots, ...below].map((one): ReadObject => ({ object: one, isPartial: false }));
  const all = [...whole, ...partial.map((one): ReadObject => ({ object: one, isPartial: true }))];
  const grown = growTree({
    all: all.map(({ object: one }) => concludeTreeFacts(one)),
    roots: roots.map(({ metadata }) => metadata.uid ?? ''),
  });
  const uids = new Set(all.map(({ object: one }) => one.metadata.uid ?? ''));
  return nodesOf({
    delivery,
    owned: [...roots, ...missing].map((one) => refOf(one)),
    tree: {
      roots: new Map(grown.nodes.map((node) => [idOf(node.facts.ref), node])),
      objects: new Map(all.map((read) => [read.object.metadata.uid ?? '', read])),
      isCut: grown.isCut,
    },
    events: lastEvents(events, uids),
  });
}

const root = { label: 'app/argocd/web', sync: 'Synced', health: 'Healthy', message: '' };
const view = { colors: pc.createColors(false), now: new Date('2026-01-01T00:10:00Z'), wide: false };
const show = (shown: readonly Node[], wide = false): string =>
  `\n${showTree(root, shown, { ...view, wide })}`;

test('children are sorted below their owners, and what is missing is said', () => {
  const shown = nodes({
    roots: [object('Deployment', 'web', { uid: 'd' })],
    below: [
      object('ReplicaSet', 'web-2', { uid: 'r2', owner: 'd' }),
      object('ReplicaSet', 'web-1', { uid: 'r1', owner: 'd' }),
      object('Pod', 'web-1-a', { uid: 'p', owner: 'r1', rest: { spec: { restartPolicy: 'Never' } } }),
    ],
    missing: [object('Service', 'web', { uid: 'v' })],
  });
  expect(show(shown)).toBe(`
OBJECT                        SYNC        HEALTH        MESSAGE
app/argocd/web                Synced      Healthy
├─ Deployment/shop/web        OutOfSync   Healthy
│  ├─ ReplicaSet/shop/web-1               Healthy
│  │  └─ Pod/shop/web-1-a                 Progressing
│  └─ ReplicaSet/shop/web-2               Healthy
└─ Service/shop/web           Missing     Missing
`);
});

test('what is known by its metadata alone has no health', () => {
  const shown = nodes({
    roots: [object('Deployment', 'web', { uid: 'd' })],
    partial: [object('ReplicaSet', 'web-1', { uid: 'r1', owner: 'd' })],
  });
  expect(shown[0]?.children[0]?.health).toBe('');
});

test('addresses and events stand below their object, the last three', () => {
  const shown = nodes({
    roots: [
      object('Ingress', 'web', {
        uid: 'i',
        rest: { spec: { rules: [{ host: 'a.example' }] }, status: { loadBalancer: { ingress: [{}] } } },
      }),
      object('ReplicaSet', 'web', { uid: 'r' }),
    ],
    below: [object('Pod', 'a', { uid: 'p', owner: 'r', rest: { spec: { restartPolicy: 'Never' } } })],
    events: [
      event('r', 4),
      event('r', 2),
      event('r', 1),
      event('r', 3, { type: 'Warning', count: 7, message: 'two\nlines' }),
      event('p', 5),
      event('of another', 1),
    ],
  });
  expect(show(shown)).toBe(`
OBJECT                   SYNC     HEALTH        MESSAGE
app/argocd/web           Synced   Healthy
├─ Ingress/shop/web      Synced   Healthy
│     url                                       http://a.example
└─ ReplicaSet/shop/web   Synced   Healthy
   │  event Reason2                             8m message 2
   │  event Reason3               Warning       7m (7 times) two lines
   │  event Reason4                             6m message 4
   └─ Pod/shop/a                  Progressing
         event Reason5                          5m message 5
`);
});

test('images are shown when asked for', () => {
  const spec = {
    replicas: 0,
    template: { spec: { containers: [{ image: 'web:1' }, { image: 'proxy:2' }] } },
  };
  const shown = nodes({ roots: [object('Deployment', 'web', { uid: 'd', rest: { spec } })] });
  expect(show(shown, true)).toBe(`
OBJECT                   SYNC        HEALTH    IMAGES          MESSAGE
app/argocd/web           Synced      Healthy
└─ Deployment/shop/web   OutOfSync   Healthy   web:1,proxy:2
`);
});

test('data leaves out what is empty', () => {
  const config: KubeObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c', namespace: 'shop', uid: 'c' },
  };
  const [node] = nodes({ roots: [config], events: [event('c', 1)] });
  expect(node === undefined ? undefined : nodeData(node)).toEqual({
    group: '',
    version: 'v1',
    kind: 'ConfigMap',
    namespace: 'shop',
    name: 'c',
    sync: 'Synced',
    events: [
      { time: '2026-01-01T00:01:00Z', type: 'Normal', reason: 'Reason1', count: 1, message: 'message 1' },
    ],
  });
});
