import { showProblem } from '@weir/core';
import { describe, expect, it } from 'vitest';
import { type GitExit, problemOfExit } from './git-problem.ts';

const exit = (stderr: string, ended: GitExit['ended'] = 'exited'): GitExit => ({
  ended,
  code: 128,
  stdout: Buffer.alloc(0),
  stderr,
});

describe('what git says', () => {
  const table: Record<string, string> = {
    "fatal: could not read Username for 'https://x': terminal prompts disabled": 'GIT_AUTH_FAILED',
    "fatal: Authentication failed for 'https://x/a.git/'": 'GIT_AUTH_FAILED',
    "fatal: unable to access 'https://x/': The requested URL returned error: 403": 'GIT_AUTH_FAILED',
    "remote: Repository not found.\nfatal: repository 'https://x/a/' not found": 'GIT_REPOSITORY_NOT_FOUND',
    "fatal: '/srv/none.git' does not appear to be a git repository": 'GIT_REPOSITORY_NOT_FOUND',
    "fatal: couldn't find remote ref refs/heads/x": 'GIT_REF_NOT_FOUND',
    "fatal: unable to access 'https://x/': Could not resolve host: x": 'GIT_UNREACHABLE',
    "fatal: unable to access 'https://x/': Failed to connect to x port 443: Connection refused":
      'GIT_UNREACHABLE',
    "fatal: unable to access 'https://x/': The requested URL returned error: 502": 'GIT_UNREACHABLE',
    "fatal: unable to access 'https://x/': SSL certificate problem: self-signed certificate":
      'GIT_UNREACHABLE',
    'error: RPC failed; curl 56 Recv failure: Connection reset by peer': 'GIT_UNREACHABLE',
    "fatal: unable to write '/srv/tls-403-not found'": 'GIT_FAILED',
    '': 'GIT_FAILED',
  };
  for (const [stderr, code] of Object.entries(table)) {
    it(`${JSON.stringify(stderr)}: ${code}`, () => {
      expect(problemOfExit(exit(stderr), { subject: 'Repository x' }).code).toBe(code);
    });
  }

  it('is shown without secrets, without notes, and cut', () => {
    const stderr = `hint: ignore\nfatal: Authentication failed for 'https://bob:hunter2@x/' ${'y'.repeat(9999)} tok`;
    const shown = showProblem(
      problemOfExit(exit(stderr), { subject: 'Repository x', secrets: ['hunter2', 'tok'] }),
    );
    expect(shown).toMatch(
      /^GIT_AUTH_FAILED: Repository x: git said: fatal: Authentication failed for 'https:\/\/\*\*\*@x\/' y+$/,
    );
    expect(shown.length).toBeLessThan(400);
  });

  it('counts less than how the process ended', () => {
    expect(problemOfExit(exit('fatal: 403', 'timed-out'), { subject: 'x' }).code).toBe('GIT_UNREACHABLE');
    expect(problemOfExit(exit('', 'not-started'), { subject: 'x' }).code).toBe('PREREQUISITE_MISSING');
  });
});
