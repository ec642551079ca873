// Real pushes to a real Git server; costs are asserted by counting, never by time.

import { existsSync, readdirSync } from 'node:fs';
import { rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SourceRig } from './source-rig.ts';

const signal = new AbortController().signal;
let rig: SourceRig;

beforeEach(async () => {
  rig = await SourceRig.start();
});

afterEach(() => rig.stop());

describe('a damaged mirror', () => {
  it('without a HEAD is made anew', async () => {
    const { url, first } = await rig.makeRepo('app', { a: '1' });
    await rig.fetch(url);
    await rm(join(rig.repositoryFolder(), 'mirror.git', 'HEAD'));
    expect((await rig.fetch(url)).refs.get('refs/heads/main')).toBe(first);
    expect((await rig.snapshot(url, first)).tree.list('')).toEqual(['a']);
  });

  it('with cut objects is found out by a snapshot and made anew by the next fetch', async () => {
    const { url, first } = await rig.makeRepo('app', { a: '1'.repeat(1000) });
    await rig.fetch(url);
    const packs = join(rig.repositoryFolder(), 'mirror.git', 'objects', 'pack');
    for (const name of readdirSync(packs)) await rm(join(packs, name), { force: true });
    rig.open();
    const made = await rig.store.snapshot(url, first, signal);
    expect(made.ok).toBe(false);
    await rig.fetch(url);
    expect((await rig.snapshot(url, first)).tree.list('')).toEqual(['a']);
  });

  it('with a broken pack is made anew by a fetch that trips over it', async () => {
    const { url, copy, first } = await rig.makeRepo('app', { a: '1'.repeat(1000) });
    await rig.fetch(url);
    const packs = join(rig.repositoryFolder(), 'mirror.git', 'objects', 'pack');
    for (const name of readdirSync(packs)) if (name.endsWith('.pack')) await truncate(join(packs, name), 40);
    await copy.write({ b: '2' });
    const second = await copy.commit('second');
    await copy.push();
    await rig.fetch(url);
    const ready = await rig.store.snapshot(url, second, signal);
    if (!ready.ok) await rig.fetch(url);
    expect((await rig.snapshot(url, second)).tree.list('')).toEqual(['a', 'b']);
    expect(first).not.toBe(second);
  });

  it('with locks of a killed git is cleared before use', async () => {
    const { url, copy } = await rig.makeRepo('app', { a: '1' });
    await rig.fetch(url);
    await rig.store.close();
    const locks = ['packed-refs.lock', 'refs/heads/main.lock', 'HEAD.lock', 'shallow.lock', 'config.lock'];
    for (const name of locks) await writeFile(join(rig.repositoryFolder(), 'mirror.git', name), '');
    await writeFile(join(rig.repositoryFolder(), 'mirror.git', 'objects', 'pack', 'tmp_pack_x'), '');
    await writeFile(join(rig.repositoryFolder(), 'mirror.git', '..', 'git.pid'), String(process.pid));
    await writeFile(join(rig.repositoryFolder(), 'mirror.git', '..', 'new-half'), '');
    rig.open();
    const second = await copy.commit('second');
    await copy.push();
    expect((await rig.fetch(url)).refs.get('refs/heads/main')).toBe(second);
    expect(locks.filter((name) => existsSync(join(rig.repositoryFolder(), 'mirror.git', name)))).toEqual([]);
    expect(readdirSync(join(rig.repositoryFolder(), 'mirror.git', '..')).sort()).toEqual([
      'git.pid',
      'mirror.git',
    ]);
  });
});
