import { describe, expect, it } from 'vitest';
import { gitRepository, kustomization } from '../conformance/samples.ts';
import { readFlux } from './read-flux.ts';

function problemsOf(reading: ReturnType<typeof readFlux>): string {
  return reading.kind === 'invalid'
    ? reading.problems.map(({ code, message }) => `${code} ${message}`).join('\n')
    : reading.kind;
}

const withSpec = (sample: typeof gitRepository, over: Record<string, unknown>) => ({
  ...sample,
  spec: { ...(sample.spec as object), ...over },
});

describe('a GitRepository', () => {
  it.each<[string, unknown, string]>([
    ['without ref is the branch master', undefined, 'branch master'],
    ['by branch', { branch: 'dev' }, 'branch dev'],
    ['by tag rather than branch', { branch: 'dev', tag: 'v1' }, 'tag v1'],
    ['by semver rather than tag', { tag: 'v1', semver: '>=1.0.0' }, 'semver >=1.0.0'],
    ['by name rather than semver', { semver: '1.x', name: 'refs/heads/x' }, 'name refs/heads/x'],
    [
      'by commit rather than all, with its branch',
      { name: 'refs/heads/x', commit: 'abc', branch: 'dev' },
      'commit abc dev',
    ],
  ])('%s', (_sentence, ref, expected) => {
    const reading = readFlux(withSpec(gitRepository, { ref }));
    if (reading.kind !== 'source') throw new Error(problemsOf(reading));
    expect(Object.values(reading.source.ref).join(' ')).toBe(expected);
  });

  it('has a timeout of a minute, and the credentials of its own namespace', () => {
    const reading = readFlux(withSpec(gitRepository, { secretRef: { name: 'git' } }));
    expect(reading).toMatchObject({
      kind: 'source',
      source: {
        id: 'flux:GitRepository:shop/fleet',
        intervalMs: 600_000,
        timeoutMs: 60_000,
        suspended: false,
        credentials: { kind: 'secret', namespace: 'shop', name: 'git' },
      },
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'ssh',
      { url: 'ssh://git@example.com/a.git' },
      'GIT_URL_INVALID spec.url: expected an http, https or file URL',
    ],
    [
      'a password in the URL',
      { url: 'https://a:b@example.com/a.git' },
      'GIT_URL_INVALID spec.url: expected a URL without a password; put it into a Secret',
    ],
    ['no URL', { url: undefined }, 'FIELD_INVALID spec.url: is required'],
    [
      'an interval without unit',
      { interval: '10' },
      "FIELD_INVALID spec.interval: expected a duration as 10m or 1h30m, got '10'",
    ],
    [
      'an unknown provider',
      { provider: 'x' },
      "FIELD_INVALID spec.provider: expected one of generic, aws, azure, github, got 'x'",
    ],
    [
      'another provider',
      { provider: 'aws' },
      'FIELD_UNSUPPORTED spec.provider: provider aws is not supported yet',
    ],
    ['ignore rules', { ignore: '*.md' }, 'FIELD_UNSUPPORTED spec.ignore: is not supported yet'],
    ['verification', { verify: { mode: 'HEAD' } }, 'FIELD_UNSUPPORTED spec.verify: is not supported yet'],
  ])('is refused with %s', (_sentence, over, expected) => {
    expect(problemsOf(readFlux(withSpec(gitRepository, over)))).toBe(expected);
  });
});

describe('a Kustomization', () => {
  const read = (over: Record<string, unknown>) => {
    const reading = readFlux(withSpec(kustomization, over));
    if (reading.kind !== 'delivery') throw new Error(problemsOf(reading));
    return reading.delivery;
  };

  it('becomes a delivery with owner labels', () => {
    expect(read({})).toMatchObject({
      id: 'flux:Kustomization:shop/web',
      source: 'flux:GitRepository:shop/fleet',
      recipe: { path: 'web', type: 'kustomize', kustomize: { mode: 'flux' } },
      cluster: { kind: 'hub' },
      namespace: '',
      mark: {
        kind: 'labels',
        labels: {
          'kustomize.toolkit.fluxcd.io/name': 'web',
          'kustomize.toolkit.fluxcd.io/namespace': 'shop',
        },
      },
      fieldManager: 'kustomize-controller',
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['interval alone', {}, 'timeout 570000 retry 600000'],
    ['a short interval has a timeout of 30 s', { interval: '40s' }, 'timeout 30000 retry 40000'],
    ['an explicit timeout has the same floor', { timeout: '8s' }, 'timeout 30000 retry 600000'],
    ['both given', { timeout: '2m', retryInterval: '1m30s' }, 'timeout 120000 retry 90000'],
  ])('times: %s', (_sentence, over, expected) => {
    const { policy } = read(over);
    expect(`timeout ${policy.timeoutMs} retry ${policy.retry.baseMs}`).toBe(expected);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ['prune mirrors to delete', {}, 'delete'],
    ['without prune everything stays', { prune: false }, 'orphan'],
    ['Delete, even without prune', { prune: false, deletionPolicy: 'Delete' }, 'delete'],
    ['Orphan, even with prune', { deletionPolicy: 'Orphan' }, 'orphan'],
    ['suspended leaves everything', { suspend: true }, 'orphan'],
  ])('deletion: %s', (_sentence, over, expected) => {
    expect(read(over).deletion.mode).toBe(expected);
  });

  it('acts as an account of its own namespace, or as nobody else', () => {
    expect(read({ serviceAccountName: 'deployer' }).impersonate).toEqual({
      namespace: 'shop',
      name: 'deployer',
    });
    expect(read({ serviceAccountName: '' }).impersonate).toBeUndefined();
  });

  it('reads dependencies, remote cluster and build options', () => {
    const delivery = read({
      dependsOn: [{ name: 'base' }, { name: 'crds', namespace: 'infra' }],
      kubeConfig: { secretRef: { name: 'edge', key: 'config' } },
      targetNamespace: 'prod',
      namePrefix: 'x-',
      images: [{ name: 'app', newTag: 'v2' }],
      path: './',
    });
    expect(delivery.dependsOn).toEqual(['flux:Kustomization:shop/base', 'flux:Kustomization:infra/crds']);
    expect(delivery.cluster).toEqual({
      kind: 'kubeconfig-secret',
      namespace: 'shop',
      name: 'edge',
      key: 'config',
    });
    expect(delivery.recipe).toEqual({
      path: '.',
      type: 'kustomize',
      kustomize: {
        mode: 'flux',
        namePrefix: 'x-',
        namespace: 'prod',
        imageOverrides: [{ name: 'app', newTag: 'v2' }],
      },
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'another source',
      { sourceRef: { kind: 'Bucket', name: 'b' } },
      'FIELD_UNSUPPORTED spec.sourceRef.kind: only GitRepository is supported yet, not Bucket',
    ],
    [
      'substitution',
      { postBuild: { substitute: { a: 'b' } } },
      'FIELD_UNSUPPORTED spec.postBuild: variable substitution is not supported yet',
    ],
    [
      'decryption',
      { decryption: { provider: 'sops' } },
      'FIELD_UNSUPPORTED spec.decryption: decryption is not supported yet',
    ],
    [
      'a health check without a name',
      { healthChecks: [{ kind: 'Deployment' }] },
      'FIELD_INVALID spec.healthChecks[0].name: is required',
    ],
    [
      'two entries of expressions for one kind',
      {
        healthCheckExprs: [
          { apiVersion: 'a.example/v1', kind: 'A', current: 'true' },
          { apiVersion: 'a.example/v2', kind: 'A', current: 'true' },
        ],
      },
      'FIELD_INVALID spec.healthCheckExprs[1]: a second entry for A of a.example/v2; expected one for a kind',
    ],
    [
      'expressions without the one that counts',
      { healthCheckExprs: [{ apiVersion: 'a.example/v1', kind: 'A', current: ' ' }] },
      'FIELD_INVALID spec.healthCheckExprs[0].current: expected a CEL expression',
    ],
    [
      'an expression that is too long',
      { healthCheckExprs: [{ apiVersion: 'a.example/v1', kind: 'A', current: 'x'.repeat(20_000) }] },
      'FIELD_INVALID spec.healthCheckExprs[0].current: expected 16384 characters at most',
    ],
    [
      'a ready expression',
      { dependsOn: [{ name: 'a', readyExpr: 'true' }] },
      'FIELD_UNSUPPORTED spec.dependsOn[0].readyExpr: is not supported yet',
    ],
    [
      'an account whose name would be another user',
      { serviceAccountName: 'a:system:masters' },
      'FIELD_INVALID spec.serviceAccountName: expected the name of a ServiceAccount in the same namespace',
    ],
    [
      'an account with a line break',
      { serviceAccountName: 'a\nimpersonate-group: system:masters' },
      'FIELD_INVALID spec.serviceAccountName: expected the name of a ServiceAccount in the same namespace',
    ],
    [
      'a path out of the source',
      { path: '../x' },
      'FIELD_INVALID spec.path: expected a directory inside the source',
    ],
    ['a text for prune', { prune: 'yes' }, 'FIELD_INVALID spec.prune: expected true or false, got a string'],
    [
      'a wrong item',
      { dependsOn: [{ name: 7 }] },
      'FIELD_INVALID spec.dependsOn[0].name: expected a string, got a number',
    ],
  ])('is refused with %s', (_sentence, over, expected) => {
    expect(problemsOf(readFlux(withSpec(kustomization, over)))).toBe(expected);
  });

  it('leaves ignored fields to others, by expressions over whole names', () => {
    const ignore = [
      { paths: ['/spec/replicas'], target: { kind: 'Deployment|StatefulSet', name: 'web-.*' } },
      { paths: [''] },
    ];
    expect(read({ ignore })).toMatchObject({
      respectIgnored: true,
      ignore: [
        {
          field: 'spec.ignore[0]',
          match: {
            kind: { kind: 'regex', text: 'Deployment|StatefulSet' },
            name: { kind: 'regex', text: 'web-.*' },
          },
          pointers: ['/spec/replicas'],
        },
        { field: 'spec.ignore[1]', match: {}, pointers: [''] },
      ],
    });
  });

  it.each<[string, Record<string, unknown>, string]>([
    [
      'a path that is no pointer',
      { paths: ['/a', 'spec/replicas'] },
      'FIELD_INVALID spec.ignore[0].paths[1]: expected a JSON pointer, such as /spec/replicas',
    ],
    ['no path', { target: { kind: 'Deployment' } }, 'FIELD_INVALID spec.ignore[0].paths: is required'],
    [
      'an expression that is none',
      { paths: ['/a'], target: { name: '(' } },
      'FIELD_INVALID spec.ignore[0].target.name: expected a regular expression of at most 500 characters, without flags and classes by name',
    ],
    [
      'a label selector',
      { paths: ['/a'], target: { labelSelector: 'a=b' } },
      'FIELD_UNSUPPORTED spec.ignore[0].target.labelSelector: selecting by it is not supported yet',
    ],
  ])('is refused with an ignore rule with %s', (_sentence, rule, expected) => {
    expect(problemsOf(readFlux(withSpec(kustomization, { ignore: [rule] })))).toBe(expected);
  });

  const check = { kind: 'Deployment', name: 'web', namespace: 'shop' };

  it('waits for the objects that its health checks name, which are Deployments or their like', () => {
    expect(read({ healthChecks: [check] }).healthChecks).toEqual([
      { group: 'apps', version: 'v1', kind: 'Deployment', namespace: 'shop', name: 'web' },
    ]);
  });

  it('accepts health checks beside wait, as Flux ignores them there', () => {
    const delivery = read({ wait: true, healthChecks: [check] });
    expect([delivery.policy.wait, delivery.healthChecks]).toEqual([true, undefined]);
  });

  it('takes expressions by kind, whatever their version', () => {
    const entry = { apiVersion: 'a.example/v1', kind: 'A', current: 'c', failed: 'f', inProgress: '' };
    expect(read({ healthCheckExprs: [entry] }).healthExpressions).toEqual([
      { group: 'a.example', kind: 'A', field: 'spec.healthCheckExprs[0]', current: 'c', failed: 'f' },
    ]);
  });
});
