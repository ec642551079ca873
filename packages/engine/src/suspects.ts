// The suspects that turned out to hold every value that Git wants. It writes nothing.

import type { ObjectId } from '@weir/core';
import { judgeSuspects, type SuspectsInput } from './judge-suspects.ts';

export async function clearSuspects(input: Omit<SuspectsInput, 'purpose'>): Promise<ReadonlySet<ObjectId>> {
  return (await judgeSuspects({ ...input, purpose: 'show' })).cleared;
}
