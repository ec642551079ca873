import { expect, it } from 'vitest';
import { fitInStatus } from './fit-in-status.ts';

it.each([
  ['all that fits', 'abc', 3, 'abc'],
  ['what asks for attention first, in its place', 'aXbcX', 3, 'aXX'],
  ['no more than there is room for, whatever asks', 'XXXa', 2, 'XX'],
  ['nothing where there is no room', 'Xa', 0, ''],
])('keeps %s', (_sentence, text, room, expected) => {
  const kept = fitInStatus([...text], { room, isTelling: (letter) => letter === 'X' });
  expect(kept.join('')).toBe(expected);
});
