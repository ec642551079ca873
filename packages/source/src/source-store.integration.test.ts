// Real pushes to a real Git server; costs are asserted by counting, never by time.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { GitRef } from '@weir/core';
import { startGitServer, workingCopy } from '@weir/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SourceRig } from './source-rig.ts';

const signal = new AbortController().signal;
let rig: SourceRig;

beforeEach(async () => {
  rig = await SourceRig.start();
});

afterEach(() => rig.stop());

describe('fetching', () => {
  it('sees a push, a forced push, a new and a deleted branch, and nothing', async () => {
    const { url, copy, first } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    expect(await rig.fetch(url)).toEqual({
      refs: new Map([
        ['refs/heads/main', first],
        ['HEAD', first],
      ]),
      head: 'refs/heads/main',
      changed: true,
    });
    expect((await rig.fetch(url)).changed).toBe(false);
    await copy.write({ 'a.yaml': 'a: 2\n' });
    const second = await copy.commit('second');
    await copy.push();
    await copy.push('topic');
    const pushed = await rig.fetch(url);
    expect([pushed.changed, pushed.refs.get('refs/heads/main'), pushed.refs.get('refs/heads/topic')]).toEqual(
      [true, second, second],
    );
    await copy.git('reset', '--quiet', '--hard', first);
    await copy.push('main', { force: true });
    await copy.push(':refs/heads/topic');
    const forced = await rig.fetch(url);
    expect([forced.changed, forced.refs.get('refs/heads/main'), forced.refs.has('refs/heads/topic')]).toEqual(
      [true, first, false],
    );
  });

  it('costs one git fetch, and one look at the refs when something came', async () => {
    const { url, copy } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    await rig.fetch(url);
    const before = rig.store.stats().gitProcesses;
    await rig.fetch(url);
    expect(rig.store.stats().gitProcesses).toEqual({ ...before, fetch: (before.fetch ?? 0) + 1 });
    await copy.commit('second');
    await copy.push();
    await rig.fetch(url);
    expect(rig.store.stats().gitProcesses).toEqual({
      ...before,
      fetch: (before.fetch ?? 0) + 2,
      'show-ref': (before['show-ref'] ?? 0) + 1,
    });
  });

  it('follows the default branch to another name', async () => {
    const { url, copy, first } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    await rig.fetch(url);
    const second = await copy.commit('second');
    await copy.push('trunk');
    const bare = join(rig.dir, 'server', 'app.git');
    await copy.git(`--git-dir=${bare}`, 'symbolic-ref', 'HEAD', 'refs/heads/trunk');
    expect((await rig.fetch(url)).head).toBe('refs/heads/trunk');
    expect(await rig.resolve(url, { kind: 'head' })).toBe(`trunk ${second}`);
    await copy.push(':refs/heads/main');
    await copy.git('tag', 'keep', first);
    await copy.push('refs/tags/keep');
    expect([...(await rig.fetch(url)).refs.keys()].sort()).toEqual([
      'HEAD',
      'refs/heads/trunk',
      'refs/tags/keep',
    ]);
  });

  it('survives a branch that makes way for one below its name', async () => {
    const { url, copy, first } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    await copy.push('team');
    await rig.fetch(url);
    await copy.push(':refs/heads/team');
    await copy.push('team/one');
    expect((await rig.fetch(url)).refs.get('refs/heads/team/one')).toBe(first);
  });

  it('takes an empty repository, and its first commit', async () => {
    const url = await rig.server.createRepo('empty');
    expect(await rig.fetch(url)).toEqual({ refs: new Map(), changed: true });
    expect(await rig.resolve(url, { kind: 'head' })).toBe('GIT_REF_NOT_FOUND');
    const copy = await workingCopy({ url, dir: join(rig.dir, 'copy') });
    const first = await copy.commit('first');
    await copy.push();
    expect((await rig.fetch(url)).changed).toBe(true);
    expect(await rig.resolve(url, { kind: 'head' })).toBe(`main ${first}`);
  });

  it('brings refs beside branches and tags when asked for, and drops them with the remote', async () => {
    const { url, copy, first } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    await copy.push('HEAD:refs/pull/7/head');
    const refs = [
      'refs/pull/7/head',
      'refs/pull/8/head',
      'not a ref',
      '--upload-pack=x',
      'refs/x:refs/heads/y',
    ];
    expect((await rig.fetch(url)).refs.has('refs/pull/7/head')).toBe(false);
    expect((await rig.fetch(url, { refs })).refs.get('refs/pull/7/head')).toBe(first);
    expect(await rig.resolve(url, { kind: 'name', name: 'refs/pull/7/head' })).toBe(
      `refs/pull/7/head ${first} full`,
    );
    await copy.push(':refs/pull/7/head');
    expect((await rig.fetch(url, { refs })).refs.has('refs/pull/7/head')).toBe(false);
  });

  it('shares one mirror between spellings, and one run between concurrent callers', async () => {
    const { url } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    await rig.fetch(url);
    const before = rig.processes('fetch');
    const spellings = [url, `${url}/`, url.replace(/\.git$/, '')];
    await Promise.all(spellings.map((spelling) => rig.fetch(spelling)));
    await Promise.all(Array.from({ length: 20 }, () => rig.fetch(url)));
    expect(readdirSync(join(rig.dir, 'store', 'repos'))).toHaveLength(1);
    // Three spellings; then one run for the first caller and one for the nineteen that came during it.
    expect(rig.processes('fetch') - before).toBeLessThanOrEqual(3 + 2);
  });

  it('gives a caller that comes during a run what was pushed before its call', async () => {
    const { url, copy } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    await rig.fetch(url);
    for (let round = 0; round < 5; round += 1) {
      const early = rig.fetch(url);
      const commit = await copy.commit(`round ${round}`);
      await copy.push();
      expect((await rig.fetch(url)).refs.get('refs/heads/main')).toBe(commit);
      await early;
    }
  });
});

describe('failures', () => {
  it('are told apart', async () => {
    const { url } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    expect(await rig.fetchCode(rig.server.repoUrl('none'))).toBe('GIT_REPOSITORY_NOT_FOUND');
    expect(await rig.fetchCode(`file://${rig.dir}/none.git`)).toBe('GIT_REPOSITORY_NOT_FOUND');
    expect(await rig.fetchCode('http://127.0.0.1:1/app.git')).toBe('GIT_UNREACHABLE');
    expect(await rig.fetchCode('http://name.invalid/app.git')).toBe('GIT_UNREACHABLE');
    expect(await rig.fetchCode('ext::sh -c id')).toBe('GIT_URL_INVALID');
    expect(await rig.fetchCode(url)).toBe('ok');
    expect(existsSync(join(rig.dir, 'store', 'repos'))).toBe(true);
  });

  it('of the server leave what was fetched, also for the next process', async () => {
    const { url, first } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    await rig.fetch(url);
    await rig.server.stop();
    expect(await rig.fetchCode(url)).toBe('GIT_UNREACHABLE');
    expect(await rig.resolve(url, { kind: 'branch', branch: 'main' })).toBe(`main ${first}`);
    rig.open();
    expect(await rig.resolve(url, { kind: 'branch', branch: 'main' })).toBe(`main ${first}`);
    expect((await rig.snapshot(url, first)).tree.list('')).toEqual(['a.yaml']);
    expect(await rig.resolve(rig.server.repoUrl('other'), { kind: 'head' })).toBe('SOURCE_NOT_READY');
  });

  it('by a wrong password never show it', async () => {
    await rig.server.stop();
    const users = [{ name: 'bob', password: 'hunter2' }];
    rig.server = await startGitServer({ dir: join(rig.dir, 'server'), users });
    const url = await rig.server.createRepo('private');
    expect(await rig.fetchCode(url)).toBe('GIT_AUTH_FAILED');
    const wrong = { username: 'bob', password: 'wr0ng-pass' };
    const refused = await rig.store.fetch({ url, timeoutMs: 30_000, signal, credentials: wrong });
    expect(refused.ok ? '' : refused.problem.code).toBe('GIT_AUTH_FAILED');
    expect(JSON.stringify(refused)).not.toMatch(/wr0ng|hunter2/);
    expect(await rig.fetchCode(url, { credentials: { username: 'bob', password: 'hunter2' } })).toBe('ok');
    const files = readdirSync(join(rig.dir, 'store'), { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      expect(readFileSync(join(file.parentPath, file.name), 'latin1')).not.toMatch(/hunter2|Ym9iOmh1bnRlcjI/);
    }
    // Rights are not shared: another caller without credentials is still refused.
    expect(await rig.fetchCode(url)).toBe('GIT_AUTH_FAILED');
  });

  it('by a server that says nothing end with the deadline or the signal', async () => {
    const sockets = new Set<Socket>();
    const silent = createServer((socket) => sockets.add(socket));
    await new Promise<void>((done) => silent.listen(0, '127.0.0.1', done));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const url = `http://127.0.0.1:${port}/app.git`;
    expect(await rig.fetchCode(url, { timeoutMs: 300 })).toBe('GIT_UNREACHABLE');
    const caller = new AbortController();
    const cancelled = rig.fetchCode(url, { signal: caller.signal });
    setTimeout(() => caller.abort(), 100);
    expect(await cancelled).toBe('GIT_FAILED');
    for (const socket of sockets) socket.destroy();
    silent.close();
  });
});

describe('resolving', () => {
  it('knows every way to name a commit', async () => {
    const { url, copy, first } = await rig.makeRepo('app', { 'a.yaml': 'a: 1\n' });
    await copy.git('tag', '--annotate', '--message', 'one', 'v1.0.0');
    await copy.git('tag', '--annotate', '--message', 'nested', 'outer', 'v1.0.0');
    const second = await copy.commit('second');
    await copy.git('tag', 'v1.1.0');
    await copy.git('tag', 'v2.0.0-rc.1');
    await copy.git('tag', 'both');
    await copy.push('HEAD:refs/heads/both');
    await copy.git('push', '--quiet', 'origin', 'HEAD:main', '--tags');
    await copy.git('checkout', '--quiet', '-b', 'side', first);
    const side = await copy.commit('side');
    await copy.push('side');
    await rig.fetch(url);
    const table: readonly [ref: GitRef, resolved: string][] = [
      [{ kind: 'head' }, `main ${second}`],
      [{ kind: 'branch', branch: 'side' }, `side ${side}`],
      [{ kind: 'branch', branch: 'none' }, 'GIT_REF_NOT_FOUND'],
      [{ kind: 'tag', tag: 'v1.0.0' }, `v1.0.0 ${first}`],
      [{ kind: 'tag', tag: 'outer' }, `outer ${first}`],
      [{ kind: 'tag', tag: 'main' }, 'GIT_REF_NOT_FOUND'],
      [{ kind: 'name', name: 'refs/heads/side' }, `refs/heads/side ${side} full`],
      [{ kind: 'semver', range: '^1' }, `v1.1.0 ${second}`],
      [{ kind: 'semver', range: '~1.0' }, `v1.0.0 ${first}`],
      [{ kind: 'semver', range: '>=2' }, 'GIT_REF_NOT_FOUND'],
      [{ kind: 'semver', range: 'nonsense' }, 'GIT_REF_NOT_FOUND'],
      [{ kind: 'commit', commit: first }, `- ${first}`],
      [{ kind: 'commit', commit: first, branch: 'main' }, `main ${first}`],
      [{ kind: 'commit', commit: side, branch: 'main' }, 'GIT_REF_NOT_FOUND'],
      [{ kind: 'commit', commit: 'f'.repeat(40) }, 'GIT_REF_NOT_FOUND'],
      [{ kind: 'commit', commit: '--all' }, 'GIT_REF_NOT_FOUND'],
      [{ kind: 'revision', revision: '' }, `main ${second}`],
      [{ kind: 'revision', revision: 'HEAD' }, `main ${second}`],
      [{ kind: 'revision', revision: 'both' }, `both ${second}`],
      [{ kind: 'revision', revision: 'v1.0.0' }, `v1.0.0 ${first}`],
      [{ kind: 'revision', revision: 'refs/heads/side' }, `refs/heads/side ${side} full`],
      [{ kind: 'revision', revision: side }, `- ${side}`],
      [{ kind: 'revision', revision: side.slice(0, 7) }, `- ${side}`],
      [{ kind: 'revision', revision: side.slice(0, 6) }, 'GIT_REF_NOT_FOUND'],
      [{ kind: 'revision', revision: '1.x' }, `v1.1.0 ${second}`],
      [{ kind: 'revision', revision: 'none' }, 'GIT_REF_NOT_FOUND'],
    ];
    for (const [ref, resolved] of table) {
      expect([ref, await rig.resolve(url, ref)]).toEqual([ref, resolved]);
    }
  });
});
