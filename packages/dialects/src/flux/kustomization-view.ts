// Everything that a projection on a Kustomization looks at, gathered once.
// It never decides what is written.

import type { DeliveryVerdict, KubeObject } from '@weir/core';
import { showGoDuration } from '../resource/go-duration.ts';
import { ownerOf } from '../resource/owner-of.ts';
import { fieldAt, recordAt, textAt } from '../resource/read-field.ts';
import type { Status } from './flux-projection.ts';
import { kustomizationTiming } from './kustomization-timing.ts';
import { showRevision } from './show-revision.ts';

export interface KustomizationView {
  readonly object: KubeObject;
  readonly verdict: DeliveryVerdict;
  readonly now: string;
  readonly before: Readonly<Status>;
  readonly generation: number;
  readonly waits: boolean;
  /** Of the source, or '' while it has none. */
  readonly revision: string;
  readonly timeout: string;
  readonly interval: string;
  /** Flux's Ready: applied, and with `wait` healthy too. */
  readonly isApplied: boolean;
}

export function viewKustomization(input: {
  readonly object: KubeObject;
  readonly verdict: DeliveryVerdict;
  readonly now: string;
}): KustomizationView {
  const { object, verdict } = input;
  const waits = fieldAt(object, 'spec', 'wait') === true;
  const timing = kustomizationTiming({
    interval: textAt(object, 'spec', 'interval') ?? '',
    ...text(object, 'retryInterval'),
    ...text(object, 'timeout'),
  });
  return {
    ...input,
    before: recordAt(object, 'status') ?? {},
    generation: ownerOf(object).generation,
    waits,
    revision: verdict.revision === undefined ? '' : showRevision(verdict.revision),
    timeout: showGoDuration(timing.timeoutMs),
    interval: showGoDuration(timing.intervalMs),
    isApplied: verdict.stage === 'ready' || (!waits && isRunDone(verdict)),
  };
}

/** Without `wait` Flux is ready once everything is applied, whatever becomes of the objects. */
function isRunDone(verdict: DeliveryVerdict): boolean {
  const { run, revision, stage } = verdict;
  if (stage !== 'progressing' || run?.phase !== 'succeeded') return false;
  return revision === undefined || run.revision.commit === revision.commit;
}

function text<Key extends string>(object: KubeObject, key: Key): { [K in Key]?: string } {
  const value = textAt(object, 'spec', key);
  return (value === undefined ? {} : { [key]: value }) as { [K in Key]?: string };
}
