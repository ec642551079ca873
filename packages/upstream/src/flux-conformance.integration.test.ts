import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { FluxKustomizeOptions } from './messages.ts';
import { createRenderPool, type RenderOutcome, type RenderPool } from './render-pool.ts';
import { renderBinary, repositoryRoot } from './testing/native-binary.ts';
import { filesBelow, type TestSnapshot, writeSnapshot } from './testing/write-snapshot.ts';

const conformance = process.env.WEIR_CONFORMANCE ?? join(repositoryRoot, '..', 'shared', 'conformance');
const data = join(conformance, 'flux-kustomize');

let pool: RenderPool;
let snapshot: TestSnapshot;

function shown(outcome: RenderOutcome): string[] {
  if (!outcome.ok) {
    return [`${outcome.error.code} ${outcome.error.message}`];
  }
  return outcome.objects.map(({ object }) =>
    [object.kind, object.metadata.namespace, object.metadata.name].filter((part) => part).join('/'),
  );
}

async function render(
  path: string,
  options: Omit<FluxKustomizeOptions, 'mode'> = {},
): Promise<RenderOutcome> {
  const { id, manifest, blobs } = snapshot;
  const kustomize = { mode: 'flux', ...options } as const;
  return pool.render({ snapshot: { id, manifest, blobs }, path, type: 'kustomize', kustomize });
}

/** Skipped where the conformance data is not at WEIR_CONFORMANCE nor beside the repository: it is not part of it. */
const isAbsent = !existsSync(data);

describe('flux-kustomize conformance data', () => {
  beforeEach(({ skip }) => {
    if (isAbsent) skip('the conformance data is neither at WEIR_CONFORMANCE nor beside the repository');
  });

  beforeAll(async () => {
    if (isAbsent) return;
    pool = createRenderPool({ binary: await renderBinary(), size: 1 });
    snapshot = writeSnapshot(filesBelow(data));
  });

  afterAll(async () => {
    if (isAbsent) return;
    await pool.close();
    snapshot.remove();
  });

  const cases: Record<
    string,
    { path: string; options?: Omit<FluxKustomizeOptions, 'mode'>; says: (string | RegExp)[] }
  > = {
    'a directory without a kustomization': {
      path: 'nokustomization/resources',
      says: ['ConfigMap/foo/cm', 'Secret/foo/secret'],
    },
    'YAML that cannot be decoded': {
      path: 'nokustomization/panic',
      says: [
        /^KUSTOMIZE_FAILED failed to decode Kubernetes YAML from \/nokustomization\/panic\/alert\.yaml: MalformedYAMLError: /,
      ],
    },
    'prefix, suffix and namespace of the Flux resource': {
      path: 'name',
      options: { targetNamespace: 'test-namespace', namePrefix: 'prefix-', nameSuffix: '-suffix' },
      says: [/^ConfigMap\/test-namespace\/prefix-test-configmap-suffix-[a-z0-9]{10}$/],
    },
    'an empty list of resources': { path: 'noResources', says: [] },
    'a directory whose only file is an object': { path: 'empty', says: ['Kustomization/apps/app'] },
    'encrypted metadata': { path: 'panic', says: [/^KUSTOMIZE_FAILED /] },
    'resources that are not there': {
      path: 'components',
      says: [
        "KUSTOMIZE_FAILED accumulating resources: accumulation err='accumulating resources from 'configmap.yaml': open /components/configmap.yaml: no such file or directory': must build at directory: not a valid directory: evalsymlink failure on '/components/configmap.yaml' : lstat /components/configmap.yaml: no such file or directory",
      ],
    },
    'variables are left for later': { path: 'varsubalways', says: ['ConfigMap/apps/app-vars-always'] },
  };
  for (const [name, { path, options, says }] of Object.entries(cases)) {
    it(name, async () => {
      const lines = shown(await render(path, options));
      expect(lines).toHaveLength(says.length);
      says.forEach((expected, at) => {
        expect(lines[at]).toEqual(typeof expected === 'string' ? expected : expect.stringMatching(expected));
      });
    });
  }

  it('keeps one build’s schema from reaching the next', async () => {
    for (let round = 0; round < 2; round++) {
      expect(await render('openapiPollution/pollutor')).toMatchObject({ ok: true });
      const victim = await render('openapiPollution/victim');
      const spec = victim.ok ? victim.objects[0]?.object.spec : undefined;
      expect(spec).toMatchObject({
        template: { spec: { containers: [{ image: 'busybox:latest', name: 'busybox', resources: {} }] } },
      });
    }
  });
});
