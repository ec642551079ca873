import { describe, expect, it } from 'vitest';
import { readApplication } from './read-application.ts';

const metadata = { name: 'web', namespace: 'argocd', uid: 'u', generation: 3 };
const source = { repoURL: 'https://git.example.com/fleet.git', path: 'apps/web', targetRevision: 'main' };
const destination = { server: 'https://kubernetes.default.svc', namespace: 'shop' };
const spec = { project: 'default', source, destination };

function read(over: Record<string, unknown>, top: Record<string, unknown> = {}) {
  return readApplication({
    apiVersion: 'argoproj.io/v1alpha1',
    kind: 'Application',
    metadata,
    spec: { ...spec, ...over },
    ...top,
  });
}

function show(over: Record<string, unknown>, top: Record<string, unknown> = {}): string {
  const reading = read(over, top);
  if (reading.kind === 'invalid') {
    return reading.problems.map(({ code, message }) => `${code} ${message}`).join('\n');
  }
  if (reading.kind !== 'delivery') return reading.kind;
  const { recipe, cluster, policy, source: id } = reading.delivery;
  const flags = ['prune', 'selfHeal', 'allowEmpty', 'createNamespace', 'force'] as const;
  return [
    `${id} ${recipe.path} ${recipe.type}`,
    `${cluster.kind === 'name' ? cluster.name : cluster.kind === 'server' ? cluster.server : cluster.kind}`,
    `${policy.mode} ${flags.filter((flag) => policy[flag]).join(' ')}`.trim(),
    `retry ${policy.retry.limit} ${policy.retry.baseMs} ${policy.retry.factor} ${policy.retry.maxMs}`,
  ].join(' | ');
}

const id = 'git:https://git.example.com/fleet.git@main';
const head = `${id} apps/web auto | hub`;

describe('a readable Application', () => {
  it.each<[string, Record<string, unknown>, string]>([
    ['without automated is manual and never retries', {}, `${head} | manual | retry 0 10000 2 180000`],
    [
      'with an empty automated is automatic, and retries five times',
      { syncPolicy: { automated: {} } },
      `${head} | automatic | retry 5 10000 2 180000`,
    ],
    [
      'with enabled: false is manual, whatever else automated says',
      { syncPolicy: { automated: { enabled: false, prune: true } } },
      `${head} | manual | retry 0 10000 2 180000`,
    ],
    [
      'with prune, selfHeal and allowEmpty carries them',
      { syncPolicy: { automated: { prune: true, selfHeal: true, allowEmpty: true } } },
      `${head} | automatic prune selfHeal allowEmpty | retry 5 10000 2 180000`,
    ],
    [
      'retries first after duration times factor',
      {
        syncPolicy: {
          automated: {},
          retry: { limit: 2, backoff: { duration: '2s', factor: 3, maxDuration: '1m' } },
        },
      },
      `${head} | automatic | retry 2 6000 3 60000`,
    ],
    [
      'retries for ever with a negative limit',
      { syncPolicy: { automated: {}, retry: { limit: -1 } } },
      `${head} | automatic | retry ${Number.MAX_SAFE_INTEGER} 10000 2 180000`,
    ],
    [
      'creates the namespace when asked to; harmless options change nothing',
      {
        syncPolicy: {
          syncOptions: ['CreateNamespace=true', 'ServerSideApply=true', 'Validate=false', 'PruneLast=true'],
        },
      },
      `${head} | manual createNamespace | retry 0 10000 2 180000`,
    ],
    [
      'never prunes with Prune=false',
      { syncPolicy: { automated: { prune: true }, syncOptions: ['Prune=false'] } },
      `${head} | automatic | retry 5 10000 2 180000`,
    ],
    [
      'takes the one element of sources',
      { source: undefined, sources: [source] },
      `${head} | manual | retry 0 10000 2 180000`,
    ],
    [
      'goes to a cluster by name',
      { destination: { name: 'edge', namespace: 'shop' } },
      `${id} apps/web auto | edge | manual | retry 0 10000 2 180000`,
    ],
    [
      'treats tool options without content as absent',
      { source: { ...source, helm: { valueFiles: [] }, directory: { recurse: false } } },
      `${head} | manual | retry 0 10000 2 180000`,
    ],
    [
      'accepts null where a field may be absent',
      { source: { ...source, helm: null }, syncPolicy: null },
      `${head} | manual | retry 0 10000 2 180000`,
    ],
  ])('%s', (_sentence, over, expected) => {
    expect(show(over)).toBe(expected);
  });

  it('marks objects of another namespace with both names', () => {
    const reading = read({}, { metadata: { ...metadata, namespace: 'team-a' } });
    expect(reading.kind === 'delivery' && reading.delivery.mark).toEqual({
      kind: 'tracking-id',
      annotation: 'argocd.argoproj.io/tracking-id',
      app: 'team-a_web',
      namespace: 'shop',
    });
  });

  it('gives Helm the name of the Application and substitutes the build environment', () => {
    const helm = { parameters: [{ name: 'host', value: '$ARGOCD_APP_NAME.$ARGOCD_APP_NAMESPACE.$$x' }] };
    const reading = read({ source: { ...source, helm } });
    expect(reading.kind === 'delivery' && reading.delivery.recipe.helm).toEqual({
      releaseName: 'web',
      namespace: 'shop',
      parameters: [{ name: 'host', value: 'web.shop.$x' }],
    });
  });

  it.each<[string, readonly string[], string]>([
    ['no finalizer: nothing cascades', [], 'orphan Foreground'],
    ['the plain finalizer', ['resources-finalizer.argocd.argoproj.io'], 'delete Foreground'],
    ['background', ['resources-finalizer.argocd.argoproj.io/background'], 'delete Background'],
    ['a foreign finalizer', ['example.com/other'], 'orphan Foreground'],
  ])('deletes by finalizer: %s', (_sentence, finalizers, expected) => {
    const reading = read({}, { metadata: { ...metadata, finalizers } });
    if (reading.kind !== 'delivery') throw new Error('expected a delivery');
    expect(`${reading.delivery.deletion.mode} ${reading.delivery.deletion.propagation}`).toBe(expected);
  });
});

describe('an operation', () => {
  const managedFields = (time: string) => [{ manager: 'x', time, fieldsV1: { 'f:operation': {} } }];
  const order = (operation: Record<string, unknown>, time = '2026-01-01T00:00:00Z') => {
    const reading = read({}, { operation, metadata: { ...metadata, managedFields: managedFields(time) } });
    return reading.kind === 'delivery' ? reading.delivery.order : show({}, { operation });
  };

  it('about more resources than can be kept with a sync is refused', () => {
    const resources = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ kind: 'ConfigMap', name: `c${index}` }));
    expect(order({ sync: { resources: resources(5_000) } })).toMatchObject({ prune: false });
    expect(order({ sync: { resources: resources(5_001) } })).toContain('at most 5000 resources');
  });

  it('is an order with its revision, prune and dry run', () => {
    expect(order({ sync: { revision: 'abc', prune: true, dryRun: true } })).toMatchObject({
      revision: 'abc',
      prune: true,
      dryRun: true,
    });
  });

  it('has the same token as long as it stands, and another one when it is written again', () => {
    const [first, again, later] = [
      order({ sync: {} }),
      order({ sync: {} }),
      order({ sync: {} }, '2026-01-01T00:00:09Z'),
    ];
    expect(first).toEqual(again);
    expect(first).not.toEqual(later);
  });

  it('of single resources is about these alone', () => {
    expect(order({ sync: { resources: [{ kind: 'ConfigMap', name: 'a' }] } })).toMatchObject({
      only: [{ group: '', kind: 'ConfigMap', name: 'a' }],
    });
  });

  it('by the strategy apply leaves the hooks out', () => {
    expect(order({ sync: { syncStrategy: { apply: {} } } })).toMatchObject({ skipHooks: true });
  });
});

describe('an unreadable Application', () => {
  it.each<[string, Record<string, unknown>, string]>([
    [
      'names the type that was expected',
      { source: { ...source, repoURL: 7 } },
      'FIELD_INVALID spec.source.repoURL: expected a string, got a number',
    ],
    [
      'names the item of a list',
      { syncPolicy: { syncOptions: [true] } },
      'FIELD_INVALID spec.syncPolicy.syncOptions[0]: expected a string, got a boolean',
    ],
    [
      'needs a destination',
      { destination: { namespace: 'shop' } },
      'FIELD_INVALID spec.destination: Destination server missing from app spec',
    ],
    [
      'has one destination only',
      { destination: { name: 'a', server: 'https://b' } },
      "FIELD_INVALID spec.destination: application destination can't have both name and server defined: a https://b",
    ],
    ['needs a path', { source: { repoURL: source.repoURL } }, 'FIELD_INVALID spec.source.path: is required'],
    [
      'stays inside the repository',
      { source: { ...source, path: '../x' } },
      'FIELD_INVALID spec.source.path: expected a directory inside the repository',
    ],
    [
      'has one source',
      { sources: [source, source] },
      'FIELD_UNSUPPORTED spec.sources: more than one source is not supported yet',
    ],
    [
      'has a fetchable URL',
      { source: { ...source, repoURL: 'git@example.com:a/b.git' } },
      'GIT_URL_INVALID spec.source.repoURL: expected an http, https or file URL',
    ],
    [
      'has a path, not a chart',
      { source: { ...source, chart: 'redis' } },
      'FIELD_UNSUPPORTED spec.source.chart: is not supported yet',
    ],
    [
      'has no plugin',
      { source: { ...source, plugin: {} } },
      'FIELD_UNSUPPORTED spec.source.plugin: is not supported yet',
    ],
    [
      'is in the default project',
      { project: 'team-a' },
      "FIELD_UNSUPPORTED spec.project: the restrictions of projects other than 'default' are not supported yet",
    ],
    [
      'names places by pointers that are some',
      { ignoreDifferences: [{ kind: 'x' }, { kind: 'y', jsonPointers: ['/a', 'spec/replicas'] }] },
      'FIELD_INVALID spec.ignoreDifferences[1].jsonPointers[1]: expected a JSON pointer, such as /spec/replicas',
    ],
    [
      'names kinds by globs that are some',
      { ignoreDifferences: [{ group: '[', kind: 'y' }] },
      'FIELD_INVALID spec.ignoreDifferences[0].group: expected a glob of at most 500 characters',
    ],
    [
      'says of which kind a difference is',
      { ignoreDifferences: [{ group: 'apps' }] },
      'FIELD_INVALID spec.ignoreDifferences[0].kind: is required',
    ],
    [
      'does not ask for a revision before it is known',
      { source: { ...source, helm: { parameters: [{ name: 'a', value: '$ARGOCD_APP_REVISION' }] } } },
      'FIELD_UNSUPPORTED spec.source.helm.parameters[0].value: $ARGOCD_APP_REVISION is not supported yet',
    ],
  ])('%s', (_sentence, over, expected) => {
    expect(show(over)).toBe(expected);
  });
});

describe('differences that are ignored', () => {
  const difference = {
    kind: 'Deploy*',
    name: 'web',
    jsonPointers: ['/spec/replicas'],
    jqPathExpressions: ['.spec.a[]'],
    managedFieldsManagers: ['scaler'],
  };
  const rule = {
    match: {
      group: { kind: 'glob', text: '' },
      kind: { kind: 'glob', text: 'Deploy*' },
      name: { kind: 'exact', text: 'web' },
    },
    field: 'spec.ignoreDifferences[0]',
    pointers: ['/spec/replicas'],
    jq: ['.spec.a[]'],
    managers: ['scaler'],
  };
  const lowered = (syncOptions: string[]): unknown => {
    const reading = read({ ignoreDifferences: [difference], syncPolicy: { syncOptions } });
    if (reading.kind !== 'delivery') return reading;
    const { ignore, respectIgnored } = reading.delivery;
    return { ignore, respectIgnored };
  };

  it('are rules, of the core group where none is named', () =>
    expect(lowered([])).toEqual({ ignore: [rule], respectIgnored: false }));
  it('are not written either with RespectIgnoreDifferences', () =>
    expect(lowered(['RespectIgnoreDifferences=true'])).toEqual({ ignore: [rule], respectIgnored: true }));
});
