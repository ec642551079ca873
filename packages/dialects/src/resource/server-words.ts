// The API server's own words about an object, as the peers show them.
// It never judges them.

import { type ObjectRef, type Problem, showRef } from '@weir/core';

/** Weir's messages begin with their subject; the peers' do not, or put it elsewhere. */
export function serverWords(problem: Problem, ref: ObjectRef): string {
  const subject = `${showRef(ref)}: `;
  return problem.message.startsWith(subject) ? problem.message.slice(subject.length) : problem.message;
}
