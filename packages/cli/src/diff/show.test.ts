// The difference as people read it: one header and hunk per object, and no value of a Secret.

import type { KubeObject } from '@weir/core';
import pc from 'picocolors';
import { expect, test } from 'vitest';
import { changeData, showChange } from './show.ts';

const delivery = { name: 'app/argocd/web', cluster: 'east' };
const colors = pc.createColors(false);
const ref = { group: '', version: 'v1', kind: 'ConfigMap', namespace: 'shop', name: 'web' };
const config = (value: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'web', namespace: 'shop', resourceVersion: value },
  data: { key: value },
});

test('an update shows the changed lines with their place', () => {
  expect(
    showChange({ ref, action: 'update', before: config('1'), after: config('2') }, delivery, colors),
  ).toBe(
    `update ConfigMap/shop/web in east (app/argocd/web)
--- live/ConfigMap/shop/web
+++ git/ConfigMap/shop/web
@@ -1,6 +1,6 @@
 apiVersion: v1
 data:
-  key: '1'
+  key: '2'
 kind: ConfigMap
 metadata:
   name: web
`,
  );
});

test('a creation and a deletion are against nothing', () => {
  expect(showChange({ ref, action: 'create', after: config('1') }, delivery, colors)).toContain(
    '--- /dev/null\n+++ git/ConfigMap/shop/web\n@@ -0,0 +1,7 @@\n+apiVersion: v1\n',
  );
  expect(showChange({ ref, action: 'delete', before: config('1') }, delivery, colors)).toContain(
    '--- live/ConfigMap/shop/web\n+++ /dev/null\n',
  );
});

test('a change of bookkeeping alone is none', () => {
  const after = { ...config('1'), metadata: { ...config('1').metadata, resourceVersion: '9' } };
  expect(showChange({ ref, action: 'update', before: config('1'), after }, delivery, colors)).toBe('');
});

test('values of Secrets are in neither text nor data', () => {
  const secret = (value: string): KubeObject => ({ ...config('x'), kind: 'Secret', data: { key: value } });
  const change = {
    ref: { ...ref, kind: 'Secret' },
    action: 'update',
    before: secret('b2xk'),
    after: secret('bmV3'),
  } as const;
  const shown = showChange(change, delivery, colors) + JSON.stringify(changeData(change));
  expect(shown).toContain("-  key: '*** (before)'");
  expect(shown).not.toMatch(/b2xk|bmV3/);
});
