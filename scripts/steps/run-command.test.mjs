// What becomes of a command that hangs, crashes or does not exist.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { runCommand } from './run-command.mjs';

const directory = mkdtempSync(join(tmpdir(), 'weir-command-'));
afterAll(() => rmSync(directory, { recursive: true }));

const run = async (script, timeoutMs = 20_000) => {
  const logFile = join(directory, 'log');
  const lines = [];
  const ending = await runCommand({
    command: 'sh',
    args: ['-c', script],
    cwd: directory,
    logFile,
    timeoutMs,
    onLine: (line) => lines.push(line),
  });
  return { ...ending, lines, log: readFileSync(logFile, 'utf8') };
};

test('both outputs are in the log, lines are seen, and the exit code is kept', async () => {
  const { code, lines, log } = await run('echo out; echo err >&2; printf last; exit 3');
  expect(code).toBe(3);
  expect(lines).toEqual(['out', 'last']);
  expect(log).toContain('err');
});

test('at the deadline the whole group is killed', async () => {
  const { code, timedOut, lines } = await run('sleep 60 & echo $!; wait', 300);
  expect(timedOut).toBe(true);
  expect(code).toBeUndefined();
  await expect.poll(() => isAlive(Number(lines[0]))).toBe(false);
});

test('a process that outlives the command does not keep the step open', async () => {
  const { code, ms, lines } = await run('sleep 30 & echo $!');
  process.kill(Number(lines[0]));
  expect(code).toBe(0);
  expect(ms).toBeLessThan(10_000);
});

test('a command that does not exist is a problem, not an exception', async () => {
  const logFile = join(directory, 'log');
  const ending = await runCommand({
    command: 'weir-no-such',
    args: [],
    cwd: directory,
    logFile,
    timeoutMs: 9_000,
  });
  expect(ending.problem).toContain('ENOENT');
});

/** A killed process may stay a zombie until its adoptive parent looks after it. */
function isAlive(pid) {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
