// Proves with small files in memory that each rule of the architecture fails when it is broken, and only then.

import { describe, expect, test } from 'vitest';
import { findCycles } from './cycles.ts';
import { findForbiddenDependencies, findForbiddenEdges, rooms } from './edges.ts';
import { findForeignWrites, findImpure } from './purity.ts';
import { findLarge } from './sizes.ts';
import type { SourceFile } from './source-files.ts';
import { findTiedWords } from './wording.ts';

const file = (path: string, text: string): SourceFile => ({ path, text });
const lines = (count: number): string => Array.from({ length: count }, () => 'void 0;').join('\n');

interface Case {
  readonly path: string;
  readonly text: string;
  /** What the rule says; none: nothing. */
  readonly says?: string;
}

function table(
  rule: (files: readonly SourceFile[]) => string[],
  cases: Readonly<Record<string, Case>>,
): void {
  for (const [sentence, { path, text, says }] of Object.entries(cases)) {
    test(sentence, () => {
      const found = rule([file(path, text)]);
      if (says === undefined) expect(found).toEqual([]);
      else expect(found.join('\n')).toContain(says);
    });
  }
}

describe('edges', () => {
  table(findForbiddenEdges, {
    'core may import nothing': {
      path: 'packages/core/src/a.ts',
      text: "import { x } from '@weir/kube';",
      says: 'core may not import kube',
    },
    'the engine may not import dialects, not even a type': {
      path: 'packages/engine/src/a.ts',
      text: "import type { X } from '@weir/dialects';",
      says: 'engine may not import dialects',
    },
    'an import type in an annotation counts': {
      path: 'packages/engine/src/a.ts',
      text: "export type X = import('@weir/dialects').Y;",
      says: 'engine may not import dialects',
    },
    'a dynamic import counts': {
      path: 'packages/kube/src/a.ts',
      text: "await import('@weir/engine');",
      says: 'kube may not import engine',
    },
    'a re-export counts': {
      path: 'packages/source/src/a.ts',
      text: "export * from '@weir/kube';",
      says: 'source may not import kube',
    },
    'an npm package has to be in the table': {
      path: 'packages/core/src/a.ts',
      text: "import yaml from 'js-yaml';",
      says: 'core may not import the package js-yaml',
    },
    'a relative import may not leave its room': {
      path: 'packages/kube/src/apply/a.ts',
      text: "import { x } from '../../../core/src/object.ts';",
      says: 'crosses into another room',
    },
    'a room is entered by its entry': {
      path: 'packages/engine/src/a.ts',
      text: "import { x } from '@weir/kube/src/apply/a.ts';",
      says: 'reaches past the entry',
    },
    'a dialect may not import another': {
      path: 'packages/dialects/src/argocd/a.ts',
      text: "import { x } from '../flux/b.ts';",
      says: 'dialect argocd may not import dialect flux',
    },
    'a room has to be in the table': {
      path: 'packages/attic/src/a.ts',
      text: "import { x } from '@weir/core';",
      says: 'room attic is not in the table',
    },
    'an allowed edge passes': { path: 'packages/engine/src/a.ts', text: "import { x } from '@weir/kube';" },
    'an allowed package passes': {
      path: 'packages/kube/src/a.ts',
      text: "import { request } from 'undici';",
    },
    'a test may use the rig': {
      path: 'packages/kube/src/a.test.ts',
      text: "import { x } from '@weir/testkit';",
    },
    'a rig of tests may': {
      path: 'packages/kube/src/git-rig.ts',
      text: "import { x } from '@weir/testkit';",
    },
    'nobody but tests may use a rig': {
      path: 'packages/kube/src/a.ts',
      text: "import { x } from './git-rig.ts';",
      says: 'is for tests only',
    },
    'the code beside it may not': {
      path: 'packages/kube/src/a.ts',
      text: "import { x } from '@weir/testkit';",
      says: 'kube may not import testkit',
    },
  });

  test('the table itself has no cycle', () => {
    const reach = (room: string): string[] =>
      (rooms[room]?.rooms ?? []).flatMap((next) => [next, ...reach(next)]);
    for (const room of Object.keys(rooms)) expect(reach(room)).not.toContain(room);
  });
});

describe('dependencies', () => {
  table(findForbiddenDependencies, {
    'a package.json may not list another package': {
      path: 'packages/core/package.json',
      text: '{"dependencies": {"lodash": "1"}}',
      says: 'core may not depend on lodash',
    },
    'an allowed one passes': {
      path: 'packages/kube/package.json',
      text: '{"dependencies": {"undici": "7"}}',
    },
  });
});

describe('cycles', () => {
  test('a cycle of types is found', () => {
    const files = [
      file('packages/core/src/a.ts', "import type { B } from './b.ts';"),
      file('packages/core/src/b.ts', "import type { A } from './c.ts';"),
      file('packages/core/src/c.ts', "export type { A } from './a.ts';"),
    ];
    const cycle = ['a', 'b', 'c', 'a'].map((name) => `packages/core/src/${name}.ts`).join(' -> ');
    expect(findCycles(files)).toEqual([cycle]);
  });

  test('a cycle through the entry of a room is found', () => {
    const files = [
      file('packages/core/src/index.ts', "export * from './a.ts';"),
      file('packages/core/src/a.ts', "import { x } from '@weir/core';"),
    ];
    expect(findCycles(files)).toHaveLength(1);
  });

  test('a diamond is none', () => {
    const files = [
      file('packages/core/src/a.ts', "import './b.ts'; import './c.ts';"),
      file('packages/core/src/b.ts', "import './d.ts';"),
      file('packages/core/src/c.ts', "import './d.ts';"),
      file('packages/core/src/d.ts', ''),
    ];
    expect(findCycles(files)).toEqual([]);
  });
});

describe('sizes', () => {
  table(findLarge, {
    'a file of 501 lines': { path: 'packages/core/src/a.ts', text: lines(501), says: '501 lines' },
    'a file of 500 lines passes': { path: 'packages/core/src/a.ts', text: lines(500) },
    'a function of 61 lines': {
      path: 'packages/core/src/a.ts',
      text: `function f() {\n${lines(59)}\n}`,
      says: 'a function of 61 lines',
    },
    'a function of 60 lines passes': {
      path: 'packages/core/src/a.ts',
      text: `function f() {\n${lines(58)}\n}`,
    },
    'an arrow function counts': {
      path: 'scripts/a.mjs',
      text: `const f = () => {\n${lines(60)}\n};`,
      says: 'a function of 62 lines',
    },
    'tests are free': { path: 'packages/core/src/a.test.ts', text: lines(501) },
    'generated code is free': { path: 'packages/core/src/a.ts', text: `// Generated by x.\n${lines(501)}` },
  });
});

describe('purity', () => {
  const path = 'packages/core/src/a.ts';
  table(findImpure, {
    'a module of Node': { path, text: "import { join } from 'node:path';", says: 'imports node:path' },
    'the clock': { path, text: 'const now = Date.now();', says: 'uses Date.now' },
    'the clock as an object': { path, text: 'const now = new Date();', says: 'uses Date()' },
    'a given date passes': { path, text: 'const then = new Date(text);' },
    chance: { path, text: 'const x = Math.random();', says: 'uses Math.random' },
    'the process': { path, text: 'const x = process.env.X;', says: 'uses process' },
    'a timer': { path, text: 'setTimeout(() => {}, 1);', says: 'uses setTimeout' },
    'the network': { path, text: 'await fetch(url);', says: 'uses fetch' },
    'a member of that name passes': { path, text: 'const x = source.fetch; const y = { process: 1 };' },
    'dialects too': { path: 'packages/dialects/src/flux/a.ts', text: 'fetch(url);', says: 'uses fetch' },
    'other rooms may': { path: 'packages/kube/src/a.ts', text: 'const now = Date.now();' },
  });
});

describe('writes', () => {
  table(findForeignWrites, {
    'a write outside of kube/apply': {
      path: 'packages/kube/src/watch/a.ts',
      text: "await request({ method: 'PATCH' });",
      says: "'PATCH' outside of packages/kube/src/apply/",
    },
    'a write by the engine': {
      path: 'packages/engine/src/a.ts',
      text: "await request({ method: 'DELETE' });",
      says: "'DELETE' outside",
    },
    'the writer may': { path: 'packages/kube/src/apply/a.ts', text: "await request({ method: 'PATCH' });" },
    'a type may name the methods': { path: 'packages/kube/src/a.ts', text: "type Method = 'GET' | 'PATCH';" },
    'a test may': { path: 'packages/kube/src/a.test.ts', text: "await request({ method: 'POST' });" },
  });
});

describe('wording', () => {
  const path = 'docs/a.md';
  const host = ['registry', 'npmjs', 'org'].join('.');
  table(findTiedWords, {
    'a registry': { path, text: `see https://${host}/x`, says: `names ${host}` },
    'a home directory': {
      path,
      text: `cd ${['', 'home', 'ada', 'weir'].join('/')}`,
      says: 'names a home directory',
    },
    'a bare issue number': { path, text: 'fixed by #12', says: 'names a bare issue number' },
    'a reference to upstream passes': { path, text: 'see argo-cd#29410' },
    'a count passes': { path, text: 'Retrying attempt #1 at 3:04AM.' },
    'a heading passes': { path, text: '# 1. One engine\n## 2' },
  });
});
