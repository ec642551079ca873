// Decides what the property of drift is tried on: objects of four kinds, what others may do to them, and a plain oracle
// that knows each wanted field by hand. It is no part of the product.

import type { KubeObject } from '@weir/core';

type Json = Record<string, unknown>;
/** Reads one wanted field: undefined where it is not there. */
type Read = (object: KubeObject) => unknown;

export interface Subject {
  readonly object: (name: string) => KubeObject;
  /** Wanted fields by the path that people are shown. An item that is gone is told once, as the item. */
  readonly fields: Readonly<Record<string, Read>>;
  /** What others may merge into it. */
  readonly patches: readonly Json[];
  /** What others may apply, beside name and kind. */
  readonly applies: readonly Json[];
}

const at = (...path: readonly (string | ((value: unknown) => unknown))[]): Read => {
  return (object) =>
    path.reduce<unknown>((value, step) => {
      if (typeof step === 'function') return step(value);
      const isMap = typeof value === 'object' && value !== null;
      return isMap && Object.hasOwn(value, step) ? (value as Json)[step] : undefined;
    }, object);
};
const item =
  (keys: Json) =>
  (value: unknown): unknown =>
    Array.isArray(value)
      ? value.find((one: Json) => Object.entries(keys).every(([key, wanted]) => one[key] === wanted))
      : undefined;
const member =
  (wanted: string) =>
  (value: unknown): unknown =>
    Array.isArray(value) && value.includes(wanted) ? wanted : undefined;
/** Whether it is there; what others put into it is theirs. */
const present = (value: unknown): unknown => (value === undefined ? undefined : 'there');

const owner = { labels: { owner: 'us' } };
const ownerField = { 'metadata.labels.owner': at('metadata', 'labels', 'owner') };
const ownerPatches: readonly Json[] = [
  { metadata: { labels: { owner: 'them' } } },
  { metadata: { labels: { owner: null } } },
  { metadata: { labels: { team: 'x' }, annotations: { note: 'y' } } },
];

export const configMap: Subject = {
  object: (name) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, namespace: 'default', ...owner },
    data: { a: '1', 'b.c': '2' },
  }),
  fields: { ...ownerField, 'data.a': at('data', 'a'), 'data[b.c]': at('data', 'b.c') },
  patches: [
    ...ownerPatches,
    { data: { a: '9' } },
    { data: { a: '1' } },
    { data: { a: null } },
    { data: { 'b.c': '9', other: '1' } },
    { data: { 'b.c': '2' } },
    { data: null },
  ],
  applies: [{ data: { a: '1' } }, { data: { a: '7', z: '1' } }, { data: { z: '2' } }],
};

const shop = { name: 'shop' };
const containers = (...list: readonly Json[]): Json => ({
  spec: { template: { spec: { containers: list } } },
});
const inShop = (...path: readonly string[]): Read =>
  at('spec', 'template', 'spec', 'containers', item(shop), ...path);
const shopPath = 'spec.template.spec.containers[name=shop]';
const mainPort = 'ports[containerPort=80,protocol=TCP]';

export const deployment: Subject = {
  object: (name) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'default', ...owner },
    spec: {
      replicas: 0,
      selector: { matchLabels: { app: 'shop' } },
      template: {
        metadata: { labels: { app: 'shop' } },
        spec: {
          volumes: [{ name: 'tmp', emptyDir: {} }],
          containers: [
            {
              ...shop,
              image: 'shop:1',
              args: ['-v'],
              ports: [{ containerPort: 80 }],
              resources: { limits: { cpu: '1000m' } },
              securityContext: {},
            },
          ],
        },
      },
    },
  }),
  fields: {
    ...ownerField,
    'spec.replicas': at('spec', 'replicas'),
    'spec.selector': at('spec', 'selector'),
    'spec.template.metadata.labels.app': at('spec', 'template', 'metadata', 'labels', 'app'),
    'spec.template.spec.volumes[name=tmp]': at(
      'spec',
      'template',
      'spec',
      'volumes',
      item({ name: 'tmp' }),
      present,
    ),
    'spec.template.spec.volumes[name=tmp].emptyDir': at(
      'spec',
      'template',
      'spec',
      'volumes',
      item({ name: 'tmp' }),
      'emptyDir',
      present,
    ),
    [shopPath]: (object) => present(inShop()(object)),
    [`${shopPath}.image`]: inShop('image'),
    [`${shopPath}.args`]: inShop('args'),
    [`${shopPath}.resources.limits.cpu`]: inShop('resources', 'limits', 'cpu'),
    [`${shopPath}.securityContext`]: (object) => present(inShop('securityContext')(object)),
    [`${shopPath}.${mainPort}`]: (object) =>
      present(item({ containerPort: 80, protocol: 'TCP' })(inShop('ports')(object))),
  },
  patches: [
    ...ownerPatches,
    { spec: { replicas: 1 } },
    { spec: { replicas: 0 } },
    { spec: { replicas: null } },
    { spec: { paused: true } },
    containers({ name: 'other', image: 'other:1' }),
    { status: { replicas: 3 } },
  ],
  applies: [
    { spec: { replicas: 1 } },
    { spec: { replicas: 0 } },
    containers({ ...shop, image: 'shop:2' }),
    containers({ ...shop, image: 'shop:1' }),
    containers({ name: 'proxy', image: 'proxy:1' }),
    containers({ ...shop, args: ['-v', '-q'] }),
    containers({ ...shop, ports: [{ containerPort: 81 }] }),
    containers({ ...shop, securityContext: { runAsUser: 7 } }),
    containers({ ...shop, resources: { limits: { cpu: '1' } } }),
    containers({ ...shop, resources: { limits: { cpu: '2', memory: '1Gi' } } }),
    { spec: { template: { spec: { volumes: [{ name: 'tmp', emptyDir: { medium: 'Memory' } }] } } } },
  ],
};

const ports = (...list: readonly Json[]): Json => ({ spec: { ports: list } });
const webPort = (object: KubeObject): unknown =>
  at('spec', 'ports', item({ port: 80, protocol: 'TCP' }))(object);

export const service: Subject = {
  object: (name) => ({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'default', ...owner },
    spec: { selector: { app: 'shop' }, ports: [{ port: 80, name: 'web', targetPort: 8080 }] },
  }),
  fields: {
    ...ownerField,
    'spec.selector': at('spec', 'selector'),
    'spec.ports[port=80,protocol=TCP]': (object) => present(webPort(object)),
    'spec.ports[port=80,protocol=TCP].name': (object) => (webPort(object) as Json | undefined)?.name,
    'spec.ports[port=80,protocol=TCP].targetPort': (object) =>
      (webPort(object) as Json | undefined)?.targetPort,
  },
  patches: [
    ...ownerPatches,
    { spec: { selector: { app: 'other' } } },
    { spec: { selector: { app: 'shop', more: 'x' } } },
    { spec: { selector: { app: 'shop', more: null } } },
    ports({ port: 80, name: 'web', targetPort: 9090 }),
    ports({ port: 81, name: 'web' }),
    { spec: { sessionAffinity: 'ClientIP' } },
  ],
  applies: [
    ports({ port: 81, name: 'more' }),
    ports({ port: 80, name: 'web', targetPort: 7070 }),
    ports({ port: 80, name: 'web', targetPort: 8080 }),
    { spec: { selector: { app: 'shop' } } },
    { spec: { selector: { app: 'them' } } },
  ],
};

const inItem = (name: string, ...path: readonly string[]): Read =>
  at('spec', 'items', item({ name }), ...path);

export const gadget: Subject = {
  object: (name) => ({
    apiVersion: 'drift.example.com/v1',
    kind: 'Gadget',
    metadata: { name, namespace: 'default', ...owner },
    spec: {
      mode: 'FAST',
      items: [
        { name: 'a', size: 1 },
        { name: 'b', size: 2 },
      ],
      tags: ['x', 'y'],
      atoms: [1, 2],
      free: { deep: { value: 1 }, list: [{ a: 1 }] },
      empty: {},
    },
  }),
  fields: {
    ...ownerField,
    'spec.mode': at('spec', 'mode'),
    'spec.items[name=a]': (object) => present(inItem('a')(object)),
    'spec.items[name=a].size': inItem('a', 'size'),
    'spec.items[name=b]': (object) => present(inItem('b')(object)),
    'spec.items[name=b].size': inItem('b', 'size'),
    'spec.tags["x"]': at('spec', 'tags', member('x')),
    'spec.tags["y"]': at('spec', 'tags', member('y')),
    'spec.atoms': at('spec', 'atoms'),
    'spec.free.deep.value': at('spec', 'free', 'deep', 'value'),
    'spec.free.list': at('spec', 'free', 'list'),
    'spec.empty': at('spec', 'empty', present),
  },
  patches: [
    ...ownerPatches,
    { spec: { mode: 'SLOW' } },
    { spec: { mode: 'FAST' } },
    { spec: { items: [{ name: 'b', size: 2 }] } },
    {
      spec: {
        items: [
          { name: 'c', size: 3 },
          { name: 'b', size: 9 },
          { name: 'a', size: 1 },
        ],
      },
    },
    { spec: { tags: ['y'] } },
    { spec: { tags: ['z', 'y', 'x'] } },
    { spec: { atoms: [1, 2, 3] } },
    { spec: { atoms: [1, 2] } },
    { spec: { free: { deep: { value: 2 } } } },
    { spec: { free: { deep: null, more: 1 } } },
    { spec: { free: { list: [{ a: 1, b: 1 }] } } },
    { spec: { empty: { filled: 'x' } } },
    { spec: { empty: null } },
    { status: { seen: 1 } },
  ],
  applies: [
    { spec: { items: [{ name: 'c', size: 3 }] } },
    { spec: { items: [{ name: 'a', size: 1 }] } },
    { spec: { items: [{ name: 'a', size: 8 }] } },
    { spec: { tags: ['x', 'z'] } },
    { spec: { atoms: [2, 1] } },
    { spec: { mode: 'fast' } },
    { spec: { free: { deep: { other: 1 } } } },
    { spec: { empty: { filled: 'y' } } },
  ],
};

const text = { type: 'string' };
const integer = { type: 'integer' };
const object = (properties: Json): Json => ({ type: 'object', properties });

export const gadgetDefinition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'gadgets.drift.example.com' },
  spec: {
    group: 'drift.example.com',
    scope: 'Namespaced',
    names: { kind: 'Gadget', plural: 'gadgets', singular: 'gadget', listKind: 'GadgetList' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: {
          openAPIV3Schema: object({
            spec: object({
              mode: { ...text, default: 'idle' },
              colour: { ...text, default: 'red' },
              items: {
                type: 'array',
                'x-kubernetes-list-type': 'map',
                'x-kubernetes-list-map-keys': ['name'],
                items: {
                  ...object({ name: text, size: integer, shape: { ...text, default: 'round' } }),
                  required: ['name'],
                },
              },
              tags: { type: 'array', 'x-kubernetes-list-type': 'set', items: text },
              atoms: { type: 'array', 'x-kubernetes-list-type': 'atomic', items: integer },
              free: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
              empty: { type: 'object', additionalProperties: text },
            }),
            status: object({ seen: integer }),
          }),
        },
      },
    ],
  },
};

/** Whoever writes a gadget finds its mode in lower case. */
export const lowering: readonly KubeObject[] = [
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicy',
    metadata: { name: 'lower-mode' },
    spec: {
      matchConstraints: {
        resourceRules: [
          {
            apiGroups: ['drift.example.com'],
            apiVersions: ['v1'],
            operations: ['CREATE', 'UPDATE'],
            resources: ['gadgets'],
          },
        ],
      },
      matchConditions: [{ name: 'moded', expression: 'has(object.spec.mode)' }],
      failurePolicy: 'Fail',
      reinvocationPolicy: 'Never',
      mutations: [
        {
          patchType: 'ApplyConfiguration',
          applyConfiguration: {
            expression: 'Object{spec: Object.spec{mode: object.spec.mode.lowerAscii()}}',
          },
        },
      ],
    },
  },
  {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingAdmissionPolicyBinding',
    metadata: { name: 'lower-mode' },
    spec: { policyName: 'lower-mode' },
  },
];

/** The wanted fields that differ from what our apply left there. What lies in an item that is gone is not told again. */
export function differences(subject: Subject, applied: KubeObject, live: KubeObject): string[] {
  const paths: string[] = [];
  for (const [path, read] of Object.entries(subject.fields)) {
    const isInside = paths.some(
      (gone) => path.startsWith(`${gone}.`) && subject.fields[gone]?.(live) === undefined,
    );
    if (!isInside && JSON.stringify(read(applied)) !== JSON.stringify(read(live))) paths.push(path);
  }
  return paths.sort();
}
