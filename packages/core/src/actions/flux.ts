// The actions of Flux: reconcile now, suspend, resume. Pure; it never decides who may run one.

import type { Action } from './action.ts';
import { isSuspended, resumeAction, suspendAction } from './kubernetes.ts';

/** Controllers compare the text with what they handled last, so its words are free; these are those of Argo CD. */
const reconcile: Action = {
  name: 'reconcile',
  isDisabled: isSuspended,
  changes: [
    { stamp: ['metadata', 'annotations', 'reconcile.fluxcd.io/requestedAt'], prefix: 'By Argo CD at: ' },
  ],
};

/** Kinds that keep nothing in step have nothing to reconcile. */
export const suspendable: readonly Action[] = [suspendAction, resumeAction];

export const reconcilable: readonly Action[] = [reconcile, ...suspendable];
