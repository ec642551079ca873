// Servers and processes that behave badly: redirects with credentials, and a kill -9 in the middle of a transfer.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer, request as httpRequest, type Server } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { startGitServer } from '@weir/testkit';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SourceRig } from './source-rig.ts';

let rig: SourceRig;
const cleanups: (() => void)[] = [];

beforeEach(async () => {
  rig = await SourceRig.start();
});

afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) cleanup();
  await rig.stop();
});

describe('a redirect', () => {
  const credentials = { username: 'bob', password: 'hunter2' };
  const seen: string[] = [];

  /** Forwards to the Git server, but for `/old` paths, which it redirects to `target`. */
  async function startForge(target: (path: string) => string): Promise<string> {
    seen.length = 0;
    const forge: Server = createHttpServer((request, response) => {
      const path = request.url ?? '';
      seen.push(
        `${path.split('?')[0]} ${request.headers.authorization === undefined ? 'anonymous' : 'authorized'}`,
      );
      if (path.startsWith('/old')) {
        response.writeHead(301, { location: target(path.replace('/old', '/app')) }).end();
        return;
      }
      const { method, headers } = request;
      const upstream = httpRequest(`${rig.server.url}${path}`, { method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      request.pipe(upstream);
    });
    await new Promise<void>((done) => forge.listen(0, '127.0.0.1', done));
    cleanups.push(() => {
      forge.closeAllConnections();
      forge.close();
    });
    return `http://127.0.0.1:${(forge.address() as AddressInfo).port}`;
  }

  async function makePrivate(): Promise<void> {
    await rig.server.stop();
    const users = [{ name: 'bob', password: 'hunter2' }];
    rig.server = await startGitServer({ dir: join(rig.dir, 'server'), users });
    await rig.server.createRepo('app');
  }

  it('on the same host is followed with credentials, and remembered', async () => {
    await makePrivate();
    const forge = await startForge((path) => path);
    expect(await rig.fetchCode(`${forge}/old.git`, { credentials })).toBe('ok');
    seen.length = 0;
    expect(await rig.fetchCode(`${forge}/old.git`, { credentials })).toBe('ok');
    expect(seen.filter((line) => line.startsWith('/old'))).toEqual([]);
  });

  it('to another host gets no credentials and is refused', async () => {
    await makePrivate();
    const thief = await startForge((path) => path);
    const forge = await startForge((path) => `${thief}${path}`);
    const fetched = await rig.store.fetch({
      url: `${forge}/old.git`,
      credentials,
      timeoutMs: 30_000,
      signal: new AbortController().signal,
    });
    expect(fetched.ok ? '' : fetched.problem.message).toContain('redirects to another host');
    expect(seen.every((line) => line.startsWith('/old'))).toBe(true);
  });

  it('without credentials is left to git', async () => {
    await rig.makeRepo('app', { a: '1' });
    const forge = await startForge((path) => path);
    expect(await rig.fetchCode(`${forge}/old.git`)).toBe('ok');
  });
});

/** A connection that stops after so many bytes of the answer, until it is told to flow. */
async function startThrottle(port: number, bytes: number) {
  let open = false;
  const sockets = new Set<Socket>();
  let onStall: () => void = () => undefined;
  const stalled = new Promise<void>((done) => {
    onStall = done;
  });
  const proxy = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1');
    for (const end of [socket, upstream]) {
      sockets.add(end);
      end.on('error', () => undefined);
    }
    let passed = 0;
    socket.pipe(upstream);
    upstream.on('data', (chunk) => {
      socket.write(chunk);
      passed += chunk.length;
      if (open || passed < bytes) return;
      upstream.pause();
      onStall();
    });
    upstream.on('end', () => socket.end());
    socket.on('close', () => upstream.destroy());
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  cleanups.push(() => {
    for (const socket of sockets) socket.destroy();
    proxy.close();
  });
  return {
    port: (proxy.address() as AddressInfo).port,
    stalled,
    flow: () => {
      open = true;
    },
  };
}

async function startFetcher(url: string): Promise<ChildProcess> {
  const bundle = join(rig.dir, 'fetcher.mjs');
  await build({
    stdin: {
      contents: `import { createSourceStore } from ${JSON.stringify(join(import.meta.dirname, 'index.ts'))};
        const store = createSourceStore({ dir: process.argv[2] });
        await store.fetch({ url: process.argv[3], timeoutMs: 60000, signal: new AbortController().signal });`,
      resolveDir: import.meta.dirname,
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: bundle,
    logLevel: 'error',
  });
  const child = spawn(process.execPath, [bundle, join(rig.dir, 'store'), url], { stdio: 'ignore' });
  cleanups.push(() => child.kill('SIGKILL'));
  return child;
}

/** A process that ended but that nobody waited for still has a number, and the state Z. */
function isRunning(processId: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(processId)], { encoding: 'utf8' });
  return stdout.trim() !== '' && !stdout.trim().startsWith('Z');
}

describe('a kill -9', () => {
  /** Kills the process of a store while its git waits for data; the next store must not care. */
  async function killWhileStalled(prepare: (url: string) => Promise<void>): Promise<void> {
    const { url, copy } = await rig.makeRepo('app', { a: '1' });
    const throttle = await startThrottle(rig.server.port, 200_000);
    const throttled = url.replace(String(rig.server.port), String(throttle.port));
    await prepare(throttled);
    await writeFile(join(copy.dir, 'large'), randomBytes(3_000_000));
    const second = await copy.commit('large');
    await copy.push();
    const child = await startFetcher(throttled);
    await throttle.stalled;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGKILL');
    await ended;
    const orphan = Number(readFileSync(join(rig.repositoryFolder(), 'git.pid'), 'utf8'));
    throttle.flow();
    rig.open();
    expect((await rig.fetch(throttled)).refs.get('refs/heads/main')).toBe(second);
    expect(isRunning(orphan)).toBe(false);
    expect((await rig.snapshot(throttled, second)).tree.list('')).toEqual(['a', 'large']);
    expect(readdirSync(rig.repositoryFolder()).sort()).toEqual(['git.pid', 'mirror.git']);
    const packs = readdirSync(join(rig.repositoryFolder(), 'mirror.git', 'objects', 'pack'));
    expect(packs.filter((name) => name.startsWith('tmp'))).toEqual([]);
  }

  it('in the middle of the first clone leaves nothing behind', async () => {
    await killWhileStalled(async () => {
      expect(existsSync(join(rig.dir, 'store', 'repos'))).toBe(false);
    });
  });

  it('in the middle of a fetch leaves nothing behind', async () => {
    await killWhileStalled(async (url) => {
      await rig.fetch(url);
      await rig.store.close();
    });
  });
});
