// Runs steps, shows a line for each, and sums them up; the last line of a summary is always `N passed, N failed`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { showTime } from './place.mjs';

const say = (line) => process.stdout.write(`${line}\n`);

/** Each inner list runs `width` steps at a time; lists run one after the other. Resolves with all results. */
export async function runSteps({ phases, width = 2, command }) {
  const logs = mkdtempSync(join(tmpdir(), `weir-${command}-`));
  const outcomes = [];
  for (const steps of phases) {
    const queue = [...steps];
    const worker = async () => {
      for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
        outcomes.push(await runStep({ step, logs, command }));
      }
    };
    await Promise.all(Array.from({ length: width }, worker));
  }
  if (outcomes.every(({ results }) => results.failed.length === 0)) rmSync(logs, { recursive: true });
  return outcomes;
}

async function runStep({ step, logs, command }) {
  const logFile = join(logs, `${step.name.replace(/\W+/g, '-')}.log`);
  const started = Date.now();
  let results;
  try {
    results = await step.run(logFile);
  } catch (error) {
    const message = error instanceof Error ? (error.stack ?? error.message) : String(error);
    results = { passed: [], failed: [{ name: step.name, message }], skipped: [] };
  }
  say(`${command}: ${step.name}: ${showCounts(results)} (${showTime(Date.now() - started)})`);
  return { step, results, logFile };
}

function showCounts({ passed, failed, skipped }) {
  if (passed.length + failed.length + skipped.length === 1 && skipped.length === 0) {
    return failed.length === 0 ? 'ok' : 'FAILED';
  }
  const words = [`${passed.length} passed`, `${failed.length} failed`];
  if (skipped.length > 0) words.push(`${skipped.length} skipped`);
  return words.join(', ');
}

/** Prints skips and failures, then the one line that machines read; resolves with the exit code. */
export function summarize(outcomes) {
  const skipped = outcomes.flatMap(({ results }) => results.skipped);
  const failing = outcomes.filter(({ results }) => results.failed.length > 0);
  if (skipped.length > 0) {
    say('\nskipped:');
    for (const { name, reason } of skipped) say(`  ${name}: ${reason}`);
  }
  for (const { step, results, logFile } of failing) {
    say(`\n${step.name} FAILED, log: ${logFile}`);
    for (const { name, message } of results.failed) {
      say(`\n  ${name}`);
      for (const line of message.trimEnd().split('\n')) say(`    ${line}`);
    }
  }
  const passed = outcomes.reduce((sum, { results }) => sum + results.passed.length, 0);
  const failed = outcomes.reduce((sum, { results }) => sum + results.failed.length, 0);
  say(`\n${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** For what fails before any step can run. */
export function summarizeFailure({ name, error }) {
  const message = error instanceof Error ? error.message : String(error);
  const results = { passed: [], failed: [{ name, message }], skipped: [] };
  return summarize([{ step: { name }, results, logFile: 'none' }]);
}
