// Events on their way, apart from the work that they tell of: they give way to it, and nobody waits for them. Those of one
// subject go one after the other. Bound: beyond `maxPosting` whoever tells more waits for room.

export interface EventPosts {
  /** Resolves at once, or when there is room again. `post` never rejects. */
  add(subject: string, post: () => Promise<void>): Promise<void>;
}

const maxPosting = 1_000;

export function createEventPosts(max = maxPosting): EventPosts {
  const tails = new Map<string, Promise<void>>();
  let posting = 0;
  return {
    add: async (subject, post) => {
      posting++;
      const posted = (tails.get(subject) ?? Promise.resolve()).then(post).finally(() => {
        posting--;
        if (tails.get(subject) === posted) tails.delete(subject);
      });
      tails.set(subject, posted);
      if (posting > max) await posted;
    },
  };
}
