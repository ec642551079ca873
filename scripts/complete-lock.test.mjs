// Holds that the lock file is one that `npm ci` takes on any machine.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { missingFromLock } from './complete-lock.mjs';
import { root } from './steps/place.mjs';

test('package-lock.json lists the packages of all platforms; else run `node scripts/complete-lock.mjs`', () => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  expect(Object.keys(missingFromLock(lock))).toEqual([]);
});

test('what is missing gets the system, processor and C library of its name', () => {
  const optionalDependencies = { '@x/y-linux-arm64-musl': '1.2.3', '@x/y-darwin-x64': '1.2.3', z: '^1.0.0' };
  const missing = missingFromLock({ packages: { 'node_modules/y': { optionalDependencies, dev: true } } });
  expect(missing).toEqual({
    'node_modules/@x/y-linux-arm64-musl': {
      version: '1.2.3',
      cpu: ['arm64'],
      dev: true,
      libc: ['musl'],
      optional: true,
      os: ['linux'],
    },
    'node_modules/@x/y-darwin-x64': {
      version: '1.2.3',
      cpu: ['x64'],
      dev: true,
      optional: true,
      os: ['darwin'],
    },
  });
});
