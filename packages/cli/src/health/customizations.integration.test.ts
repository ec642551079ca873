// `weir health --customizations` with the real evaluator: scripts of a user go before weir's own rules.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../terminal/captured-terminal.ts';

let dir = '';
const files: Readonly<Record<string, string>> = {
  'settings.yaml': `apiVersion: v1
kind: ConfigMap
metadata: {name: argocd-cm}
data:
  resource.customizations: |
    "*.example.com/*":
      health.lua: |
        return {status = "Suspended", message = "of the group " .. obj.kind}
    Pod:
      health.lua: |
        return {}
  resource.customizations.health.shop.example.com_Widget: |
    hs = {}
    if obj.status ~= nil and obj.status.size > 3 then
      hs.status = "Degraded"
      hs.message = "too large: " .. obj.status.size
      return hs
    end
    hs.status = "Healthy"
    return hs
  resource.customizations.health.ConfigMap: return {status = string.upper("healthy")}
  resource.customizations.health.Secret: return {status = string.sub("Healthy!", 1, 7)}
  resource.customizations.useOpenLibs.Secret: "true"
  resource.customizations.health.Service: while true do end
  resource.customizations.health.cert-manager.io_Issuer: this is no Lua
`,
  'widget.yaml': 'apiVersion: shop.example.com/v1\nkind: Widget\nmetadata: {name: w}\nstatus: {size: 4}\n',
  'gadget.yaml': 'apiVersion: shop.example.com/v1\nkind: Gadget\nmetadata: {name: g}\n',
  'ends.yaml':
    'apiVersion: shop.example.com/v1\nkind: Gadget\nmetadata: {name: g, deletionTimestamp: 2026-01-01T00:00:00Z}\n',
  'pod.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nstatus: {phase: Failed}\n',
  'map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n',
  'secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\n',
  'service.yaml': 'apiVersion: v1\nkind: Service\nmetadata: {name: s}\n',
  'issuer.yaml': 'apiVersion: cert-manager.io/v1\nkind: Issuer\nmetadata: {name: i}\n',
  'volume.yaml': 'apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: v}\nstatus: {phase: Lost}\n',
  'broken.yaml':
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm}\ndata: {resource.customizations: "a: ["}\n',
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-customizations-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (settings: string, ...names: string[]): ReturnType<typeof runCommand> =>
  runCommand(['health', '--customizations', join(dir, settings), ...names.map((name) => join(dir, name))]);

test.each([
  ['the script of the exact kind', 'widget.yaml', 'Degraded', /^too large: 4$/],
  ['the script of a pattern', 'gadget.yaml', 'Suspended', /^of the group Gadget$/],
  ['no script where the object is being deleted', 'ends.yaml', 'Progressing', /^Pending deletion$/],
  ['a script that says nothing: no health', 'pod.yaml', 'Healthy', /^$/],
  ['a library that is not open: a fault', 'map.yaml', 'Unknown', /^EVALUATION_FAILED: /],
  ['a library that is open', 'secret.yaml', 'Healthy', /^$/],
  ['a script without an end: a timeout', 'service.yaml', 'Unknown', /^EVALUATION_TIMEOUT: /],
  ['a script that is none', 'issuer.yaml', 'Unknown', /^EVALUATION_INVALID: /],
  ['the rules where no script fits', 'volume.yaml', 'Degraded', /^$/],
])('judges by %s', async (_, file, status, message) => {
  const { code, out } = await run('settings.yaml', file);
  expect(code).toBe(0);
  const line = JSON.parse(out);
  expect(Object.keys(line)).toEqual(['file', 'status', 'message']);
  expect(line.status).toBe(status);
  expect(line.message).toMatch(message);
});

test.each([
  ['broken customizations', 'broken.yaml', /FIELD_INVALID: .*broken\.yaml: data\.resource\.customizations/],
  ['a file that is no ConfigMap', 'pod.yaml', /OBJECT_INVALID: .* expected the ConfigMap argocd-cm/],
  ['a missing file', 'nowhere.yaml', /FILE_UNREADABLE: /],
])('refuses %s', async (_, settings, message) => {
  const { code, out, err } = await run(settings, 'map.yaml');
  expect({ code, out }).toEqual({ code: 1, out: '' });
  expect(err).toMatch(message);
});
