// The example repositories of `weir up`: bare ones that its Git server serves, and a clone of each to work in.
// It writes only below weir's own home, and never touches the user's Git configuration.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { WeirError } from '@weir/core';
import type { ExampleName } from './entries.ts';
import type { Home } from './home.ts';
import { weirCommand, weirRoot } from './place.ts';

const run = promisify(execFile);

/** Of the first commit, and of commits in the clones where the user has no Git identity. */
const identity = { name: 'weir up', email: 'weir@localhost' } as const;

export interface ExampleRepository {
  readonly name: ExampleName;
  readonly url: string;
  readonly clone: string;
}

export interface NotifyTarget {
  readonly webhookUrl: string;
  readonly secretFile: string;
}

export function repositoryOf(home: Home, name: ExampleName, port: number): ExampleRepository {
  return { name, url: `http://127.0.0.1:${port}/${name}.git`, clone: join(home.clones, name) };
}

/** The bare repository, made when it is missing. The Git server need not run yet. */
export async function ensureBareRepository(home: Home, repository: ExampleRepository): Promise<void> {
  const bare = barePath(home, repository.name);
  if (existsSync(join(bare, 'HEAD'))) return;
  await mkdir(home.git, { recursive: true, mode: 0o700 });
  await git(['init', '--quiet', '--bare', '--initial-branch=main', '--', bare]);
  await git(['-C', bare, 'config', 'http.receivepack', 'true']);
}

/** Pushes the example as it lies in `examples/` where the repository is still empty. True when it did. */
export async function ensurePushed(home: Home, repository: ExampleRepository): Promise<boolean> {
  const isEmpty = !(await hasBranch(barePath(home, repository.name)));
  const { clone, url } = repository;
  if (!existsSync(join(clone, '.git'))) {
    await mkdir(home.clones, { recursive: true, mode: 0o700 });
    await git(['clone', '--quiet', '--', url, clone]);
    await ensureIdentity(clone);
  }
  if (!isEmpty) return false;
  await cp(join(weirRoot(), 'examples', repository.name), clone, { recursive: true });
  await git(['-C', clone, 'checkout', '--quiet', '-B', 'main']);
  await git(['-C', clone, 'add', '--all']);
  await git(['-C', clone, 'commit', '--quiet', '--message', `Add ${repository.name}`]);
  await git(['-C', clone, 'push', '--quiet', '--set-upstream', 'origin', 'main']);
  return true;
}

/** After each push the repository tells the controller's webhook, as a Git host would. */
export async function installNotification(
  home: Home,
  repository: ExampleRepository,
  target: NotifyTarget,
): Promise<void> {
  const hook = join(barePath(home, repository.name), 'hooks', 'post-receive');
  const words = [
    process.execPath,
    weirCommand(),
    'git-notify',
    '--webhook',
    target.webhookUrl,
    '--secret-file',
    target.secretFile,
    '--repository',
    repository.url,
  ];
  await mkdir(join(hook, '..'), { recursive: true });
  await writeFile(hook, `#!/bin/sh\nWEIR_CHILD=1 exec ${words.map(quoted).join(' ')}\n`);
  await chmod(hook, 0o755);
}

const barePath = (home: Home, name: string): string => join(home.git, `${name}.git`);
const quoted = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;

async function hasBranch(bare: string): Promise<boolean> {
  return (await git(['-C', bare, 'for-each-ref', '--count=1', 'refs/heads'])) !== '';
}

async function ensureIdentity(clone: string): Promise<void> {
  const known = await git(['-C', clone, 'config', '--get', 'user.email'], { ownIdentity: false }).catch(
    () => '',
  );
  if (known !== '') return;
  await git(['-C', clone, 'config', 'user.name', identity.name]);
  await git(['-C', clone, 'config', 'user.email', identity.email]);
}

async function git(
  args: readonly string[],
  options: { ownIdentity: boolean } = { ownIdentity: true },
): Promise<string> {
  const own = {
    GIT_AUTHOR_NAME: identity.name,
    GIT_AUTHOR_EMAIL: identity.email,
    GIT_COMMITTER_NAME: identity.name,
    GIT_COMMITTER_EMAIL: identity.email,
  };
  // Signing or hooks of the user's own configuration have no business in the first commit.
  const config = options.ownIdentity ? ['-c', 'commit.gpgsign=false', '-c', 'core.hooksPath=/dev/null'] : [];
  try {
    const { stdout } = await run('git', [...config, ...args], {
      env: { ...withoutGit(process.env), ...(options.ownIdentity ? own : {}), GIT_TERMINAL_PROMPT: '0' },
    });
    return stdout.trim();
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : '';
    throw new WeirError(
      { code: 'GIT_FAILED', message: `git ${args.filter((arg) => arg !== '-C')[0] ?? ''}: ${said}` },
      { cause: error },
    );
  }
}

/** Variables of a Git hook or of a work tree that weir happens to run in would lead git astray. */
function withoutGit(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const led = new Set(['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_OBJECT_DIRECTORY', 'GIT_PREFIX']);
  return Object.fromEntries(Object.entries(env).filter(([name]) => !led.has(name)));
}
