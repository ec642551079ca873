// The steps of `npm run check` and `npm test`: what each runs, how long it may take, and how its results are counted.

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { collectGoResults } from './go-results.mjs';
import { root } from './place.mjs';
import { runCommand } from './run-command.mjs';

const minuteMs = 60_000;

/** A step that counts once: it passes with exit code 0. */
function command({ group, name, command: program, args, cwd = root, env, timeoutMs, judge }) {
  const run = async (logFile) => {
    const lines = [];
    const ending = await runCommand({
      command: program,
      args,
      cwd,
      env,
      logFile,
      timeoutMs,
      ...(judge === undefined ? {} : { onLine: (line) => lines.push(line) }),
    });
    const message = problemOf({ ending, timeoutMs }) ?? judge?.(lines);
    if (message === undefined) return { passed: [name], failed: [], skipped: [] };
    return { passed: [], failed: [{ name, message: `${message}\n${tail(logFile)}` }], skipped: [] };
  };
  return { group, name, run };
}

/**
 * A vitest project: each of its tests counts. One that ends without a report, or finds no file, is a failure.
 * `kubernetes`: the version that its clusters emulate; `files`: these alone.
 */
export function vitestStep({ group, node = process.execPath, files = [], kubernetes, timeoutMs }) {
  const name = `vitest ${group}${kubernetes === undefined ? '' : ` on Kubernetes ${kubernetes}`}`;
  const run = async (logFile) => {
    const report = `${logFile}.json`;
    const args = [
      join(root, 'node_modules/vitest/vitest.mjs'),
      'run',
      '--project',
      group,
      '--passWithNoTests',
      ...files,
    ];
    args.push('--reporter=default', `--reporter=${join(root, 'scripts/steps/vitest-reporter.mjs')}`);
    const env = {
      WEIR_TEST_REPORT: report,
      CI: 'true',
      ...(kubernetes === undefined ? {} : { WEIR_TEST_KUBERNETES: kubernetes }),
    };
    const ending = await runCommand({ command: node, args, cwd: root, env, logFile, timeoutMs });
    const results = readReport(report);
    const problem = problemOf({ ending, timeoutMs });
    if (results === undefined) {
      const message = `${problem ?? 'it ended without a report'}\n${tail(logFile)}`;
      return { passed: [], failed: [{ name, message }], skipped: [] };
    }
    if (results.files === 0) results.failed.push({ name, message: 'it found no test file' });
    if (problem !== undefined && results.failed.length === 0) {
      results.failed.push({ name, message: `${problem}\n${tail(logFile)}` });
    }
    return results;
  };
  return { group, name, run };
}

function goTestStep({ directory, name, env, timeoutMs }) {
  const run = async (logFile) => {
    const collected = collectGoResults(name);
    const args = ['test', '-json', `-timeout=${Math.floor((timeoutMs - minuteMs) / 1000)}s`, './...'];
    const onLine = collected.take;
    const ending = await runCommand({ command: 'go', args, cwd: directory, env, logFile, timeoutMs, onLine });
    const results = collected.results();
    const problem = problemOf({ ending, timeoutMs });
    if (problem !== undefined && results.failed.length === 0) {
      results.failed.push({ name, message: `${problem}\n${tail(logFile)}` });
    }
    return results;
  };
  return { group: 'go', name, run };
}

export function checkSteps() {
  const npm = (name, script) =>
    command({
      group: 'check',
      name,
      command: 'npm',
      args: ['run', '--silent', script],
      timeoutMs: 5 * minuteMs,
    });
  return [npm('types', 'types'), npm('lint and format', 'lint'), npm('dead code', 'dead')];
}

export function unitSteps({ node } = {}) {
  return [vitestStep({ group: 'unit', node, timeoutMs: 10 * minuteMs })];
}

/** The oldest version that is supported; `npm run test:versions` runs all of the integration tests on it. */
export const oldestKubernetes = '1.33';

/** Commit, prune, drift and removal, whose means the API server is. */
function oldestVersionStep({ node }) {
  const files = ['test/integration/controller.integration.test.ts'];
  return vitestStep({
    group: 'integration',
    node,
    files,
    kubernetes: oldestKubernetes,
    timeoutMs: 5 * minuteMs,
  });
}

/** All of the integration tests on versions before the newest. */
export function versionSteps() {
  return [oldestKubernetes, '1.35'].map((kubernetes) =>
    vitestStep({ group: 'integration', kubernetes, timeoutMs: 20 * minuteMs }),
  );
}

export function clusterSteps({ node } = {}) {
  return [
    vitestStep({ group: 'integration', node, timeoutMs: 20 * minuteMs }),
    oldestVersionStep({ node }),
    vitestStep({ group: 'e2e', node, timeoutMs: 30 * minuteMs }),
  ];
}

/** gofmt, vet and tests of each Go module. The flags are those of build-native.mjs: other ones would compile all anew. */
export function goSteps() {
  const env = {
    CGO_ENABLED: '0',
    GOFLAGS: '-trimpath -buildvcs=false',
    GOTOOLCHAIN: 'local',
    GOWORK: 'off',
  };
  return goModules().flatMap(({ name, directory }) => [
    command({
      group: 'go',
      name: `gofmt ${name}`,
      command: 'gofmt',
      args: ['-l', '.'],
      cwd: directory,
      timeoutMs: minuteMs,
      judge: (lines) => (lines.length === 0 ? undefined : 'these files are not formatted:'),
    }),
    command({
      group: 'go',
      name: `go vet ${name}`,
      command: 'go',
      args: ['vet', './...'],
      cwd: directory,
      env,
      timeoutMs: 15 * minuteMs,
    }),
    goTestStep({ directory, name: `go test ${name}`, env, timeoutMs: 20 * minuteMs }),
  ]);
}

function goModules() {
  const native = join(root, 'native');
  return readdirSync(native)
    .sort()
    .map((name) => ({ name, directory: join(native, name) }))
    .filter(({ directory }) => existsSync(join(directory, 'go.mod')));
}

function problemOf({ ending, timeoutMs }) {
  if (ending.timedOut) return `it was killed: it ran longer than ${timeoutMs / minuteMs} minutes`;
  if (ending.problem !== undefined) return ending.problem;
  return ending.code === 0 ? undefined : `exit code ${ending.code}`;
}

function readReport(file) {
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}

function tail(file) {
  return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-60).join('\n');
}
