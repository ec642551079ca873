import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listingDigest } from './listing-digest.ts';
import type { RenderRequest } from './messages.ts';
import { createRenderPool, type RenderOutcome, type RenderPool } from './render-pool.ts';
import { renderBinary } from './testing/native-binary.ts';
import { type TestSnapshot, writeSnapshot } from './testing/write-snapshot.ts';

const configMap = (name: string, data = '') =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${data}`;
const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 1
  template: {spec: {containers: [{name: c, image: "example.com/web:1"}]}}
`;
const chart = (name: string, more = '') => `apiVersion: v2\nname: ${name}\nversion: 1.0.0\n${more}`;
const link = (target: string) => ({ text: target, mode: '120000' });

const files = {
  'plain/a.yaml': `${configMap('a')}---\n# a comment\n\n${configMap('b')}`,
  'plain/deep/c.json': JSON.stringify([{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'c' } }]),
  'plain/deep/list.yml': `kind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: d}}\n`,
  'plain/deep/skip.yaml': `# +argocd:skip-file-rendering\n${configMap('skipped')}`,
  'plain/values.yaml': 'replicas: 3\n',
  'broken/a.yaml': `${configMap('a')}---\n${configMap('b')}data: [1, 2\n`,
  'nameless/a.yaml': `${configMap('a')}---\napiVersion: v1\nkind: ConfigMap\nmetadata: {}\n`,
  'escape/a.yaml': link('../../outside.yaml'),
  'absolute/a.yaml': link('/etc/passwd'),
  'linked/a.yaml': link('../plain/deep/list.yml'),
  'overlay/kustomization.yaml': 'resources: [../base]\n',
  'base/kustomization.yaml': 'resources: [web.yaml]\n',
  'base/web.yaml': deployment,
  'remote/kustomization.yaml': 'resources: ["https://user:secret@example.com/org/repo?ref=main"]\n',
  'fetched/kustomization.yaml': 'resources: ["https://example.com/file.yaml"]\n',
  'reaching/kustomization.yaml': 'resources: ["../../../../etc/hosts"]\n',
  'flux/web.yaml': deployment,
  'flux/sub/kustomization.yaml': 'resources: [cm.yaml]\nnamePrefix: sub-\n',
  'flux/sub/cm.yaml': configMap('cm'),
  'nothing/README.md': 'no manifests here',
  'notobjects/a.yaml': 'replicas: 3\n',
  'chart/Chart.yaml': chart('chart', 'dependencies: [{name: sub, version: 1.0.0}]\n'),
  'chart/.helmignore': '*.bak\n',
  'chart/values.yaml': 'color: chart\n',
  'chart/values-one.yaml': 'color: file\nsize: 1\n',
  'chart/templates/cm.yaml': configMap(
    '{{ .Release.Name }}',
    'data: {color: {{ .Values.color }}, size: {{ .Values.size | quote }}}\n',
  ),
  'chart/templates/old.yaml.bak': 'not a template {{',
  'chart/templates/test.yaml': configMap('test').replace(
    'metadata:',
    'metadata:\n  annotations: {helm.sh/hook: test}',
  ),
  'chart/crds/crd.yaml': configMap('crd'),
  'chart/charts/sub/Chart.yaml': chart('sub'),
  'chart/charts/sub/templates/cm.yaml': configMap('sub'),
  'orphan/Chart.yaml': chart('orphan', 'dependencies: [{name: gone, version: 1.0.0}]\n'),
  'random/Chart.yaml': chart('random'),
  'random/templates/cm.yaml': configMap('{{ randAlphaNum 8 | lower }}'),
  'failing/Chart.yaml': chart('failing'),
  'failing/templates/cm.yaml': '{{ include "x" . }}',
  'chained/Chart.yaml': chart('chained'),
  'chained/templates/cm.yaml': '{{ include "x" . }}',
  'chained/templates/_x.tpl': '{{ define "x" }}\n\n{{ .Values.no.such.value }}{{ end }}',
  'failing/templates/_x.tpl': '{{ define "x" }}\n\n{{ required "color is required" .Values.color }}{{ end }}',
};

let pool: RenderPool;
let snapshot: TestSnapshot;

beforeAll(async () => {
  pool = createRenderPool({ binary: await renderBinary(), size: 1 });
  snapshot = writeSnapshot(files);
});

afterAll(async () => {
  await pool.close();
  snapshot.remove();
});

function render(path: string, more: Partial<RenderRequest> = {}): Promise<RenderOutcome> {
  const { id, manifest, blobs } = snapshot;
  return pool.render({ snapshot: { id, manifest, blobs }, path, type: 'auto', ...more });
}

/** One line per object: kind/namespace/name and the place; or code, place and message. */
function shown(outcome: RenderOutcome): string[] {
  if (!outcome.ok) {
    const { code, message, file = '', line = 0 } = outcome.error;
    return [`${code} ${file}:${line} ${message}`];
  }
  return outcome.objects.map(({ object, origin }) => {
    const name = [object.kind, object.metadata.namespace, object.metadata.name]
      .filter((part) => part)
      .join('/');
    return origin === undefined ? name : `${name} ${origin.file}:${origin.line ?? 0}`;
  });
}

const helm = (more: Partial<NonNullable<RenderRequest['helm']>> = {}): Partial<RenderRequest> => ({
  helm: { releaseName: 'rel', namespace: 'default', ...more },
});

const flux: Partial<RenderRequest> = { type: 'kustomize', kustomize: { mode: 'flux' } };

describe('what is rendered', () => {
  const cases: Record<string, { path: string; more?: Partial<RenderRequest>; says: string[] }> = {
    'a directory does not recurse by itself': {
      path: './plain/',
      says: ['ConfigMap/a plain/a.yaml:1', 'ConfigMap/b plain/a.yaml:8'],
    },
    'a directory with an include glob that crosses slashes': {
      path: 'plain',
      more: { directory: { recurse: true, include: '*{c,list}.*' } },
      says: ['ConfigMap/c plain/deep/c.json:1', 'ConfigMap/d plain/deep/list.yml:1'],
    },
    'exclude wins over include': {
      path: 'plain',
      more: { directory: { recurse: true, include: '*', exclude: 'deep/*' } },
      says: ['ConfigMap/a plain/a.yaml:1', 'ConfigMap/b plain/a.yaml:8'],
    },
    'a symlink inside the repository': { path: 'linked', says: ['ConfigMap/d linked/a.yaml:1'] },
    'a symlink out of the repository': {
      path: 'escape',
      says: ['PATH_ESCAPES_SNAPSHOT escape/a.yaml:0 path "escape/a.yaml" leaves the repository'],
    },
    'an absolute symlink': {
      path: 'absolute',
      says: [
        'PATH_ESCAPES_SNAPSHOT absolute/a.yaml:0 symlink "absolute/a.yaml" points outside the repository',
      ],
    },
    'broken YAML, with the line of the file': {
      path: 'broken',
      says: ["YAML_INVALID broken/a.yaml:10 yaml: line 5: did not find expected ',' or ']'"],
    },
    'an object without a name': {
      path: 'nameless',
      says: ['OBJECT_INVALID nameless/a.yaml:6 ConfigMap in nameless/a.yaml has no metadata.name'],
    },
    'a missing path': {
      path: 'absent/app',
      says: ['PATH_NOT_FOUND :0 path "absent/app" is not a directory of the commit'],
    },
    'a kustomization over a base': { path: 'overlay', says: ['Deployment/web'] },
    'edits of the root kustomization': {
      path: 'overlay',
      more: {
        kustomize: { mode: 'kustomize', namePrefix: 'p-', namespace: 'ns', images: ['example.com/web:2'] },
      },
      says: ['Deployment/ns/p-web'],
    },
    'a remote base': {
      path: 'remote',
      says: [
        'REMOTE_BASE_REFUSED remote/kustomization.yaml:0 remote base "https://***@example.com/org/repo?ref=main" is not fetched; put it into the repository',
      ],
    },
    'a remote file': {
      path: 'fetched',
      says: [
        'REMOTE_BASE_REFUSED fetched/kustomization.yaml:0 remote base "https://example.com/file.yaml" is not fetched; put it into the repository',
      ],
    },
    'a base beyond the repository': {
      path: 'reaching',
      says: ['PATH_ESCAPES_SNAPSHOT :0 path "/etc/hosts" leaves the repository'],
    },
    'flux generates a kustomization': {
      path: 'flux',
      more: { type: 'kustomize', kustomize: { mode: 'flux', targetNamespace: 'ns' } },
      says: ['ConfigMap/ns/sub-cm', 'Deployment/ns/web'],
    },
    'flux and an empty directory': { path: 'nothing', more: flux, says: [] },
    'flux and files that are no objects': {
      path: 'notobjects',
      more: flux,
      says: [
        'KUSTOMIZE_FAILED notobjects/a.yaml:0 failed to decode Kubernetes YAML from /notobjects/a.yaml: missing Resource metadata',
      ],
    },
    'a chart': {
      path: 'chart',
      more: helm(),
      says: [
        'ConfigMap/crd chart/crds/crd.yaml:0',
        'ConfigMap/sub chart/charts/sub/templates/cm.yaml:0',
        'ConfigMap/rel chart/templates/cm.yaml:0',
        'ConfigMap/test chart/templates/test.yaml:0',
      ],
    },
    'a chart without CRDs and tests': {
      path: 'chart',
      more: helm({ skipCrds: true, skipTests: true }),
      says: ['ConfigMap/sub chart/charts/sub/templates/cm.yaml:0', 'ConfigMap/rel chart/templates/cm.yaml:0'],
    },
    'a chart whose dependency is missing': {
      path: 'orphan',
      more: helm(),
      says: [
        'DEPENDENCY_MISSING orphan/Chart.yaml:0 found in Chart.yaml, but missing in charts/ directory: gone',
      ],
    },
    'a values file that is missing': {
      path: 'chart',
      more: helm({ valueFiles: ['absent.yaml'] }),
      says: ['VALUES_FILE_NOT_FOUND :0 open absent.yaml: no such file or directory'],
    },
    'a template that refuses its values': {
      path: 'failing',
      more: helm(),
      says: [
        'TEMPLATE_FAILED failing/templates/cm.yaml:1 execution error at (failing/templates/cm.yaml:1:3): color is required',
      ],
    },
  };
  for (const [name, { path, more, says }] of Object.entries(cases)) {
    it(name, async () => {
      expect(shown(await render(path, more))).toEqual(says);
    });
  }
});

it('finds the innermost place of a failing template', async () => {
  expect(await render('chained', helm())).toMatchObject({
    error: { code: 'TEMPLATE_FAILED', file: 'chained/templates/_x.tpl', line: 3 },
  });
});

describe('helm values', () => {
  const cases: Record<string, [Partial<NonNullable<RenderRequest['helm']>>, unknown]> = {
    'the chart': [{}, { color: 'chart', size: null }],
    'a file over the chart': [{ valueFiles: ['values-*.yaml'] }, { color: 'file', size: '1' }],
    'values over files': [
      { valueFiles: ['values-one.yaml'], values: 'color: text' },
      { color: 'text', size: '1' },
    ],
    'an object instead of the text': [
      { values: 'color: text\nsize: 9', valuesObject: { color: 'object' } },
      { color: 'object', size: null },
    ],
    'parameters over all': [
      {
        valuesObject: { color: 'object' },
        parameters: [
          { name: 'color', value: 'set' },
          { name: 'size', value: '007', forceString: true },
        ],
      },
      { color: 'set', size: '007' },
    ],
    'missing files, ignored': [
      { valueFiles: ['absent.yaml'], ignoreMissingValueFiles: true },
      { color: 'chart', size: null },
    ],
  };
  for (const [name, [options, data]] of Object.entries(cases)) {
    it(name, async () => {
      const outcome = await render('chart', helm(options));
      const objects = outcome.ok ? outcome.objects : [];
      expect(objects.find(({ object }) => object.metadata.name === 'rel')?.object.data).toEqual(data);
    });
  }

  it('marks what cannot be reproduced, and only that', async () => {
    expect(await render('random', helm())).toMatchObject({ ok: true, unreproducible: true });
    expect(await render('chart', helm())).toMatchObject({ ok: true, unreproducible: false });
  });
});

describe('read sets', () => {
  const oids = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, snapshot.oids[path]]));
  const listing = (...names: string[]) =>
    listingDigest(names.map((name) => ({ name: name.replace('/', ''), isDirectory: name.endsWith('/') })));

  it('of a directory', async () => {
    expect((await render('plain')).reads).toEqual({
      files: oids('plain/a.yaml', 'plain/values.yaml'),
      dirs: { plain: listing('a.yaml', 'deep/', 'values.yaml') },
      misses: [],
    });
  });

  it('of a symlink: the link and its target', async () => {
    expect((await render('linked')).reads?.files).toEqual(oids('linked/a.yaml', 'plain/deep/list.yml'));
  });

  it('of a kustomization: the base, and the names that kustomize looked for', async () => {
    expect((await render('overlay')).reads).toEqual({
      files: oids('base/kustomization.yaml', 'base/web.yaml', 'overlay/kustomization.yaml'),
      dirs: { overlay: listing('kustomization.yaml') },
      misses: [
        'base/Kustomization',
        'base/kustomization.yml',
        'overlay/Kustomization',
        'overlay/kustomization.yml',
      ],
    });
  });

  it('of a chart: its whole subtree, without ignored files', async () => {
    const reads = (
      await render('chart', helm({ valueFiles: ['absent.yaml'], ignoreMissingValueFiles: true }))
    ).reads;
    const chartFiles = Object.keys(files).filter(
      (path) => path.startsWith('chart/') && !path.endsWith('.bak'),
    );
    expect(reads?.files).toEqual(oids(...chartFiles));
    expect(Object.keys(reads?.dirs ?? {}).sort()).toEqual([
      'chart',
      'chart/charts',
      'chart/charts/sub',
      'chart/charts/sub/templates',
      'chart/crds',
      'chart/templates',
    ]);
    expect(reads?.misses).toEqual(['chart/absent.yaml']);
  });

  it('of failures', async () => {
    expect((await render('broken')).reads?.files).toEqual(oids('broken/a.yaml'));
    expect((await render('absent/app')).reads).toEqual({ files: {}, dirs: {}, misses: ['absent'] });
    expect((await render('orphan', helm())).reads?.dirs).toEqual({ orphan: listing('Chart.yaml') });
  });
});

describe('an answer to one who knows objects already', () => {
  const many = (changed: string): TestSnapshot =>
    writeSnapshot({
      'app/a.yaml': configMap('a'),
      'app/b.yaml': `${configMap('b1')}---\n${configMap(changed)}`,
      'app/c.yaml': `apiVersion: v1\nkind: List\nitems:\n- ${JSON.stringify({ apiVersion: 'v1', kind: 'A', metadata: { name: 'c1' } })}\n- ${JSON.stringify({ apiVersion: 'v1', kind: 'A', metadata: { name: 'c2' } })}\n`,
    });
  const recipes: Record<string, Partial<RenderRequest>> = {
    'a plain directory': { type: 'directory' },
    'a plain directory of Flux': { type: 'kustomize', kustomize: { mode: 'flux' } },
    'a build of kustomize': { type: 'kustomize', kustomize: { mode: 'flux', namePrefix: 'x-' } },
  };
  for (const [sentence, recipe] of Object.entries(recipes))
    it(`has those themselves, and equals a rendering from nothing: ${sentence}`, async () => {
      const [old, young] = [many('b2'), many('b3')];
      const request = ({ id, manifest, blobs }: TestSnapshot): RenderRequest => ({
        snapshot: { id, manifest, blobs },
        path: 'app',
        type: 'auto',
        ...recipe,
      });
      const before = await pool.render(request(old));
      const known = before.ok ? before.objects : [];
      const after = await pool.render(request(young), { known });
      const fresh = createRenderPool({ binary: await renderBinary(), size: 1 });
      expect(after).toEqual(await fresh.render(request(young)));
      await fresh.close();
      expect(known).toHaveLength(5);
      const kept = after.ok ? after.objects.map((object) => known.includes(object)) : [];
      expect(kept).toEqual([true, true, false, true, true]);
      old.remove();
      young.remove();
    });
});
