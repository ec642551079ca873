// The addresses and images of an object.

import { expect, test } from 'vitest';
import { concludeLinks } from './links.ts';
import type { KubeObject } from './object.ts';

function object(apiVersion: string, kind: string, rest: Record<string, unknown>): KubeObject {
  const { annotations, ...others } = rest;
  const named = { name: 'web', namespace: 'shop' };
  return {
    apiVersion,
    kind,
    metadata:
      annotations === undefined ? named : { ...named, annotations: annotations as Record<string, string> },
    ...others,
  };
}

const ingress = (spec: unknown, rest: Record<string, unknown> = {}): KubeObject =>
  object('networking.k8s.io/v1', 'Ingress', { spec, ...rest });
const service = (ports: unknown, type = 'LoadBalancer'): KubeObject =>
  object('v1', 'Service', {
    spec: { type, ports },
    status: { loadBalancer: { ingress: [{ ip: '10.0.0.1' }, { hostname: 'lb.example' }] } },
  });
const route = (spec: unknown): KubeObject => object('gateway.networking.k8s.io/v1', 'HTTPRoute', { spec });
const linked = (annotations: Record<string, string>): KubeObject =>
  object('v1', 'ConfigMap', { annotations });

test.each([
  ['a host', ingress({ rules: [{ host: 'a.example' }] }), 'http://a.example'],
  [
    'a host with TLS and paths',
    ingress({
      tls: [{ hosts: ['a.example'] }],
      rules: [
        { host: 'a.example', http: { paths: [{ path: '/' }, { path: '/api/*' }, { path: '/v(1|2)' }] } },
      ],
    }),
    'https://a.example/ https://a.example/api/ https://a.example/v',
  ],
  [
    'TLS for another host',
    ingress({ tls: [{ hosts: ['b.example'] }], rules: [{ host: 'a.example' }] }),
    'http://a.example',
  ],
  [
    'TLS by wildcard',
    ingress({ tls: [{ hosts: ['*.example'] }], rules: [{ host: 'a.example' }] }),
    'https://a.example',
  ],
  [
    'TLS for all hosts',
    ingress({ tls: [{ secretName: 's' }], rules: [{ host: 'a.example' }] }),
    'https://a.example',
  ],
  ['a wildcard', ingress({ rules: [{ host: '*.example' }] }), ''],
  [
    'no host, but an address',
    ingress(
      { rules: [{ http: { paths: [{ path: '/x' }] } }] },
      { status: { loadBalancer: { ingress: [{ ip: 'fd00::1' }] } } },
    ),
    'http://[fd00::1]/x',
  ],
  ['neither host nor address', ingress({ rules: [{}] }), ''],
  ['rules that are a text', ingress({ rules: 'x' }), ''],
  [
    'a balanced service',
    service([{ port: 443 }, { port: 8080, name: 'http' }, { port: 5432, name: 'postgres' }]),
    'https://10.0.0.1 http://10.0.0.1:8080 https://lb.example http://lb.example:8080',
  ],
  ['a balanced UDP port', service([{ port: 80, protocol: 'UDP' }]), ''],
  ['a service of the cluster alone', service([{ port: 80 }], 'ClusterIP'), ''],
  [
    'a route',
    route({ hostnames: ['a.example', '*.example'], rules: [{ matches: [{ path: { value: '/x' } }] }, {}] }),
    'http://a.example/x',
  ],
  [
    'a route to a listener for https',
    route({ hostnames: ['a.example'], parentRefs: [{ sectionName: 'https' }] }),
    'https://a.example',
  ],
  ['a route for all hosts', route({}), ''],
  [
    'an annotation',
    linked({ 'link.argocd.argoproj.io/docs': 'https://docs.example/web?a=b#c' }),
    'https://docs.example/web?a=b#c',
  ],
  [
    'an annotation with a title',
    linked({ 'link.argocd.argoproj.io/docs': 'The docs | https://docs.example' }),
    'https://docs.example (The docs)',
  ],
  ['a script', linked({ 'link.argocd.argoproj.io/x': 'javascript:alert(1)' }), ''],
  ['a script behind a title', linked({ 'link.argocd.argoproj.io/x': 'x|data:text/html,x' }), ''],
  ['credentials', linked({ 'link.argocd.argoproj.io/x': 'https://me:secret@a.example' }), ''],
  [
    'a quote that would end an attribute',
    linked({ 'link.argocd.argoproj.io/x': 'https://a.example/"onload=x' }),
    '',
  ],
  [
    'an endless address',
    linked({ 'link.argocd.argoproj.io/x': `https://a.example/${'x'.repeat(3000)}` }),
    '',
  ],
  [
    'annotations instead of the defaults',
    ingress(
      { rules: [{ host: 'a.example' }] },
      {
        annotations: {
          'argocd.argoproj.io/ignore-default-links': 'true',
          'link.argocd.argoproj.io/x': 'https://b.example',
        },
      },
    ),
    'https://b.example',
  ],
  [
    'one address twice',
    ingress({ rules: [{ host: 'a.example' }, { host: 'a.example' }] }),
    'http://a.example',
  ],
])('%s leads to its addresses', (_, of, expected) => {
  const shown = concludeLinks(of).links.map(({ url, title }) =>
    title === undefined ? url : `${url} (${title})`,
  );
  expect(shown.join(' ')).toBe(expected);
});

test('an object with very many addresses tells the first', () => {
  const rules = Array.from({ length: 500 }, (_, i) => ({ host: `h${i}.example` }));
  expect(concludeLinks(ingress({ rules })).links).toHaveLength(50);
});

test('images are those of all containers, each once', () => {
  const containers = [{ image: 'a' }, { image: 'b' }, { image: 'a' }, null, { image: 3 }];
  const pod = { containers, initContainers: [{ image: 'c' }], ephemeralContainers: [{ image: 'd' }] };
  const job = { template: { spec: pod } };
  for (const spec of [pod, job, { jobTemplate: { spec: job } }])
    expect(concludeLinks(object('x/v1', 'X', { spec })).images.join(' ')).toBe('a b c d');
});
