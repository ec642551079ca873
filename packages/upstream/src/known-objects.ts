// Objects that were received before are not received again: which ones a request names, and how an answer that refers to
// them becomes whole. It keeps nothing itself.

import { DIGEST_LENGTH, type RenderedObject, type SentObject } from './messages.ts';

/** The digests of all objects in their order; undefined where that would leave a place in doubt. */
export function digestsOf(known: readonly RenderedObject[]): string | undefined {
  if (known.length === 0 || known.some(({ digest }) => digest?.length !== DIGEST_LENGTH)) return undefined;
  return known.map(({ digest }) => digest).join('');
}

/** Each object in its place, the known ones as they were given; undefined where the answer refers to none. */
export function completeObjects(
  sent: readonly SentObject[],
  known: readonly RenderedObject[],
): readonly RenderedObject[] | undefined {
  const whole: RenderedObject[] = [];
  for (const each of sent) {
    if (!('same' in each)) {
      whole.push(each);
      continue;
    }
    const { from, count } = each.same;
    if (from < 0 || count < 0 || from + count > known.length) return undefined;
    for (let at = from; at < from + count; at++) {
      const object = known[at];
      if (object !== undefined) whole.push(object);
    }
  }
  return whole;
}
