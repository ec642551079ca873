import { showProblem } from '@weir/core';
import { describe, expect, it } from 'vitest';
import { isSameRepository, parseRepositoryUrl } from './git-url.ts';

function show(url: string): string {
  const parsed = parseRepositoryUrl(url);
  return parsed.ok ? `${parsed.value.url} = ${parsed.value.identity}` : showProblem(parsed.problem);
}

describe('a repository URL', () => {
  const table: Record<string, string> = {
    'https://Git.Example/Org/App.git/': 'https://git.example/Org/App.git = https://git.example/Org/App',
    'http://git.example:8080/a//': 'http://git.example:8080/a = http://git.example:8080/a',
    'https://git.example:443/a': 'https://git.example/a = https://git.example/a',
    'file:///srv/a.git': 'file:///srv/a.git = file:///srv/a',
    'ssh://git@git.example/a':
      'GIT_URL_INVALID: Repository URL has the scheme "ssh": expected http, https or file',
    'ext::sh -c id': 'GIT_URL_INVALID: Repository URL contains white space or control characters',
    'git@git.example:a.git':
      'GIT_URL_INVALID: Repository URL is not an absolute URL: expected http, https or file',
    '--upload-pack=id':
      'GIT_URL_INVALID: Repository URL is not an absolute URL: expected http, https or file',
    'https://user:hunter2@git.example/a':
      'GIT_URL_INVALID: Repository URL for host "git.example" holds credentials: put them into a Secret',
    'https://git.example/a?token=hunter2':
      'GIT_URL_INVALID: Repository URL for host "git.example" has a query or a fragment: expected none',
    'https://git.example/': 'GIT_URL_INVALID: Repository URL has no path: expected the path of a repository',
    'file://host/srv': 'GIT_URL_INVALID: Repository URL of a file names a host: expected file:///path',
    'https://git.example/a\nb': 'GIT_URL_INVALID: Repository URL contains white space or control characters',
  };
  for (const [url, shown] of Object.entries(table)) {
    it(JSON.stringify(url), () => expect(show(url)).toBe(shown));
  }
});

describe('a push to one is a push to the other', () => {
  const table: readonly [a: string, b: string, same: boolean][] = [
    ['https://github.com/org/app', 'https://github.com/org/app.git', true],
    ['https://github.com/org/app/', 'https://GitHub.com/org/app', true],
    ['https://github.com/org/app', 'http://github.com/org/app', true],
    ['https://github.com/org/app', 'git@github.com:org/app.git', true],
    ['https://github.com/org/app', 'ssh://git@github.com/org/app.git', true],
    ['https://github.com/org/app', 'ssh://git@ssh.github.com:22/org/app.git', true],
    ['https://github.com/org/app', 'git://github.com/org/app.git', true],
    ['https://user:pw@github.com/org/app', 'https://github.com/org/app', true],
    ['https://github.com:443/org/app', 'https://github.com/org/app', true],
    ['https://github.com/Org/App', 'https://github.com/org/app', true],
    ['https://git.example/a%20b', 'https://git.example/a b', true],
    ['http://127.0.0.1:3000/a.git', 'http://127.0.0.1:3000/a', true],
    ['http://127.0.0.1:3000/a.git', 'http://127.0.0.1:4000/a', false],
    ['http://[::1]:3000/a.git', 'http://[::1]:3000/a', true],
    ['https://github.com/org/app', 'https://github.com/org/app2', false],
    ['https://github.com/org/app', 'https://github.com/org', false],
    ['https://github.com/org/app', 'https://gitlab.com/org/app', false],
    ['https://evil.com/github.com/org/app', 'https://github.com/org/app', false],
    ['https://github.com', 'https://github.com', false],
    ['', '', false],
    ['file:///srv/a.git', 'file:///srv/a', true],
  ];
  for (const [a, b, same] of table) {
    it(`${a} and ${b}: ${same}`, () => {
      expect(isSameRepository(a, b)).toBe(same);
      expect(isSameRepository(b, a)).toBe(same);
    });
  }
});
