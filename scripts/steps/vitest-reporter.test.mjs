// Runs a small vitest project in which everything goes wrong that can, and looks at how it was counted.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { root } from './place.mjs';

const directory = mkdtempSync(join(tmpdir(), 'weir-reporter-'));
afterAll(() => rmSync(directory, { recursive: true }));

const files = {
  'plain.test.mjs': `import { test, expect } from 'vitest';
    test('passes', () => {});
    test('fails', () => expect(1).toBe(2));
    test('is skipped', (context) => context.skip('there is no moon'));
    test.todo('is to do');`,
  'hook.test.mjs': `import { beforeAll, describe, test } from 'vitest';
    describe('with a broken hook', () => { beforeAll(() => { throw new Error('no rig'); }); test('never runs', () => {}); });`,
  'load.test.mjs': `import './missing.mjs';`,
  'late.test.mjs': `import { test } from 'vitest';
    test('leaves an error behind', () => { setTimeout(() => { throw new Error('too late'); }, 1); return new Promise((r) => setTimeout(r, 50)); });`,
  'vitest.config.mjs': 'export default { test: { include: ["*.test.mjs"] } };',
};

test('failures of tests, hooks, files and outside of tests all count', () => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  symlinkSync(join(root, 'node_modules'), join(directory, 'node_modules'));
  const report = join(directory, 'report.json');
  const args = [join(root, 'node_modules/vitest/vitest.mjs'), 'run'];
  args.push(`--reporter=${join(root, 'scripts/steps/vitest-reporter.mjs')}`);
  const env = { ...process.env, WEIR_TEST_REPORT: report };
  const { status } = spawnSync(process.execPath, args, { cwd: directory, env, timeout: 60_000 });
  const { passed, failed, skipped, files: count } = JSON.parse(readFileSync(report, 'utf8'));
  expect(status).toBe(1);
  expect(count).toBe(4);
  expect(passed.sort()).toEqual(['late.test.mjs > leaves an error behind', 'plain.test.mjs > passes']);
  expect(failed.map(({ name }) => name).sort()).toEqual([
    'hook.test.mjs > with a broken hook',
    'load.test.mjs',
    'outside of any test',
    'plain.test.mjs > fails',
  ]);
  expect(skipped.map(({ name, reason }) => `${name}: ${reason}`).sort()).toEqual([
    'hook.test.mjs > with a broken hook > never runs: no reason given',
    'plain.test.mjs > is skipped: there is no moon',
    'plain.test.mjs > is to do: to do',
  ]);
}, 90_000);
