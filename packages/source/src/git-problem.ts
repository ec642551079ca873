// Decides which coded problem a failed git process is, from how it ended and from phrases that git has used for years.
// It never lets a secret or more than one short line of git's own words into a message.

import type { ErrorCode, Problem } from '@weir/core';

export interface GitExit {
  /** Only `exited` carries a meaningful code; the others were ended by weir. */
  readonly ended: 'exited' | 'timed-out' | 'cancelled' | 'too-large' | 'not-started';
  readonly code: number;
  readonly stdout: Buffer;
  /** The last 64 KiB. */
  readonly stderr: string;
}

/** In this order: "unable to access" introduces refusals and failed connections alike. */
const PHRASES: readonly (readonly [ErrorCode, RegExp])[] = [
  [
    'GIT_AUTH_FAILED',
    /authentication failed|could not read (username|password)|terminal prompts disabled|returned error: (401|403)|access denied|invalid (username|credentials)|permission denied/i,
  ],
  [
    'GIT_REPOSITORY_NOT_FOUND',
    /repository .*not found|returned error: (404|410)|does not appear to be a git repository|repository .*does not exist|not valid: is this a git repository/i,
  ],
  ['GIT_REF_NOT_FOUND', /couldn't find remote ref|not our ref|remote branch .* not found/i],
  [
    'GIT_UNREACHABLE',
    /could not resolve (host|proxy)|failed to connect|couldn't connect|connection (refused|reset|timed out|was)|operation timed out|network is unreachable|empty reply from server|returned error: (408|429|5\d\d)|ssl|tls|certificate|remote end hung up|early eof|rpc failed|unexpected disconnect/i,
  ],
];

const MAX_WORDS = 300;

export function problemOfExit(
  exit: GitExit,
  context: { readonly subject: string; readonly secrets?: readonly string[] },
): Problem {
  const problem = (code: ErrorCode, message: string): Problem => ({
    code,
    message: `${context.subject}: ${message}`,
  });
  switch (exit.ended) {
    case 'timed-out':
      return problem('GIT_UNREACHABLE', 'git did not end in time and was stopped');
    case 'cancelled':
      return problem('GIT_FAILED', 'git was cancelled');
    case 'too-large':
      return problem('GIT_FAILED', 'git printed more than the limit');
    case 'not-started':
      return problem(
        'PREREQUISITE_MISSING',
        'the program "git" could not be started; install git 2.29 or newer',
      );
    default: {
      // Without what stands in quotes: a repository may be called "tls-403".
      const phrases = exit.stderr.replace(/'[^'\n]*'/g, "''");
      const code = PHRASES.find(([, phrase]) => phrase.test(phrases))?.[0] ?? 'GIT_FAILED';
      return problem(code, `git said: ${wordsOf(exit, context.secrets ?? [])}`);
    }
  }
}

function wordsOf(exit: GitExit, secrets: readonly string[]): string {
  const lines = exit.stderr.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => /^(fatal|error|remote):/.test(line));
  const said = (telling.length > 0 ? telling : lines.filter((line) => line !== '')).slice(-3).join('; ');
  return said === '' ? `nothing (exit code ${exit.code})` : redact(said, secrets).slice(0, MAX_WORDS);
}

export function redact(text: string, secrets: readonly string[]): string {
  let clean = text.replace(/(\w+:\/\/)[^/@\s]*@/g, '$1***@');
  for (const secret of secrets) clean = clean.replaceAll(secret, '***');
  return clean;
}
