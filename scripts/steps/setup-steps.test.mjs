// The parts of setup that decide: versions, and who may go first.

import { expect, test } from 'vitest';
import { withLock } from './lock.mjs';
import { checkVersion, isOlder } from './prerequisites.mjs';

test('versions are compared by number', () => {
  expect(isOlder('1.9', '1.26')).toBe(true);
  expect(isOlder('1.26', '1.26.0')).toBe(false);
  expect(isOlder('20.19.0', '20.19')).toBe(false);
  expect(isOlder('20.18.3', '20.19')).toBe(true);
  expect(isOlder('24.0.0', '20.19')).toBe(false);
});

test('a message names what was found, what is wanted and what to do', () => {
  const message = checkVersion({ name: 'Go', found: '1.22', wanted: '1.26', advice: 'Install it.' });
  expect(message).toBe('Go: found 1.22, wanted 1.26 or newer. Install it.');
  expect(checkVersion({ name: 'Go', wanted: '1.26', advice: '' })).toContain('found none');
});

test('holders of a lock go one after the other, and a failed one lets go', async () => {
  const order = [];
  const hold = (name, work) => withLock({ name: `test:${process.pid}` }, work).then(() => order.push(name));
  const work = async () => {
    order.push('in');
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  await expect(hold('failed', async () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  await Promise.all([hold('out', work), hold('out', work), hold('out', work)]);
  expect(order).toEqual(['in', 'out', 'in', 'out', 'in', 'out']);
});
