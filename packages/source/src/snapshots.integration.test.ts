// Real pushes to a real Git server; costs are asserted by counting, never by time.

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { SourceStoreOptions } from './index.ts';
import { readBlob, SourceRig } from './source-rig.ts';

const signal = new AbortController().signal;
let rig: SourceRig;

beforeEach(async () => {
  rig = await SourceRig.start();
});

afterEach(() => rig.stop());

describe('a snapshot', () => {
  it('is a manifest and read-only blobs', async () => {
    const { url, copy } = await rig.makeRepo('app', {
      'b/c.yaml': 'c: 1\n',
      'a b.yaml': 'ä: "\\n"\n',
      copy: 'c: 1\n',
    });
    await copy.git('update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},submodule`);
    await copy.git('update-index', '--chmod=+x', 'copy');
    await copy.git('commit', '--quiet', '--message', 'second: the subject\n\nthe body');
    await copy.push();
    await rig.fetch(url);
    const commit = await copy.head();
    const snapshot = await rig.snapshot(url, commit);
    expect(JSON.parse(readFileSync(snapshot.manifestPath, 'utf8'))).toEqual({
      version: 1,
      commit,
      entries: [
        ['a b.yaml', '100644', snapshot.tree.entry('a b.yaml')?.oid],
        ['b/c.yaml', '100644', snapshot.tree.entry('b/c.yaml')?.oid],
        ['copy', '100755', snapshot.tree.entry('b/c.yaml')?.oid],
      ],
    });
    expect(snapshot.manifestPath).toMatch(/snapshots\/[0-9a-f]{16}\/[0-9a-f]{40}\.json$/);
    expect(readBlob(snapshot, 'a b.yaml')).toBe('ä: "\\n"\n');
    expect([snapshot.id, snapshot.subject, snapshot.size]).toEqual([commit, 'second: the subject', 19]);
    expect([snapshot.tree.list(''), snapshot.tree.list('b')]).toEqual([
      ['a b.yaml', 'b/', 'copy'],
      ['c.yaml'],
    ]);
    const oid = snapshot.tree.entry('copy')?.oid ?? '';
    expect(statSync(join(snapshot.blobsDir, oid.slice(0, 2), oid.slice(2))).mode & 0o777).toBe(0o444);
  });

  it('of a commit that is not there is refused', async () => {
    const { url } = await rig.makeRepo('app', { a: '1' });
    await rig.fetch(url);
    for (const commit of ['f'.repeat(40), 'main', '--all', '']) {
      const made = await rig.store.snapshot(url, commit, signal);
      expect(made.ok ? 'ok' : made.problem.code).toBe('GIT_REF_NOT_FOUND');
    }
  });

  it('costs what changed: one file of a thousand', async () => {
    const files = Object.fromEntries(
      Array.from({ length: 1000 }, (_, n) => [`apps/${n % 50}/file-${n}.yaml`, `n: ${n}\n`]),
    );
    const { url, copy, first } = await rig.makeRepo('large', files);
    await rig.fetch(url);
    const old = await rig.snapshot(url, first);
    expect([rig.store.stats().blobsWritten, rig.processes('ls-tree'), rig.processes('cat-file')]).toEqual([
      1000, 1, 1,
    ]);
    await copy.write({ 'apps/7/file-7.yaml': 'n: changed\n', 'apps/8/file-8.yaml': null, 'new/x': 'n: 1\n' });
    const second = await copy.commit('second');
    await copy.push();
    await rig.fetch(url);
    const before = rig.store.stats();
    const snapshot = await rig.snapshot(url, second);
    const after = rig.store.stats();
    // `new/x` has the content of another file.
    expect(after.blobsWritten - before.blobsWritten).toBe(1);
    expect(after.gitProcesses).toEqual({ ...before.gitProcesses, 'diff-tree': 1 });
    expect(readBlob(snapshot, 'apps/7/file-7.yaml')).toBe('n: changed\n');
    expect([snapshot.tree.has('apps/8/file-8.yaml'), snapshot.tree.list('new')]).toEqual([false, ['x']]);
    expect(snapshot.size - old.size).toBe('changed'.length - '7'.length - 'n: 8\n'.length + 'n: 1\n'.length);
    const changed = await rig.store.changedPaths(url, first, second);
    expect(changed.ok && changed.value.map(({ status, path }) => `${status} ${path}`)).toEqual([
      'M apps/7/file-7.yaml',
      'D apps/8/file-8.yaml',
      'A new/x',
    ]);
    // Made anew from nothing it is the same.
    rig.open({ dir: join(rig.dir, 'other') });
    await rig.fetch(url);
    const whole = await rig.snapshot(url, second);
    expect([whole.digest, whole.size]).toEqual([snapshot.digest, snapshot.size]);
    expect(readFileSync(whole.manifestPath, 'utf8')).toBe(readFileSync(snapshot.manifestPath, 'utf8'));
  });

  it('is made once for concurrent callers', async () => {
    const { url, first } = await rig.makeRepo('app', { a: '1', b: '2' });
    await rig.fetch(url);
    const made = await Promise.all(Array.from({ length: 10 }, () => rig.snapshot(url, first)));
    expect(new Set(made.map(({ manifestPath }) => manifestPath)).size).toBe(1);
    expect([rig.store.stats().blobsWritten, rig.processes('ls-tree')]).toEqual([2, 1]);
  });

  it('stays while it is used or among the newest two; then its blobs go too', async () => {
    const { url, copy, first } = await rig.makeRepo('app', { a: '0' });
    await rig.fetch(url);
    const used = await rig.snapshot(url, first);
    const commits: string[] = [];
    for (let n = 1; n <= 4; n += 1) {
      await copy.write({ a: String(n) });
      commits.push(await copy.commit(`number ${n}`));
      await copy.push();
      await rig.fetch(url);
      (await rig.snapshot(url, commits.at(-1) ?? '')).release();
    }
    const manifests = () =>
      readdirSync(join(used.manifestPath, '..'))
        .map((name) => name.slice(0, 40))
        .sort();
    expect(manifests()).toEqual([first, ...commits.slice(-2)].sort());
    expect(await rig.store.sweep()).toBe(2);
    expect(readBlob(used, 'a')).toBe('0');
    used.release();
    used.release();
    await expect.poll(manifests).toEqual(commits.slice(-2).sort());
    expect(await rig.store.sweep()).toBe(1);
    // The next process keeps to the same bound.
    rig.open();
    await copy.write({ a: '5' });
    const last = await copy.commit('number 5');
    await copy.push();
    await rig.fetch(url);
    const lent = await rig.snapshot(url, last);
    expect(manifests()).toEqual([commits.at(-1) ?? '', last].sort());
    await rig.store.forget(url);
    expect(manifests()).toEqual([last]);
    lent.release();
    await expect.poll(manifests).toEqual([]);
    expect(await rig.store.sweep()).toBe(3);
  });

  it('outlives a forced push that took its commit from all refs', async () => {
    const { url, copy, first } = await rig.makeRepo('app', { a: '0' });
    await copy.write({ a: '1' });
    const lost = await copy.commit('lost');
    await copy.push();
    await rig.fetch(url);
    await rig.snapshot(url, lost);
    await copy.git('reset', '--quiet', '--hard', first);
    await copy.write({ b: '2' });
    const second = await copy.commit('second');
    await copy.push('main', { force: true });
    await rig.fetch(url);
    expect((await rig.snapshot(url, second)).tree.list('')).toEqual(['a', 'b']);
  });

  const limits: Record<string, [SourceStoreOptions['limits'], files: Record<string, string>]> = {
    'too many files': [{ maxFiles: 2 }, { a: '1', b: '2', c: '3' }],
    'a file too large': [{ maxBlobBytes: 10 }, { a: 'x'.repeat(11) }],
    'too many bytes': [{ maxTotalBytes: 10 }, { a: '123456', b: '654321' }],
    'too many bytes of equal files': [{ maxTotalBytes: 10 }, { a: '123456', b: '123456' }],
  };
  for (const [name, [limit, files]] of Object.entries(limits)) {
    it(`with ${name} is refused, and the store goes on`, async () => {
      rig.open({ limits: limit ?? {} });
      const { url, copy, first } = await rig.makeRepo('app', files);
      await rig.fetch(url);
      const made = await rig.store.snapshot(url, first, signal);
      expect(made.ok ? 'ok' : made.problem.message).toMatch(/more than the limit of \d+/);
      await copy.write({ ...Object.fromEntries(Object.keys(files).map((path) => [path, null])), z: '1' });
      const small = await copy.commit('small');
      await copy.push();
      await rig.fetch(url);
      expect((await rig.snapshot(url, small)).tree.list('')).toEqual(['z']);
    });
  }
});
