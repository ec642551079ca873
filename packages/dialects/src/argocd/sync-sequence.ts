// Argo CD's words for the order of a sync: waves, hooks, their deletion policies and the order of kinds, as the engine's
// tables. It decides nothing about a single object.

import type { HookDeletion, HookPhase, Sequence } from '@weir/core';

const waveAnnotation = 'argocd.argoproj.io/sync-wave';
const hookAnnotation = 'argocd.argoproj.io/hook';
const hookDeletionAnnotation = 'argocd.argoproj.io/hook-delete-policy';
const helmHookAnnotation = 'helm.sh/hook';
const helmWeightAnnotation = 'helm.sh/hook-weight';
const helmDeletionAnnotation = 'helm.sh/hook-delete-policy';

/** Live objects are asked for their wave when they leave Git or the Application goes. */
export const sequenceAnnotations: readonly string[] = [waveAnnotation, helmWeightAnnotation];

/** What Argo CD calls a phase. */
export const phaseNames: Readonly<Record<HookPhase, string>> = {
  'pre-sync': 'PreSync',
  sync: 'Sync',
  'post-sync': 'PostSync',
  'sync-fail': 'SyncFail',
  'pre-delete': 'PreDelete',
  'post-delete': 'PostDelete',
};

const hookWords = Object.fromEntries(
  Object.entries(phaseNames).map(([phase, word]) => [word, phase as HookPhase]),
);

/** Argo CD knows no difference between an install and an upgrade, and never runs tests and rollbacks. */
const helmWords: Readonly<Record<string, HookPhase | 'ordinary' | 'left-out'>> = {
  'pre-install': 'pre-sync',
  'pre-upgrade': 'pre-sync',
  'post-install': 'post-sync',
  'post-upgrade': 'post-sync',
  'pre-delete': 'pre-delete',
  'post-delete': 'post-delete',
  'crd-install': 'ordinary',
  test: 'left-out',
  'test-success': 'left-out',
  'test-failure': 'left-out',
  'pre-rollback': 'left-out',
  'post-rollback': 'left-out',
};

const deletionWords: Readonly<Record<string, HookDeletion>> = {
  BeforeHookCreation: 'before-creation',
  HookSucceeded: 'succeeded',
  HookFailed: 'failed',
};

const helmDeletionWords: Readonly<Record<string, HookDeletion>> = {
  'before-hook-creation': 'before-creation',
  'hook-succeeded': 'succeeded',
  'hook-failed': 'failed',
};

export const syncSequence: Sequence = {
  order: 'argocd',
  waves: [waveAnnotation, helmWeightAnnotation],
  pruning: 'waves',
  hooks: {
    phases: [
      { annotation: hookAnnotation, words: { ...hookWords, Skip: 'left-out' } },
      { annotation: helmHookAnnotation, words: helmWords },
    ],
    deletion: [
      { annotation: hookDeletionAnnotation, words: deletionWords },
      { annotation: helmDeletionAnnotation, words: helmDeletionWords },
    ],
    finalizer: 'argocd.argoproj.io/hook-finalizer',
  },
};
