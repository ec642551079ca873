// Reads the events of `go test -json`: every test without subtests counts once; a package that broke outside of them too.

/** Feed it lines; `results()` gives `{ passed, failed, skipped }` as the vitest reporter does. */
export function collectGoResults(module) {
  const endings = new Map();
  const said = new Map();
  const parents = new Set();
  const take = (line) => {
    const event = parseEvent(line);
    if (event === undefined) return;
    const key = `${event.Package ?? event.ImportPath ?? module} ${event.Test ?? ''}`.trim();
    if (event.Test?.includes('/')) parents.add(key.slice(0, key.lastIndexOf('/')));
    if (event.Action === 'output' || event.Action === 'build-output') {
      said.set(key, ((said.get(key) ?? '') + event.Output).slice(-20_000));
    }
    if (event.Action === 'pass' || event.Action === 'fail' || event.Action === 'skip') {
      endings.set(key, { action: event.Action, package: event.Package, test: event.Test });
    }
  };
  return { take, results: () => sumUp({ endings, said, parents }) };
}

function sumUp({ endings, said, parents }) {
  const passed = [];
  const failed = [];
  const skipped = [];
  const tests = [...endings].filter(([, ending]) => ending.test !== undefined);
  const brokenPackages = new Set();
  for (const [key, { action, package: of }] of tests) {
    if (action === 'fail') brokenPackages.add(of);
    // A parent that failed by itself, with all of its subtests well, is a failure that no leaf shows.
    if (parents.has(key) && !(action === 'fail' && !hasFailedChild(key, tests))) continue;
    if (action === 'pass') passed.push(key);
    else if (action === 'fail') failed.push({ name: key, message: said.get(key) ?? '' });
    else skipped.push({ name: key, reason: skipReason(said.get(key) ?? '') });
  }
  for (const [key, { action, package: of, test }] of endings) {
    if (test !== undefined || action !== 'fail' || brokenPackages.has(of)) continue;
    failed.push({ name: key, message: buildOutput(said) + (said.get(key) ?? '') });
  }
  return { passed, failed, skipped };
}

function hasFailedChild(key, tests) {
  return tests.some(([other, ending]) => ending.action === 'fail' && other.startsWith(`${key}/`));
}

/** Output of the compiler is filed under an import path of its own. */
function buildOutput(said) {
  return [...said]
    .filter(([key]) => key.includes('['))
    .map(([, text]) => text)
    .join('');
}

/** `t.Skip("why")` prints `    file_test.go:12: why`. */
function skipReason(text) {
  return /^\s+\S+\.go:\d+: (.*)$/m.exec(text)?.[1] ?? 'no reason given';
}

function parseEvent(line) {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
