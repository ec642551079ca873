// Decides how a test writes to a Git repository: a working copy with a fixed author and fixed dates.
// It never reads the user's Git configuration, so that the same calls always give the same commit ids.

import { execFile } from 'node:child_process';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

export interface WorkingCopy {
  readonly dir: string;
  /** Writes files below the working copy; `null` removes one. */
  write(files: Readonly<Record<string, string | null>>): Promise<void>;
  /** Commits everything, an empty change too; returns the commit id. */
  commit(message: string): Promise<string>;
  /** Pushes HEAD to a branch (default: `main`), or what a refspec with a colon or `refs/` says. */
  push(ref?: string, options?: { readonly force?: boolean }): Promise<void>;
  head(): Promise<string>;
  /** Runs git in the working copy; returns what it printed, trimmed. Rejects with its stderr. */
  git(...args: readonly string[]): Promise<string>;
}

/** One second later with each commit, from here on. */
const FIRST_COMMIT_SECONDS = 1_767_225_600;

/** Makes a working copy in `dir` whose `origin` is `url`; what the remote's default branch has is checked out. */
export async function workingCopy(options: {
  readonly url: string;
  readonly dir: string;
}): Promise<WorkingCopy> {
  const { url, dir } = options;
  let commits = 0;
  const git = (...args: readonly string[]): Promise<string> =>
    runGit(args, { cwd: dir, seconds: FIRST_COMMIT_SECONDS + commits });
  await mkdir(dir, { recursive: true });
  await git('clone', '--quiet', '--', url, '.');
  commits = Number(await git('rev-list', '--all', '--count'));
  return {
    dir,
    git,
    write: (files) => writeFiles(dir, files),
    commit: async (message) => {
      await git('add', '--all');
      await git('commit', '--quiet', '--allow-empty', '--message', message);
      commits += 1;
      return git('rev-parse', 'HEAD');
    },
    push: async (ref = 'main', { force = false } = {}) => {
      const refspec = ref.includes(':') || ref.startsWith('refs/') ? ref : `HEAD:refs/heads/${ref}`;
      await git('push', '--quiet', ...(force ? ['--force'] : []), 'origin', refspec);
    },
    head: () => git('rev-parse', 'HEAD'),
  };
}

async function writeFiles(dir: string, files: Readonly<Record<string, string | null>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const target = join(dir, path);
    if (content === null) {
      await rm(target, { force: true });
      continue;
    }
    await mkdir(dirname(target), { recursive: true });
    await writeFile(target, content);
  }
}

function runGit(args: readonly string[], options: { cwd: string; seconds: number }): Promise<string> {
  const date = `${options.seconds} +0000`;
  const env = {
    PATH: process.env.PATH ?? '/usr/bin:/bin',
    HOME: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_TERMINAL_PROMPT: '0',
    GIT_AUTHOR_NAME: 'Weir Test',
    GIT_AUTHOR_EMAIL: 'test@weir.dev',
    GIT_COMMITTER_NAME: 'Weir Test',
    GIT_COMMITTER_EMAIL: 'test@weir.dev',
    GIT_AUTHOR_DATE: date,
    GIT_COMMITTER_DATE: date,
  };
  const fixed = ['-c', 'init.defaultBranch=main', '-c', 'gc.auto=0', '-c', 'advice.detachedHead=false'];
  return new Promise((done, fail) => {
    execFile(
      'git',
      [...fixed, ...args],
      { cwd: options.cwd, env, maxBuffer: 64 << 20 },
      (error, out, stderr) => {
        if (error === null) done(out.trim());
        else fail(new Error(`git ${args[0] ?? ''} failed: ${stderr.trim()}`, { cause: error }));
      },
    );
  });
}
