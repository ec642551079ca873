// Writes what a vitest run came to as JSON: names of what passed, failed (with its message) and was skipped (with its reason).
// A file that could not be loaded, a failed hook and an error outside of any test are failures like a failed test.

import { writeFileSync } from 'node:fs';
import { relative } from 'node:path';

// biome-ignore lint/style/noDefaultExport: vitest loads a reporter by its default export
export default class CountingReporter {
  onTestRunEnd(modules, unhandledErrors) {
    const passed = [];
    const failed = [];
    const skipped = [];
    for (const module of modules) {
      const file = relative(process.cwd(), module.moduleId);
      if (module.errors().length > 0) failed.push({ name: file, message: showErrors(module.errors()) });
      for (const suite of module.children.allSuites()) {
        const name = `${file} > ${suite.fullName}`;
        if (suite.errors().length > 0) failed.push({ name, message: showErrors(suite.errors()) });
      }
      for (const test of module.children.allTests()) {
        const name = `${file} > ${test.fullName}`;
        const result = test.result();
        if (result.state === 'passed') passed.push(name);
        else if (result.state === 'failed') failed.push({ name, message: showErrors(result.errors) });
        else
          skipped.push({
            name,
            reason: result.note ?? (test.options.mode === 'todo' ? 'to do' : 'no reason given'),
          });
      }
    }
    for (const error of unhandledErrors)
      failed.push({ name: 'outside of any test', message: showErrors([error]) });
    writeFileSync(
      process.env.WEIR_TEST_REPORT,
      JSON.stringify({ files: modules.length, passed, failed, skipped }),
    );
  }
}

function showErrors(errors = []) {
  return errors.map(showError).join('\n');
}

/** The stack of a timeout does not hold its message. */
function showError(error) {
  const { message = String(error), stack = '', diff = '' } = error;
  const place = stack.includes(message) ? stack.slice(stack.indexOf(message) + message.length) : stack;
  return [message, diff, place.trim().split('\n').slice(0, 6).join('\n')]
    .filter((part) => part !== '')
    .join('\n');
}
