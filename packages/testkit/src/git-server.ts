// Decides how a real Git server runs on loopback for tests: smart HTTP over `git http-backend`, one process per request.
// It never serves anything but the repositories under its own directory, and is no part of the product.

import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { createHash, timingSafeEqual } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { promisify } from 'node:util';

export interface GitServerUser {
  readonly name: string;
  readonly password: string;
}

export interface GitServerOptions {
  /** Where the bare repositories lie; created when missing. */
  readonly dir: string;
  /** 0 (the default) takes a free port. */
  readonly port?: number;
  readonly host?: string;
  /** When given, every request needs one of these by basic authentication. */
  readonly users?: readonly GitServerUser[];
}

export interface GitServerRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
}

export interface GitServer {
  readonly url: string;
  readonly port: number;
  /** `http://127.0.0.1:<port>/<name>.git` */
  repoUrl(name: string): string;
  /** Makes an empty bare repository with the default branch `main` that accepts pushes; returns its URL. */
  createRepo(name: string): Promise<string>;
  stop(): Promise<void>;
  /** The latest requests, oldest first, at most 1,000. */
  requests(): readonly GitServerRequest[];
}

interface Backend {
  readonly root: string;
  readonly users: readonly GitServerUser[] | undefined;
  readonly children: Set<BackendProcess>;
}

type BackendProcess = ChildProcessByStdio<Writable, Readable, null>;

const MAX_REMEMBERED_REQUESTS = 1_000;
const MAX_CGI_HEAD_BYTES = 64 * 1024;
const REPO_NAME = /^[A-Za-z0-9][A-Za-z0-9._/-]*$/;

/** Starts the server; it is ready when the promise resolves. Needs `git` on the PATH. */
export async function startGitServer(options: GitServerOptions): Promise<GitServer> {
  const root = resolve(options.dir);
  await mkdir(root, { recursive: true });
  const backend: Backend = { root, users: options.users, children: new Set() };
  const requests: GitServerRequest[] = [];
  const server = createServer((request, response) => {
    requests.push({ method: request.method ?? '', path: request.url ?? '' });
    if (requests.length > MAX_REMEMBERED_REQUESTS) requests.shift();
    answer(backend, request, response);
  });
  const host = options.host ?? '127.0.0.1';
  await listen(server, options.port ?? 0, host);
  const { port } = server.address() as AddressInfo;
  const url = `http://${host}:${port}`;
  const repoUrl = (name: string): string => `${url}/${bareName(name)}`;
  return {
    url,
    port,
    repoUrl,
    createRepo: async (name) => {
      await initBareRepo(join(root, bareName(name)));
      return repoUrl(name);
    },
    stop: () => stopServer(server, backend.children),
    requests: () => [...requests],
  };
}

function bareName(name: string): string {
  if (!REPO_NAME.test(name) || name.includes('..')) {
    throw new TypeError(
      `Repository name ${JSON.stringify(name)}: expected letters, digits, ".", "_", "-", "/"`,
    );
  }
  return name.endsWith('.git') ? name : `${name}.git`;
}

async function initBareRepo(path: string): Promise<void> {
  const run = promisify(execFile);
  const env = backendEnv();
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', '--', path], { env });
  await run('git', ['-C', path, 'config', 'http.receivepack', 'true'], { env });
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((done, fail) => {
    server.once('error', fail);
    server.listen(port, host, () => {
      server.off('error', fail);
      done();
    });
  });
}

async function stopServer(server: Server, children: ReadonlySet<BackendProcess>): Promise<void> {
  const closed = new Promise<void>((done) => {
    server.close(() => done());
  });
  server.closeAllConnections();
  for (const child of children) child.kill('SIGKILL');
  await closed;
}

function answer(backend: Backend, request: IncomingMessage, response: ServerResponse): void {
  if (!isAllowed(backend.users, request.headers.authorization)) {
    // The body of a refused push is not read; closing says so to the client.
    response.writeHead(401, { 'www-authenticate': 'Basic realm="git"', connection: 'close' }).end();
    return;
  }
  const child = spawn('git', ['http-backend'], {
    env: cgiEnv(backend.root, request),
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  backend.children.add(child);
  child.on('close', () => backend.children.delete(child));
  child.on('error', () => response.destroy());
  child.stdin.on('error', () => undefined);
  request.pipe(child.stdin);
  response.on('close', () => {
    if (child.exitCode === null) child.kill('SIGKILL');
  });
  relay(child.stdout, response);
}

/** Turns the CGI answer (head, empty line, body) into an HTTP answer; the pipe gives the back-pressure. */
function relay(stdout: Readable, response: ServerResponse): void {
  let head = Buffer.alloc(0);
  const onData = (chunk: Buffer): void => {
    head = Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0) {
      if (head.length > MAX_CGI_HEAD_BYTES) response.destroy();
      return;
    }
    stdout.off('data', onData);
    stdout.off('end', onEarlyEnd);
    writeCgiHead(head.subarray(0, end).toString('latin1'), response);
    const rest = head.subarray(end + 4);
    if (rest.length > 0) response.write(rest);
    stdout.pipe(response);
  };
  const onEarlyEnd = (): void => {
    response.writeHead(500).end();
  };
  stdout.on('data', onData);
  stdout.on('end', onEarlyEnd);
}

function writeCgiHead(head: string, response: ServerResponse): void {
  let status = 200;
  for (const line of head.split('\r\n')) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const name = line.slice(0, colon);
    const value = line.slice(colon + 1).trim();
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.writeHead(status);
}

function cgiEnv(root: string, request: IncomingMessage): NodeJS.ProcessEnv {
  const target = new URL(request.url ?? '/', 'http://localhost');
  const header = (name: string): string => {
    const value = request.headers[name];
    return typeof value === 'string' ? value : '';
  };
  return {
    ...backendEnv(),
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: decodePath(target.pathname),
    QUERY_STRING: target.search.slice(1),
    CONTENT_TYPE: header('content-type'),
    // A chunked body has no length, and an empty CONTENT_LENGTH would be read as one.
    ...(request.headers['content-length'] === undefined ? {} : { CONTENT_LENGTH: header('content-length') }),
    HTTP_CONTENT_ENCODING: header('content-encoding'),
    GIT_PROTOCOL: header('git-protocol'),
    REMOTE_ADDR: request.socket.remoteAddress ?? '',
  };
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

function backendEnv(): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
  };
}

function isAllowed(users: readonly GitServerUser[] | undefined, header: string | undefined): boolean {
  if (users === undefined) return true;
  const given = digest(header?.startsWith('Basic ') === true ? header.slice('Basic '.length) : '');
  let allowed = false;
  // Every user is compared, so that the time tells nothing.
  for (const user of users) {
    const expected = digest(Buffer.from(`${user.name}:${user.password}`).toString('base64'));
    if (timingSafeEqual(given, expected)) allowed = true;
  }
  return allowed;
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
