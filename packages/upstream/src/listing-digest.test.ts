import { expect, it } from 'vitest';
import { listingDigest } from './listing-digest.ts';

it('digests a listing in the order of git, whatever order it comes in', () => {
  const children = [
    { name: 'a', isDirectory: true },
    { name: 'a-b', isDirectory: false },
    { name: 'ü', isDirectory: false },
  ];
  const digest = listingDigest(children);
  expect(listingDigest([...children].reverse())).toBe(digest);
  expect(digest).toBe('da5ebf6acc463d7c8a2a2f7ec3be1eb0640094d6');
});
