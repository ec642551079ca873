import { describe, expect, it } from 'vitest';
import { createEventPosts } from './event-posts.ts';

/** Posts that end when they are told to, and what was said when. */
function openPosts(max?: number) {
  const posts = createEventPosts(max);
  const said: string[] = [];
  const ends = new Map<string, () => void>();
  const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    said,
    rest,
    add: (subject: string, event: string): Promise<void> =>
      posts.add(subject, () => {
        said.push(`${subject} begins ${event}`);
        return new Promise((resolve) => ends.set(event, resolve));
      }),
    end: (event: string): Promise<void> => {
      ends.get(event)?.();
      return rest();
    },
  };
}

describe('events', () => {
  it('keep nobody waiting', async () => {
    const { add, said, rest } = openPosts();
    await add('a', '1');
    await rest();
    expect(said).toEqual(['a begins 1']);
  });

  it('of one subject go one after the other, those of others beside them', async () => {
    const { add, end, said, rest } = openPosts();
    await add('a', '1');
    await add('a', '2');
    await add('b', '3');
    await rest();
    expect(said).toEqual(['a begins 1', 'b begins 3']);
    await end('1');
    expect(said.at(-1)).toBe('a begins 2');
  });

  it('beyond the bound wait for room', async () => {
    const { add, end, rest } = openPosts(1);
    await add('a', '1');
    let isIn = false;
    const second = add('a', '2').then(() => {
      isIn = true;
    });
    await rest();
    expect(isIn).toBe(false);
    await end('1');
    await end('2');
    await second;
  });
});
