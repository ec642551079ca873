// `weir health` as a user runs it: files in, one line for each object out, and what is refused.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../terminal/captured-terminal.ts';

let dir = '';
const widget = (status: string): string => `apiVersion: example.com/v1
kind: Widget
metadata: {name: w, namespace: shop, generation: 1}
status: ${status}
`;
const files: Readonly<Record<string, string>> = {
  'ready.yaml': widget('{conditions: [{type: Ready, status: "True", message: fine}]}'),
  'failed.json': JSON.stringify({
    apiVersion: 'cert-manager.io/v1',
    kind: 'Certificate',
    metadata: { name: 'c' },
    status: { conditions: [{ type: 'Ready', status: 'False', message: 'no issuer' }] },
  }),
  'map.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\n',
  'nameless.yaml': 'apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\n',
  // An unquoted time must stay the text that it is: it is compared with others.
  'cron.yaml': `apiVersion: batch/v1
kind: CronJob
metadata: {name: report}
spec: {}
status: {lastScheduleTime: 2026-01-02T00:00:00Z, lastSuccessfulTime: 2026-01-01T00:00:00Z}
`,
  'twice.yaml': `${widget('{conditions: [{type: Ready, status: "True"}]}')}status: {}\n`,
  'two.yaml': `${widget('{}')}---\n# nothing\n---\napiVersion: v1\nkind: Namespace\nmetadata: {name: n}\nstatus: {phase: Terminating}\n`,
  'list.yaml':
    'apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: s}}\n- {apiVersion: v1, kind: Pod, metadata: {name: p}, status: {phase: Pending}}\n',
  'ends.yaml': widget('{}').replace(
    'generation: 1',
    'deletionTimestamp: 2026-01-01T00:00:00Z, finalizers: [a/b]',
  ),
  'broken.yaml': 'a: [1\n',
  'text.yaml': 'just text\n',
  'none.yaml': '# nothing\n',
  'kindless.yaml': 'apiVersion: v1\nmetadata: {name: x}\n',
  'number.yaml': 'apiVersion: v1\nkind: 7\n',
  'large.yaml': `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: m}\ndata: {a: ${'x'.repeat(2 << 20)}}\n`,
  'huge.yaml': `a: ${'x'.repeat(9 << 20)}\n`,
  'deep.yaml': `a: ${'['.repeat(50_000)}${']'.repeat(50_000)}\n`,
  'bomb.yaml': `a: &a [x,x,x,x,x,x,x,x,x,x]
${[...'bcdefgh'].map((key, i) => `${key}: &${key} [${Array(10).fill(`*${'abcdefg'[i]}`).join(',')}]`).join('\n')}
`,
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-health-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
  mkdirSync(join(dir, 'folder.yaml'));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const run = (...names: string[]): ReturnType<typeof runCommand> =>
  runCommand(['health', ...names.map((name) => (name.includes('.') ? join(dir, name) : name))]);

const line = (file: string, status: string, message = '', object?: string): string =>
  `${JSON.stringify({ file: join(dir, file), status, message, ...(object === undefined ? {} : { object }) })}\n`;

test.each<[string, string, string, string]>([
  ['a kind that keeps conditions', 'ready.yaml', 'Healthy', 'fine'],
  ['a kind with rules, in JSON', 'failed.json', 'Degraded', 'no issuer'],
  ['a kind without health', 'map.yaml', 'Healthy', ''],
  ['an object without metadata', 'nameless.yaml', 'Progressing', 'waiting for the ScaledJob'],
  ['unquoted times', 'cron.yaml', 'Degraded', 'CronJob has not completed its last execution successfully'],
  ['the last of equal keys', 'twice.yaml', 'Healthy', ''],
  ['a deletion', 'ends.yaml', 'Progressing', 'Pending deletion, waiting for the finalizers a/b'],
])('judges %s', async (_, file, status, message) => {
  expect(await run(file)).toEqual({ code: 0, err: '', out: line(file, status, message) });
});

test('names the objects of a file that has several', async () => {
  const { code, out } = await run('two.yaml', 'list.yaml');
  expect(code).toBe(0);
  expect(out).toBe(
    line('two.yaml', 'Healthy', '', 'Widget/shop/w') +
      line('two.yaml', 'Progressing', 'Namespace is terminating', 'Namespace/n') +
      line('list.yaml', 'Healthy', '', 'Secret/s') +
      line('list.yaml', 'Progressing', '', 'Pod/p'),
  );
});

test.each([
  ['broken YAML', 'broken.yaml', /YAML_INVALID: .*broken\.yaml is not valid YAML or JSON/],
  ['text', 'text.yaml', /OBJECT_INVALID: document 1 of .* is no object/],
  ['nothing', 'none.yaml', /OBJECT_INVALID: .* is empty; expected objects/],
  ['no kind', 'kindless.yaml', /OBJECT_INVALID: .* expected apiVersion and kind/],
  ['a kind that is no text', 'number.yaml', /OBJECT_INVALID: .* expected apiVersion and kind/],
  ['a missing file', 'nowhere.yaml', /FILE_UNREADABLE: .*nowhere\.yaml cannot be read \(ENOENT\)/],
  ['a folder', 'folder.yaml', /FILE_UNREADABLE: .* cannot be read \(EISDIR\)/],
  ['an object of 2 MB', 'large.yaml', /OBJECT_TOO_LARGE: document 1 of .* has \d+ bytes/],
  ['a file of 9 MB', 'huge.yaml', /OBJECT_INVALID: .* is larger than 8 MiB/],
  ['lists in lists', 'deep.yaml', /(YAML|OBJECT)_INVALID: /],
  ['an alias bomb', 'bomb.yaml', /OBJECT_INVALID: .* says more than 500000 values/],
])('tells of %s, and judges the other files', async (_, file, message) => {
  const end = await run('ready.yaml', file, 'map.yaml');
  expect(end.err).toMatch(message);
  expect(end.err.length).toBeLessThan(500);
  expect(end.code).toBe(1);
  expect(end.out).toBe(line('ready.yaml', 'Healthy', 'fine') + line('map.yaml', 'Healthy'));
});

test('without a file is wrong usage', async () => {
  expect((await run()).code).toBe(2);
});
