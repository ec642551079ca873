// Runs one command of a step: all of its output in a file, a deadline for its whole process group.
// It never inherits a terminal: no step can ask a question.

import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';

const groups = new Set();

/** A step's group has to go with the script: Ctrl-C must not leave compilers and clusters behind. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.once(signal, () => {
    for (const pid of groups) signalGroup(pid, 'SIGKILL');
    process.exit(signal === 'SIGINT' ? 130 : 143);
  });
}

/**
 * Resolves with the exit code, `undefined` where the command was killed or could not be started; never rejects.
 * `onLine` sees the standard output line by line.
 */
export async function runCommand({ command, args, cwd, env, logFile, timeoutMs, onLine }) {
  const started = Date.now();
  const log = createWriteStream(logFile, { flags: 'a' });
  log.write(`$ ${[command, ...args].join(' ')}\n`);
  const child = spawn(command, args, {
    cwd,
    env: { ...process.env, NO_COLOR: '1', FORCE_COLOR: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  if (child.pid !== undefined) groups.add(child.pid);
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    signalGroup(child.pid, 'SIGKILL');
  }, timeoutMs);
  readLines(child.stdout, onLine);
  child.stdout.on('data', (chunk) => log.write(chunk));
  child.stderr.on('data', (chunk) => log.write(chunk));
  const { code, problem } = await ending(child);
  clearTimeout(timer);
  groups.delete(child.pid);
  if (problem !== undefined) log.write(`${problem}\n`);
  if (timedOut) log.write(`killed: it ran longer than ${timeoutMs / 1000} s\n`);
  log.end();
  await finished(log);
  return { code, timedOut, problem, ms: Date.now() - started };
}

/** `exit`, and a little more for the pipes: a grandchild that keeps them open must not keep the step open. */
function ending(child) {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: undefined, problem: error.message }));
    const result = (code, signal) => ({
      code: code ?? undefined,
      ...(signal === null ? {} : { problem: `it was ended by ${signal}` }),
    });
    child.once('close', (code, signal) => resolve(result(code, signal)));
    child.once('exit', (code, signal) => setTimeout(() => resolve(result(code, signal)), 2_000).unref());
  });
}

function readLines(stream, onLine) {
  if (onLine === undefined) return;
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}

function signalGroup(pid, signal) {
  if (pid === undefined) return;
  try {
    process.kill(-pid, signal);
  } catch {
    // The group is gone already.
  }
}
