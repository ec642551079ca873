// The place of one object in a sync: hook or lasting part, phase, wave, and what it needs first.
// It reads annotations by the delivery's tables and knows no key itself.

import type { HookDeletion, HookPhase, Sequence } from './delivery.ts';
import { idOf, type ObjectId } from './object.ts';

type Annotations = Readonly<Record<string, string>> | undefined;

/** The parts of one sync, in their order; sync-fail only when an earlier one failed. */
export const syncPhases = ['pre-sync', 'sync', 'post-sync', 'sync-fail'] as const;
export type SyncPhase = (typeof syncPhases)[number];

/** When within a sync: phases in order, in each the waves. */
export interface Turn {
  readonly phase: SyncPhase;
  readonly wave: number;
}

export function compareTurns(a: Turn, b: Turn): number {
  return syncPhases.indexOf(a.phase) - syncPhases.indexOf(b.phase) || a.wave - b.wave;
}

export interface Place {
  readonly wave: number;
  /** Empty: a lasting part of the delivery, applied in the phase `sync`. */
  readonly hook: readonly HookPhase[];
  /** Never applied and nothing that lasts. */
  readonly isLeftOut: boolean;
  readonly deletion: readonly HookDeletion[];
}

const plain: Place = { wave: 0, hook: [], isLeftOut: false, deletion: [] };

export function placeInSequence(annotations: Annotations, sequence: Sequence | undefined): Place {
  if (sequence === undefined || annotations === undefined) return plain;
  const words = hookWords(annotations, sequence);
  const phases = words.filter((word): word is HookPhase => word !== 'ordinary' && word !== 'left-out');
  return {
    wave: waveOf(annotations, sequence),
    hook: phases,
    isLeftOut: phases.length === 0 && words.includes('left-out'),
    deletion: phases.length === 0 ? [] : deletionOf(annotations, sequence),
  };
}

/** Waves are 32-bit integers as the peers read them; anything else is no wave. */
export function waveOf(annotations: Annotations, sequence: Sequence | undefined): number {
  for (const key of sequence?.waves ?? []) {
    const text = annotations?.[key]?.trim();
    if (text !== undefined && /^[+-]?\d{1,9}$/.test(text)) return Number(text);
  }
  return 0;
}

const wordsOf = (text: string | undefined): string[] => (text ?? '').split(',').map((word) => word.trim());

function hookWords(
  annotations: NonNullable<Annotations>,
  { hooks }: Sequence,
): (HookPhase | 'ordinary' | 'left-out')[] {
  for (const { annotation, words } of hooks?.phases ?? []) {
    const known = wordsOf(annotations[annotation]).flatMap((word) => words[word] ?? []);
    if (known.length > 0) return [...new Set(known)];
  }
  return [];
}

function deletionOf(annotations: NonNullable<Annotations>, { hooks }: Sequence): HookDeletion[] {
  const known = (hooks?.deletion ?? []).flatMap(({ annotation, words }) =>
    wordsOf(annotations[annotation]).flatMap((word) => words[word] ?? []),
  );
  return known.length === 0 ? ['before-creation'] : [...new Set(known)];
}

/** What an object says it needs first; undefined for a text that names no object. */
export function dependenciesOf(
  annotations: Annotations,
  sequence: Sequence | undefined,
): (ObjectId | undefined)[] {
  const text = sequence?.dependsOn === undefined ? undefined : annotations?.[sequence.dependsOn];
  if (text === undefined || text.trim() === '') return [];
  return wordsOf(text).map((word) => {
    const parts = word.split('/');
    const [group = '', second = '', third = '', kind = '', name = ''] = parts;
    if (parts.length === 3 && second !== '' && third !== '')
      return idOf({ group, kind: second, namespace: '', name: third });
    return parts.length === 5 && second === 'namespaces' && kind !== '' && name !== ''
      ? idOf({ group, kind, namespace: third, name })
      : undefined;
  });
}
