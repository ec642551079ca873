import type { EventDraft, SourceVerdict } from '@weir/core';
import { describe, expect, it } from 'vitest';
import { commit, gitRepository, now, sourceVerdict } from '../conformance/samples.ts';
import { recordsAt } from '../resource/read-field.ts';
import { projectGitRepository } from './project-git-repository.ts';
import { summarizeFlux } from './summarize-flux.ts';

const revision = `main@sha1:${commit}`;
const project = (verdict: SourceVerdict, status: object = {}) =>
  projectGitRepository({ object: { ...gitRepository, status }, verdict, now });

const short = (text: string) => text.replaceAll(revision, 'REV');
const conditions = (status: unknown) =>
  recordsAt(status, 'conditions').map(({ type, status: value, reason, message }) =>
    short(`${type}=${value} ${reason} ${message}`),
  );
const events = (drafts: readonly EventDraft[]) =>
  drafts.map(({ type, reason, message }) => short(`${type} ${reason} ${message}`));

const stored = [
  "Ready=True Succeeded stored artifact for revision 'REV'",
  "ArtifactInStorage=True Succeeded stored artifact for revision 'REV'",
];
const gone = sourceVerdict({ stage: 'failed', problems: [{ code: 'GIT_UNREACHABLE', message: 'refused' }] });
const failure = 'failed to checkout and determine revision: GIT_UNREACHABLE: refused';

it('a fetched commit is an artifact, told once', () => {
  const { status, events: drafts } = project(sourceVerdict());
  expect(conditions(status)).toEqual(stored);
  expect(status).toMatchObject({
    observedGeneration: 1,
    artifact: {
      digest: `sha256:${'cd'.repeat(32)}`,
      lastUpdateTime: '2026-01-02T03:03:59Z',
      path: `gitrepository/shop/fleet/${commit}.tar.gz`,
      revision,
      size: 1234,
      url: `http://source-controller.flux-system.svc.cluster.local./gitrepository/shop/fleet/${commit}.tar.gz`,
    },
  });
  expect(events(drafts)).toEqual(["Normal NewArtifact stored artifact for commit 'initial'"]);
  expect(drafts[0]?.annotations).toEqual({
    'source.toolkit.fluxcd.io/revision': revision,
    'source.toolkit.fluxcd.io/digest': `sha256:${'cd'.repeat(32)}`,
  });
});

it('fetching the same again changes nothing but what was asked for', () => {
  const { status } = project(sourceVerdict());
  const again = project(sourceVerdict({ fetchedAt: '2026-01-02T05:00:00Z', handledToken: 't' }), status);
  expect(again.status).toEqual({ ...status, lastHandledReconcileAt: 't' });
  expect(events(again.events)).toEqual([
    "Normal GitOperationSucceeded no changes since last reconciliation: observed revision 'REV'",
  ]);
});

describe('conditions', () => {
  it.each<[string, SourceVerdict, object, string[]]>([
    [
      'never fetched',
      gone,
      {},
      [
        'Reconciling=True ProgressingWithRetry building artifact',
        `Ready=False GitOperationFailed ${failure}`,
        `FetchFailed=True GitOperationFailed ${failure}`,
      ],
    ],
    [
      'fetched before: the artifact stays',
      gone,
      project(sourceVerdict()).status,
      [
        'Reconciling=True ProgressingWithRetry reconciliation in progress',
        `Ready=False GitOperationFailed ${failure}`,
        "ArtifactInStorage=True Succeeded stored artifact for revision 'REV'",
        `FetchFailed=True GitOperationFailed ${failure}`,
      ],
    ],
    ['recovered', sourceVerdict(), project(gone).status, stored],
    [
      'an invalid URL stalls',
      sourceVerdict({
        stage: 'invalid',
        problems: [{ code: 'GIT_URL_INVALID', message: 'spec.url: no', field: 'spec.url' }],
      }),
      {},
      [
        'Stalled=True URLInvalid GIT_URL_INVALID: spec.url: no',
        'Ready=False URLInvalid GIT_URL_INVALID: spec.url: no',
      ],
    ],
    [
      'a fetch in between is no news',
      sourceVerdict({ stage: 'fetching' }),
      project(sourceVerdict()).status,
      stored,
    ],
  ])('%s', (_sentence, verdict, status, expected) => {
    expect(conditions(project(verdict, status).status)).toEqual(expected);
  });
});

it('the summary tells the code', () => {
  const summary = summarizeFlux({ ...gitRepository, status: project(gone).status });
  expect(summary).toEqual({
    cluster: 'in-cluster',
    revision: '',
    sync: 'Unknown',
    health: 'Degraded',
    message: failure,
    suspended: false,
  });
});
