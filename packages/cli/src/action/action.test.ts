// `weir action` as a user runs it: files in, documents out, and what is refused with which exit code.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../terminal/captured-terminal.ts';

let dir = '';
const files: Readonly<Record<string, string>> = {
  'deployment.yaml': `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, creationTimestamp: 2026-01-01T00:00:00Z}
spec: {replicas: 2, template: {spec: {containers: [{name: web, image: web:1}]}}}
`,
  'cronjob.json': JSON.stringify({
    apiVersion: 'batch/v1',
    kind: 'CronJob',
    metadata: { name: 'report', namespace: 'shop', uid: 'u1' },
    spec: { jobTemplate: { spec: { template: {} } } },
  }),
  'secret.yaml': 'apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {password: aHVudGVyMg==}\n',
  'two.yaml': 'a: 1\n---\nb: 2\n',
  'none.yaml': '# nothing\n',
  'broken.yaml': 'a: [1\n',
  'text.yaml': 'just text\n',
  'laughs.yaml': `a: &a [x,x,x,x,x,x,x,x,x,x]
${[...'bcdefgh'].map((key, i) => `${key}: &${key} [${Array(10).fill(`*${'abcdefg'[i]}`).join(',')}]`).join('\n')}
`,
};

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'weir-action-'));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(dir, name), text);
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

async function run(...args: string[]): ReturnType<typeof runCommand> {
  const inDir = args.map((arg) => (arg.endsWith('.yaml') || arg.endsWith('.json') ? join(dir, arg) : arg));
  const { code, out, err } = await runCommand(['action', ...inDir]);
  return { code, out, err: err.replaceAll(`${dir}/`, '') };
}

test('a file alone lists its actions, as `list` does', async () => {
  const alone = await run('deployment.yaml');
  expect(alone.out).toBe(`ACTION    ENABLED   PARAMETERS   TITLE
restart   yes
pause     yes
resume    no
scale     yes       replicas=2
`);
  expect(await run('list', 'deployment.yaml')).toEqual(alone);
});

test('what an action would write is a document, with a word on how', async () => {
  const { out, err, code } = await run('scale', 'deployment.yaml', '--param', 'replicas=5');
  expect({ err, code }).toEqual({ err: '', code: 0 });
  expect(out).toBe(`# patch
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  creationTimestamp: '2026-01-01T00:00:00Z'
spec:
  replicas: 5
  template:
    spec:
      containers:
        - name: web
          image: web:1
`);
});

test('json is a list of operations', async () => {
  const { out } = await run('create-job', 'cronjob.json', '-o', 'json');
  expect(JSON.parse(out)).toMatchObject([
    { operation: 'create', resource: { kind: 'Job', metadata: { name: 'report-2601020304' } } },
  ]);
});

test('a disabled action shows what it would write, and says so', async () => {
  const { code, out, err } = await run('resume', 'deployment.yaml');
  expect(code).toBe(0);
  expect(out).toContain('# patch');
  expect(err).toMatch(/^resume is not on offer for Deployment\/shop\/web as it is/);
});

test('an object without actions lists none, and shows nothing of itself', async () => {
  const { code, out, err } = await run('secret.yaml');
  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(err).toBe('Secret/s has no actions to offer\n');
});

test.each([
  [
    'an unknown action',
    ['explode', 'deployment.yaml'],
    1,
    /ACTION_UNKNOWN: .* expected one of restart, pause/,
  ],
  [
    'an action of a kind without any',
    ['restart', 'secret.yaml'],
    1,
    /ACTION_UNKNOWN: .* no actions for Secret/,
  ],
  [
    'a wrong parameter',
    ['scale', 'deployment.yaml', '-p', 'replicas=x'],
    1,
    /ACTION_PARAMETER_INVALID: invalid/,
  ],
  ['a parameter without a value', ['scale', 'deployment.yaml', '-p', 'replicas'], 2, /expected name=value/],
  ['a parameter twice', ['scale', 'deployment.yaml', '-p', 'a=1', '-p', 'a=2'], 2, /a is given twice/],
  ['a missing file', ['nowhere.yaml'], 2, /nowhere.yaml cannot be read \(ENOENT\)/],
  ['two documents', ['two.yaml'], 1, /OBJECT_INVALID: two.yaml holds 2 documents; expected one object/],
  ['no document', ['none.yaml'], 1, /OBJECT_INVALID: none.yaml holds 0 documents/],
  ['broken YAML', ['broken.yaml'], 1, /YAML_INVALID: broken.yaml is not valid YAML/],
  ['a text', ['text.yaml'], 1, /OBJECT_INVALID: text.yaml is no object; expected apiVersion, kind/],
  [
    'more values than any object has',
    ['laughs.yaml'],
    1,
    /OBJECT_INVALID: laughs.yaml says more than 500000/,
  ],
  [
    'settings that are none',
    ['deployment.yaml', '--customizations', 'secret.yaml'],
    1,
    /OBJECT_INVALID: secret.yaml holds Secret\/s; expected the ConfigMap argocd-cm/,
  ],
  ['an unknown format', ['deployment.yaml', '-o', 'xml'], 2, /output format xml is unknown/],
])('%s is refused', async (_, args, code, message) => {
  const end = await run(...args);
  expect(end.err).toMatch(message);
  expect({ code: end.code, out: end.out }).toEqual({ code, out: '' });
});
