// Runs steps, shows a line for each, and sums them up; the last line of a summary is always `N passed, N failed`.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { showTime } from './place.mjs';

const say = (line) => process.stdout.write(`${line}\n`);

/** Runs `width` steps at a time. Resolves with an outcome for each; never rejects because of one. */
export async function runSteps({ steps, width = 2, command }) {
  if (steps.length === 0) return [];
  const logs = mkdtempSync(join(tmpdir(), `weir-${command}-`));
  const outcomes = [];
  const queue = [...steps];
  const worker = async () => {
    for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
      outcomes.push(await runStep({ step, logs, command }));
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
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
    say(`\n${step.name} FAILED${logFile === undefined ? '' : `, log: ${logFile}`}`);
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

/** For what fails outside of any step. */
export function failedOutcome({ name, error }) {
  const message = error instanceof Error ? error.message : String(error);
  return { step: { name }, results: { passed: [], failed: [{ name, message }], skipped: [] } };
}
