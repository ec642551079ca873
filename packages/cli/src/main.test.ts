// The command line itself: usage errors, exit codes, help, and completion scripts that a shell accepts.

import { execFileSync } from 'node:child_process';
import { WeirError } from '@weir/core';
import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { parseAddress, parseLease, parseReplica } from './commands/controller.ts';
import { parseDuration } from './duration.ts';
import { Exit } from './exit.ts';
import { reportEnd } from './main.ts';
import { capturedTerminal, runCommand } from './terminal/captured-terminal.ts';

const run = (...args: string[]): ReturnType<typeof runCommand> => runCommand(args);

test.each([
  ['an unknown command', ['bogus'], 2, /unknown command 'bogus'/],
  ['an unknown option', ['get', '--bogus'], 2, /unknown option '--bogus'/],
  ['a missing name', ['tree'], 2, /missing required argument 'name'/],
  ['an unknown format', ['get', '-o', 'xml'], 2, /output format xml is unknown/],
  ['a wrong duration', ['up', '--timeout', 'soon'], 2, /expected a duration/],
  ['a wrong cluster name', ['up', '--clusters', 'Hub,east'], 2, /"Hub" is no name/],
  ['an unknown shell', ['completion', 'tcsh'], 2, /Allowed choices are bash, zsh, fish/],
])('%s', async (_, args, code, message) => {
  const end = await run(...args);
  expect(end.code).toBe(code);
  expect(end.err).toMatch(message);
  expect(end.out).toBe('');
});

test.each([
  'up',
  'down',
  'get',
  'tree',
  'diff',
  'reconcile',
  'events',
  'controller',
  'version',
  'completion',
])('%s --help shows examples and exit codes', async (command) => {
  const end = await run(command, '--help');
  expect(end.code).toBe(0);
  expect(end.out).toContain('Examples:\n');
  expect(end.out).toContain('Exit codes:\n');
});

test('hidden commands are not listed', async () => {
  expect((await run('--help')).out).not.toContain('git-');
});

test('the end of a command becomes an exit code and one message', () => {
  const ended = (error: unknown, signal?: AbortSignal): [number, string] => {
    const terminal = capturedTerminal(signal);
    return [reportEnd(error, terminal), terminal.text.err];
  };
  expect(ended(new Exit(3, 'not ready'))).toEqual([3, 'weir: not ready\n']);
  expect(ended(new Exit(1))).toEqual([1, '']);
  expect(ended(new WeirError({ code: 'CLUSTER_UNREACHABLE', message: 'm' }))).toEqual([
    1,
    'weir: CLUSTER_UNREACHABLE: m\n',
  ]);
  expect(ended(new Error('whatever'), AbortSignal.abort())).toEqual([130, 'weir: interrupted\n']);
});

test.each(['bash', 'zsh', 'fish'])('the completion for %s names every command', async (shell) => {
  const { out } = await run('completion', shell);
  for (const name of ['up', 'get', 'reconcile', 'with-source']) expect(out).toContain(name);
  expect(out).not.toContain('git-server');
  if (shell === 'bash') execFileSync('bash', ['-n'], { input: out });
});

test.each([
  ['90s', 90_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1_500],
  ['250ms', 250],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(['', '5', 's', '5 m', '5x', '5m!'])('%j is no duration', (text) => {
  expect(() => parseDuration(text)).toThrow(InvalidArgumentError);
});

test('addresses are host and port', () => {
  expect(parseAddress('127.0.0.1:80')).toEqual({ host: '127.0.0.1', port: 80 });
  expect(parseAddress('[::1]:0')).toEqual({ host: '::1', port: 0 });
  expect(parseAddress(':8080')).toEqual({ host: '0.0.0.0', port: 8080 });
  for (const text of ['8080', 'host:', 'host:x', 'host:70000'])
    expect(() => parseAddress(text)).toThrow(InvalidArgumentError);
});

test('the name of a replica is one of a Lease, and Leases last whole seconds', () => {
  expect([parseReplica('weir-7d9c-x2'), parseLease('15s'), parseLease('1m')]).toEqual([
    'weir-7d9c-x2',
    15_000,
    60_000,
  ]);
  for (const text of ['', 'Weir', 'a/b', '-a', 'a'.repeat(64)])
    expect(() => parseReplica(text)).toThrow(InvalidArgumentError);
  for (const text of ['500ms', '1500ms', '11m', '15'])
    expect(() => parseLease(text)).toThrow(InvalidArgumentError);
});
