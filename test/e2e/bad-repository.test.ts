// What can be wrong in a repository. Each failure is told with its code and its place; every other delivery goes on,
// nothing is deleted, and a good commit ends it without further help.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Manifest } from './rig/cluster.ts';
import { expectCoded, type Failure } from './rig/expect-coded.ts';
import { named, openFleet } from './rig/fleet.ts';
import type { Files, Repo } from './rig/repo.ts';
import {
  application,
  configMapRef,
  configMapYaml,
  gitRepository,
  kustomization,
  namespaceYaml,
} from './rig/resources.ts';
import { createWitness, type Witness, withoutDeletions } from './rig/steady.ts';

const fleet = openFleet();
const { east, west } = fleet.clusters;
const app = 'app/e2e-bad';
const ks = 'ks/e2e-bad';
const loop = 'app/e2e-bad-loop';
const victims = [
  { cluster: east, object: configMapRef('e2e-bad', 'one') },
  { cluster: west, object: configMapRef('e2e-bad', 'one') },
] as const;
let repo: Repo;
let witness: Witness;

const chart: Files = {
  'loop/Chart.yaml': 'apiVersion: v2\nname: loop\nversion: 1.0.0\n',
  // Ten thousand million rounds: no renderer ends them before its deadline.
  'loop/templates/loop.yaml': '{{ range until 100000 }}{{ range until 100000 }}{{ end }}{{ end }}\n',
};

beforeAll(async () => {
  witness = await createWitness(fleet, 'bad');
  repo = await fleet.repo('bad', {
    'app/one.yaml': configMapYaml('one', '1', 'e2e-bad'),
    'ks/namespace.yaml': namespaceYaml('e2e-bad'),
    'ks/one.yaml': configMapYaml('one', '1', 'e2e-bad'),
    ...chart,
  });
  await fleet.declare(
    application({ name: 'e2e-bad', repo: repo.url, path: 'app', namespace: 'e2e-bad' }),
    gitRepository({ name: 'e2e-bad', url: repo.url }),
    kustomization({ name: 'e2e-bad', source: 'e2e-bad', path: './ks', cluster: 'west' }),
  );
  await untilMended();
});

afterAll(() => fleet.close());

async function untilMended(commit?: string): Promise<void> {
  const wanted = commit ?? (await repo.copy.head());
  for (const short of [app, ks]) await fleet.untilReady(named(short), wanted, { timeoutMs: 120_000 });
}

interface Breakage {
  readonly what: string;
  readonly bad: Files;
  readonly good: Files;
  readonly app: Failure;
  readonly ks: Failure;
}

const brokenYaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: broken\ndata:\n\tkey: value\n';

const breakages: readonly Breakage[] = [
  {
    what: 'broken YAML',
    bad: { 'app/broken.yaml': brokenYaml, 'ks/broken.yaml': brokenYaml },
    good: { 'app/broken.yaml': null, 'ks/broken.yaml': null },
    app: { code: 'YAML_INVALID', text: 'app/broken.yaml:6' },
    ks: {
      code: 'KUSTOMIZE_FAILED',
      text: 'ks/broken.yaml: MalformedYAMLError: yaml: line 6',
      phrase: 'failed to decode Kubernetes YAML',
    },
  },
  {
    what: 'a path that is gone',
    bad: { 'app/one.yaml': null, 'ks/one.yaml': null, 'ks/namespace.yaml': null },
    good: {
      'app/one.yaml': configMapYaml('one', '1', 'e2e-bad'),
      'ks/one.yaml': configMapYaml('one', '1', 'e2e-bad'),
      'ks/namespace.yaml': namespaceYaml('e2e-bad'),
    },
    app: { code: 'PATH_NOT_FOUND', text: 'app' },
    ks: { code: 'PATH_NOT_FOUND', text: '/ks', phrase: 'kustomization path not found' },
  },
  {
    what: 'a directory that renders to nothing',
    bad: {
      'app/one.yaml': '# nothing\n',
      'ks/one.yaml': '# nothing\n',
      'ks/namespace.yaml': '# nothing\n',
    },
    good: {
      'app/one.yaml': configMapYaml('one', '1', 'e2e-bad'),
      'ks/one.yaml': configMapYaml('one', '1', 'e2e-bad'),
      'ks/namespace.yaml': namespaceYaml('e2e-bad'),
    },
    app: { code: 'RENDER_EMPTY' },
    ks: { code: 'RENDER_EMPTY' },
  },
  {
    what: 'an object that the API server refuses',
    bad: {
      'app/refused.yaml': configMapYaml('Not_A_Name', 'x', 'e2e-bad'),
      'ks/refused.yaml': configMapYaml('Not_A_Name', 'x', 'e2e-bad'),
    },
    good: { 'app/refused.yaml': null, 'ks/refused.yaml': null },
    app: { code: 'APPLY_INVALID', text: 'Not_A_Name', phrase: 'is invalid', event: false },
    ks: { code: 'APPLY_INVALID', text: 'Not_A_Name', phrase: 'dry-run failed (Invalid)' },
  },
];

test.each(breakages)('$what', async ({ bad, good, app: inApp, ks: inKs }) => {
  const before = await Promise.all(victims.map(({ cluster, object }) => cluster.need(object)));
  await withoutDeletions(fleet, async () => {
    await repo.push(bad);
    try {
      await expectCoded(fleet, app, inApp);
      await expectCoded(fleet, ks, inKs);
      await witness.goesOn();
    } finally {
      await repo.push(good);
    }
    await untilMended();
  });
  const after = await Promise.all(victims.map(({ cluster, object }) => cluster.need(object)));
  for (const [index, { metadata }] of after.entries())
    expect(metadata.resourceVersion).toBe(before[index]?.metadata.resourceVersion);
  for (const short of [app, ks])
    for (const row of await fleet.rows(short)) expect(row).not.toHaveProperty('message');
});

test('an unknown kind, until its definition is installed', async () => {
  const widget = 'apiVersion: e2e.weir.dev/v1\nkind: Widget\nmetadata:\n  name: w\n  namespace: e2e-bad\n';
  await withoutDeletions(fleet, async () => {
    const commit = await repo.push({ 'app/widget.yaml': widget, 'ks/widget.yaml': widget });
    const words = 'failed to discover server resources';
    await expectCoded(fleet, app, { code: 'KIND_UNKNOWN', text: 'e2e.weir.dev/v1', phrase: words });
    const phrase = 'no matches for kind "Widget" in version "e2e.weir.dev/v1"';
    await expectCoded(fleet, ks, { code: 'KIND_UNKNOWN', text: 'Widget', phrase });
    await witness.goesOn();
    for (const { cluster } of victims) await cluster.ensure(widgetDefinition);
    await untilMended(commit);
  });
  for (const { cluster } of victims)
    await cluster.need({ apiVersion: 'e2e.weir.dev/v1', kind: 'Widget', namespace: 'e2e-bad', name: 'w' });
  await untilMended(await repo.push({ 'app/widget.yaml': null, 'ks/widget.yaml': null }));
  for (const { cluster } of victims)
    await cluster.remove({
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      name: widgetDefinition.metadata.name,
    });
});

const widgetDefinition: Manifest = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.e2e.weir.dev' },
  spec: {
    group: 'e2e.weir.dev',
    scope: 'Namespaced',
    names: { kind: 'Widget', listKind: 'WidgetList', plural: 'widgets', singular: 'widget' },
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
  },
};

describe('a Helm chart', () => {
  test('whose template fails names the file and the line', async () => {
    const files = {
      'chart/Chart.yaml': 'apiVersion: v2\nname: failing\nversion: 1.0.0\n',
      'chart/templates/cm.yaml': `# one\n# two\nvalue: {{ required "the value is needed" .Values.value }}\n`,
    };
    await repo.push(files);
    await fleet.declare(
      application({ name: 'e2e-bad-chart', repo: repo.url, path: 'chart', namespace: 'e2e-bad' }),
    );
    await expectCoded(fleet, 'app/e2e-bad-chart', {
      code: 'TEMPLATE_FAILED',
      text: 'templates/cm.yaml:3',
    });
    const commit = await repo.push({ 'chart/templates/cm.yaml': configMapYaml('chart', '1') });
    await fleet.untilReady(named('app/e2e-bad-chart'), commit);
  });

  test('that calls itself without end fails', async () => {
    const endless = '{{ define "again" }}{{ include "again" . }}{{ end }}{{ include "again" . }}\n';
    await repo.push({ 'chart/templates/again.yaml': endless });
    await expectCoded(fleet, 'app/e2e-bad-chart', {
      code: 'TEMPLATE_FAILED',
      text: 'templates/again.yaml:1',
    });
    const commit = await repo.push({ 'chart/templates/again.yaml': null });
    await fleet.untilReady(named('app/e2e-bad-chart'), commit);
  });

  test('that loops is stopped at its deadline, and the others go on meanwhile', async () => {
    await fleet.declare(
      application({ name: 'e2e-bad-loop', repo: repo.url, path: 'loop', namespace: 'e2e-bad' }),
    );
    await witness.goesOn();
    await expectCoded(fleet, loop, { code: 'RENDER_TIMEOUT' }, { timeoutMs: 180_000 });
    await witness.goesOn();
    const commit = await repo.push({ 'loop/templates/loop.yaml': configMapYaml('loop', '1') });
    await fleet.untilReady(named(loop), commit);
  });
});
