// Everything that a projection on an Application looks at, gathered once.
// It never decides what is written.

import type { DeliveryVerdict, KubeObject } from '@weir/core';
import { fieldAt, recordAt, recordsAt, textAt } from '../resource/read-field.ts';

export interface ApplicationView {
  readonly object: KubeObject;
  readonly verdict: DeliveryVerdict;
  readonly now: string;
  /** The status that the object carries. */
  readonly before: Readonly<Record<string, unknown>>;
  readonly source: Readonly<Record<string, unknown>>;
  /** `sources` is used; its status fields are lists. */
  readonly isMultiSource: boolean;
  readonly isAutomated: boolean;
  /** Git or the rendering failed, so that there is nothing to compare with. */
  readonly isLoadFailure: boolean;
  /** The engine could not compare at all: no target, or no cluster. */
  readonly isBlind: boolean;
  /** The first fetch has not ended yet: nothing is known, and nothing is wrong. */
  readonly isPending: boolean;
}

export function viewApplication(input: {
  readonly object: KubeObject;
  readonly verdict: DeliveryVerdict;
  readonly now: string;
}): ApplicationView {
  const { object, verdict } = input;
  const [first] = recordsAt(object, 'spec', 'sources');
  const automated = recordAt(object, 'spec', 'syncPolicy', 'automated');
  const step = verdict.stage === 'failed' ? verdict.failedStep : undefined;
  const isLoadFailure = step === 'source' || step === 'render';
  return {
    ...input,
    before: recordAt(object, 'status') ?? {},
    source: first ?? recordAt(object, 'spec', 'source') ?? {},
    isMultiSource: first !== undefined,
    isAutomated: automated !== undefined && fieldAt(automated, 'enabled') !== false,
    isLoadFailure,
    isBlind: isLoadFailure || step === 'cluster',
    isPending: step === 'source' && verdict.problems.every(({ code }) => code === 'SOURCE_NOT_READY'),
  };
}

export function revisionFields(view: ApplicationView, revision: string) {
  return view.isMultiSource ? { revisions: [revision] } : { revision };
}

export function sourceFields(view: ApplicationView) {
  return view.isMultiSource ? { sources: [view.source] } : { source: view.source };
}

/** The commit that is compared with; while it cannot be found, the name that was asked for. */
export function comparedRevision(view: ApplicationView): string {
  const { revision } = view.verdict;
  if (view.isLoadFailure || revision === undefined) return textAt(view.source, 'targetRevision') ?? '';
  return revision.commit;
}

/** Where Argo CD would look for an object: a kind that is not known counts as namespaced. */
export function destinationNamespace(view: ApplicationView): string {
  return textAt(view.object, 'spec', 'destination', 'namespace') ?? '';
}
