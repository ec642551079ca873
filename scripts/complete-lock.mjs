// Puts the packages of other platforms into package-lock.json, which npm leaves out where a registry does not serve them;
// `npm ci` refuses a lock file without them on every machine. Run it after an `npm install` when the test of it fails.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './steps/place.mjs';

const systems = [
  'aix',
  'android',
  'darwin',
  'freebsd',
  'linux',
  'netbsd',
  'openbsd',
  'openharmony',
  'sunos',
  'win32',
];
const processors = [
  'arm64',
  'arm',
  'ia32',
  'loong64',
  'mips64el',
  'ppc64',
  'riscv64',
  's390x',
  'x64',
  'wasm32',
];

/** The missing entries by their path: optional packages of an exact version that no entry stands for. */
export function missingFromLock(lock) {
  const missing = {};
  for (const parent of Object.values(lock.packages)) {
    for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
      const path = `node_modules/${name}`;
      if (lock.packages[path] !== undefined || !/^\d/.test(version)) continue;
      missing[path] = entryOf({ name, version, parent });
    }
  }
  return missing;
}

function entryOf({ name, version, parent }) {
  const words = name.split(/[/-]/);
  const cpu = processors.filter((word) => words.includes(word));
  // Without it npm asks for the musl build on every Linux.
  const libc = words.some((word) => word.startsWith('musl')) ? ['musl'] : undefined;
  const os = systems.filter((word) => words.includes(word));
  return {
    version,
    ...(cpu.length === 0 ? {} : { cpu }),
    ...(parent.dev === true ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc }),
    optional: true,
    ...(os.length === 0 ? {} : { os }),
  };
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const file = join(root, 'package-lock.json');
  const lock = JSON.parse(readFileSync(file, 'utf8'));
  const missing = missingFromLock(lock);
  const sorted = Object.entries({ ...lock.packages, ...missing }).sort(([a], [b]) => (a < b ? -1 : 1));
  writeFileSync(file, `${JSON.stringify({ ...lock, packages: Object.fromEntries(sorted) }, null, 2)}\n`);
  process.stderr.write(`complete-lock: ${Object.keys(missing).length} packages added\n`);
}
