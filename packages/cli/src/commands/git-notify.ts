// `weir git-notify` (hidden): the post-receive hook of the example repositories. It tells the controller's webhook about
// a push, signed as GitHub signs it, and never makes a push fail.

import { createHmac } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { Terminal } from '../terminal/terminal.ts';

interface NotifyOptions {
  readonly webhook: string;
  readonly secretFile: string;
  readonly repository: string;
}

export interface RefUpdate {
  readonly before: string;
  readonly after: string;
  readonly ref: string;
}

const timeoutMs = 5_000;

export function registerGitNotify(program: Command, terminal: Terminal): void {
  program
    .command('git-notify', { hidden: true })
    .description('tell a webhook about the ref updates on standard input')
    .requiredOption('--webhook <url>', 'where to post')
    .requiredOption('--secret-file <file>', 'file with the secret that signs the message')
    .requiredOption('--repository <url>', 'the clone URL of the repository')
    .action(async (options: NotifyOptions) => {
      const updates = parseUpdates(await text(process.stdin));
      const secret = (await readFile(options.secretFile, 'utf8')).trim();
      for (const update of updates) {
        const said = await notify({ options, secret, update });
        terminal.out(`weir: ${update.ref.replace('refs/heads/', '')} ${update.after.slice(0, 8)}: ${said}\n`);
      }
    });
}

export function parseUpdates(input: string): RefUpdate[] {
  return input.split('\n').flatMap((line) => {
    const [before, after, ref] = line.trim().split(' ');
    return before === undefined || after === undefined || ref === undefined ? [] : [{ before, after, ref }];
  });
}

/** The body and headers of GitHub's `push` event. */
export function pushMessage(input: { repository: string; secret: string; update: RefUpdate }): {
  body: string;
  headers: Record<string, string>;
} {
  const { before, after, ref } = input.update;
  const url = input.repository;
  const name =
    url
      .replace(/\.git$/, '')
      .split('/')
      .at(-1) ?? '';
  const isZero = (commit: string): boolean => /^0+$/.test(commit);
  const body = JSON.stringify({
    ref,
    before,
    after,
    created: isZero(before),
    deleted: isZero(after),
    repository: {
      name,
      full_name: name,
      default_branch: 'main',
      clone_url: url,
      html_url: url.replace(/\.git$/, ''),
    },
    commits: [],
  });
  return {
    body,
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-hub-signature-256': `sha256=${createHmac('sha256', input.secret).update(body).digest('hex')}`,
    },
  };
}

async function notify(input: { options: NotifyOptions; secret: string; update: RefUpdate }): Promise<string> {
  const { options, secret, update } = input;
  try {
    const answer = await fetch(options.webhook, {
      method: 'POST',
      ...pushMessage({ repository: options.repository, secret, update }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    await answer.arrayBuffer();
    return answer.ok
      ? 'the controller knows'
      : `the webhook answered ${answer.status}; the next poll will find it`;
  } catch {
    return 'the controller cannot be reached; it will find the commit when it runs';
  }
}
