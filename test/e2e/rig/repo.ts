// A Git repository on the fleet's own server: pushed to as a user would, with the forge's message to the webhook after it.

import { execFile } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type WorkingCopy, workingCopy } from '@weir/testkit';

const run = promisify(execFile);

export type Files = Readonly<Record<string, string | null>>;

export interface Repo {
  readonly name: string;
  readonly url: string;
  readonly copy: WorkingCopy;
  /** Commits the files (`null` removes one), pushes them and tells the webhook; answers the commit. */
  push(files: Files, options?: { readonly notify?: boolean }): Promise<string>;
}

export interface Webhook {
  readonly url: string;
  readonly secretFile: string;
}

export async function createRepo(of: {
  readonly home: string;
  readonly gitUrl: string;
  readonly webhook: Webhook;
  readonly name: string;
  readonly files: Files;
}): Promise<Repo> {
  const { home, webhook } = of;
  const name = `${of.name}-${randomBytes(3).toString('hex')}`;
  const bare = join(home, 'git', `${name}.git`);
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', '--', bare]);
  await run('git', ['-C', bare, 'config', 'http.receivepack', 'true']);
  const url = `${of.gitUrl}/${name}.git`;
  const copy = await workingCopy({ url, dir: join(home, 'clones', name) });
  const repo: Repo = {
    name,
    url,
    copy,
    push: async (files, { notify = true } = {}) => {
      await copy.write(files);
      const commit = await copy.commit('Change');
      await copy.push();
      if (notify) await postPush(webhook, { url, commit });
      return commit;
    },
  };
  await repo.push(of.files, { notify: false });
  return repo;
}

/** GitHub's push event, signed as GitHub signs it. Answers the HTTP status. */
export async function postPush(
  webhook: Webhook,
  push: { readonly url: string; readonly commit: string; readonly secret?: string | null },
): Promise<number> {
  const body = JSON.stringify({
    ref: 'refs/heads/main',
    before: '0'.repeat(40),
    after: push.commit,
    repository: { name: 'e2e', full_name: 'e2e/e2e', default_branch: 'main', clone_url: push.url },
    commits: [],
  });
  const secret =
    push.secret === undefined ? (await readFile(webhook.secretFile, 'utf8')).trim() : push.secret;
  const digest = secret === null ? undefined : createHmac('sha256', secret).update(body).digest('hex');
  const answer = await fetch(webhook.url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      ...(digest === undefined ? {} : { 'x-hub-signature-256': `sha256=${digest}` }),
    },
    body,
  });
  await answer.arrayBuffer();
  return answer.status;
}
