// The actions of an Argo CD's own settings, run by the real evaluator.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type KubeObject, WeirError } from '@weir/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { capturedTerminal } from '../terminal/captured-terminal.ts';
import { type ActionSource, withActions } from './sources.ts';

let dir = '';
const terminal = capturedTerminal();

const settings = (merge: boolean): string => `apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm, namespace: argocd}
data:
  resource.customizations.actions.apps_Deployment: |
    mergeBuiltinActions: ${merge}
    discovery.lua: |
      return {
        restart = {disabled = true, displayName = "Restart, in our way"},
        label = {params = {{name = "to", default = "blue"}}},
      }
    definitions:
    - name: restart
      action.lua: |
        obj.metadata.annotations = {restarted = "yes"}
        return obj
    - name: label
      action.lua: |
        obj.metadata.labels = {color = actionParams["to"]}
        return obj
    - name: break
      action.lua: |
        error("out of order", 0)
`;

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-actions-'));
  for (const merge of [true, false]) writeFileSync(join(dir, `${merge}.yaml`), settings(merge));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const deployment: KubeObject = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { replicas: 2, template: { metadata: {}, spec: { volumes: [{ name: 'tmp', emptyDir: {} }] } } },
};
const now = '2026-01-02T03:04:05Z';

function using<T>(
  merge: boolean,
  use: (source: ActionSource) => Promise<T>,
  object = deployment,
): Promise<T> {
  return withActions({ object, customizations: join(dir, `${merge}.yaml`), terminal }, use);
}

const names = async (source: ActionSource): Promise<string[]> =>
  (await source.discover()).map(({ name, disabled }) => `${disabled ? '-' : ''}${name}`).sort();

test('own actions go over the known ones, which stay where that is asked for', async () => {
  expect(await using(true, names)).toEqual(['-restart', '-resume', 'label', 'pause', 'scale']);
  expect(await using(false, names)).toEqual(['-restart', 'label']);
});

test('a kind that the settings do not name has its known actions', async () => {
  const job = { ...deployment, apiVersion: 'batch/v1', kind: 'CronJob' };
  expect(await using(false, names, job)).toEqual(['create-job', 'suspend']);
});

test('a script runs with its parameters, or their defaults', async () => {
  const color = (parameters: Record<string, string>): Promise<unknown> =>
    using(true, async (source) => {
      const [made] = await source.run({ action: 'label', parameters, now });
      return [made?.operation, made?.resource.metadata.labels, made?.resource.spec];
    });
  expect(await color({ to: 'red' })).toEqual(['patch', { color: 'red' }, deployment.spec]);
  expect(await color({})).toEqual(['patch', { color: 'blue' }, deployment.spec]);
});

test('what is merged runs, what is hidden does not, and a script that fails says why', async () => {
  const end = (merge: boolean, action: string): Promise<string> =>
    using(merge, (source) => source.run({ action, parameters: { replicas: '3' }, now })).then(
      (made) => made.map(({ operation }) => operation).join(),
      (error: unknown) => (error instanceof WeirError ? error.problem.message : String(error)),
    );
  expect(await end(true, 'scale')).toBe('patch');
  expect(await end(false, 'scale')).toMatch(
    /has no action scale; expected one of those of the settings: restart, label, break/,
  );
  expect(await end(true, 'break')).toMatch(/out of order/);
});
