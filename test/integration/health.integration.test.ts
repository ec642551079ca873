// A user's own health rules while the controller runs, over a real API server and real evaluators: Lua of argocd-cm for an
// Application, CEL for Kustomizations, a script that is wrong, and another script in its place.

import { isRecord, type KubeObject, type ObjectRef } from '@weir/core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import {
  application,
  ControllerRig,
  eventually,
  gitRepository,
  kustomization,
  namespaceObject,
} from './controller-rig.ts';

let rig: ControllerRig;

const definition: KubeObject = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'widgets.health.test' },
  spec: {
    group: 'health.test',
    scope: 'Namespaced',
    names: { kind: 'Widget', plural: 'widgets' },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
};

const widget = (name: string): string =>
  JSON.stringify({ apiVersion: 'health.test/v1', kind: 'Widget', metadata: { name }, spec: { size: 1 } });

const widgetRef = (namespace: string, name: string): ObjectRef => ({
  group: 'health.test',
  version: 'v1',
  kind: 'Widget',
  namespace,
  name,
});

/** What a Widget's own controller would write. */
async function setPhase(namespace: string, name: string, phase: string): Promise<void> {
  await rig.writer.mergePatch(widgetRef(namespace, name), { status: { phase } }, { subresource: 'status' });
}

const settings = (data: Readonly<Record<string, string>>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'argocd-cm', namespace: 'argocd', labels: { 'app.kubernetes.io/part-of': 'argocd' } },
  data,
});

const key = 'resource.customizations.health.health.test_Widget';
const byPhase = `
hs = { status = "Progressing", message = "no phase yet" }
if obj.status ~= nil and obj.status.phase ~= nil then
  hs.message = "phase is " .. obj.status.phase
  if obj.status.phase == "Up" then hs.status = "Healthy" end
  if obj.status.phase == "Broken" then hs.status = "Degraded" end
end
return hs
`;

async function statusOf(kind: 'Application' | 'Kustomization', name: string) {
  const place =
    kind === 'Application'
      ? { group: 'argoproj.io', version: 'v1alpha1', kind, namespace: 'argocd', name }
      : { group: 'kustomize.toolkit.fluxcd.io', version: 'v1', kind, namespace: 'flux-system', name };
  const status = (await rig.get(place))?.status;
  return isRecord(status) ? status : {};
}

/** `Degraded`, and the conditions, each with its message. */
async function showApplication(): Promise<string> {
  const { health, conditions } = await statusOf('Application', 'widgets');
  const told = (Array.isArray(conditions) ? conditions : []).map(
    ({ type, message }) => `${type}: ${message}`,
  );
  return [isRecord(health) ? health.status : '-', ...told].join('\n');
}

async function showReady(name: string): Promise<string> {
  const { conditions } = await statusOf('Kustomization', name);
  const ready = (Array.isArray(conditions) ? conditions : []).find(({ type }) => type === 'Ready');
  return ready === undefined ? '-' : `${ready.status} ${ready.reason}: ${ready.message}`;
}

const seen = (show: () => Promise<string>, wanted: string | RegExp, timeoutMs?: number) =>
  eventually(
    show,
    (text) => (typeof wanted === 'string' ? text.includes(wanted) : wanted.test(text)),
    timeoutMs,
  );

beforeAll(async () => {
  rig = await ControllerRig.start({
    'argo/a.yaml': widget('a'),
    'argo/b.yaml': widget('b'),
    'flux/kustomization.yaml': 'namespace: flux-widgets\nresources: [c.yaml]\n',
    'flux/c.yaml': widget('c'),
    'named/kustomization.yaml': 'namespace: flux-widgets\nresources: [d.yaml]\n',
    'named/d.yaml': widget('d'),
  });
  for (const name of ['argocd', 'flux-system', 'flux-widgets', 'elsewhere'])
    await rig.declare(namespaceObject(name));
  await rig.declare(definition, settings({ [key]: byPhase }));
  await rig.declare(gitRepository(rig.url));
  await rig.startController();
}, 180_000);

afterAll(() => rig?.stop());

it('judges the objects of an Application by the Lua of argocd-cm', { timeout: 120_000 }, async () => {
  await rig.declare(application('widgets', { url: rig.url, path: 'argo', namespace: 'widgets' }));
  await seen(showApplication, 'Progressing');
  await setPhase('widgets', 'a', 'Up');
  await setPhase('widgets', 'b', 'Broken');
  await seen(showApplication, 'Degraded');
  await setPhase('widgets', 'b', 'Up');
  await seen(showApplication, /^Healthy$/);
});

it('goes on with the other objects when a script fails, and tells it once', {
  timeout: 120_000,
}, async () => {
  const wrong = `if obj.metadata.name == "a" then error("no such luck") end\n${byPhase}`;
  await rig.declare(settings({ [key]: wrong }));
  const text = await seen(showApplication, 'HEALTH_SCRIPT_FAILED');
  expect(text).toMatch(
    /^Unknown\nComparisonError: error setting app health: .* failed on Widget\/widgets\/a, .*no such luck$/,
  );
  expect(text.match(/HEALTH_SCRIPT_FAILED/g)).toHaveLength(1);
});

it('judges anew by another script, and by its own rules without one', { timeout: 120_000 }, async () => {
  const other = 'return { status = "Suspended", message = "asleep" }';
  await rig.declare(
    settings({ 'resource.customizations': `"health.test/*":\n  health.lua: |\n    ${other}\n` }),
  );
  await seen(showApplication, 'Suspended');
  expect(await showApplication()).not.toContain('HEALTH_SCRIPT_FAILED');
  const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'argocd', name: 'argocd-cm' };
  await rig.writer.remove(ref, { uid: (await rig.get(ref))?.metadata.uid ?? '', propagation: 'Background' });
  await seen(showApplication, /^Healthy$/);
});

const expressions = {
  apiVersion: 'health.test/v1',
  kind: 'Widget',
  current: "has(status.phase) && status.phase == 'Up'",
  failed: "has(status.phase) && status.phase == 'Broken'",
  inProgress: '!has(status.phase)',
};

it('waits for what the expressions of a Kustomization say', { timeout: 180_000 }, async () => {
  await rig.declare(
    kustomization('widgets', { path: './flux', wait: true, timeout: '30s', healthCheckExprs: [expressions] }),
  );
  const show = () => showReady('widgets');
  await seen(show, 'Unknown Progressing');
  // has(status.phase) fails while there is no status at all.
  await seen(
    show,
    /^False HealthCheckFailed: health check failed after .*: timeout waiting for: \[Widget\/flux-widgets\/c status: 'Unknown': .*no such attribute\(s\): status.phase/,
    90_000,
  );
  await setPhase('flux-widgets', 'c', 'Up');
  await seen(show, 'True ReconciliationSucceeded');
});

it('refuses an expression that does not compile', { timeout: 120_000 }, async () => {
  const wrong = { ...expressions, current: "status.phase = 'Up'" };
  await rig.declare(
    kustomization('widgets', { path: './flux', wait: true, timeout: '30s', healthCheckExprs: [wrong] }),
  );
  await seen(() => showReady('widgets'), /^False InvalidCELExpression: .*spec.healthCheckExprs\[0\]/);
});

it('waits for the objects that healthChecks names alone, its own or not', { timeout: 120_000 }, async () => {
  const check = { apiVersion: 'health.test/v1', kind: 'Widget', name: 'other', namespace: 'elsewhere' };
  await rig.declare(
    kustomization('named', {
      path: './named',
      timeout: '5m',
      healthChecks: [check],
      healthCheckExprs: [expressions],
    }),
  );
  const show = () => showReady('named');
  await seen(show, 'Unknown Progressing');
  await rig.declare({ ...JSON.parse(widget('other')), metadata: { name: 'other', namespace: 'elsewhere' } });
  await setPhase('elsewhere', 'other', 'Up');
  await seen(show, 'True ReconciliationSucceeded');
});
