// Health of the kinds of GitOps Promoter.

import { degradedIf, healthyIf, progressingIf } from '../presets.ts';
import type { Rule, RuleBook } from '../rule.ts';

/** Until Ready speaks of the present spec, nothing else counts. */
const readyFirst = (types: readonly string[]): readonly Rule[] => [
  progressingIf(['status', 'absent'], 'initializing the {kind}'),
  progressingIf(
    {
      some: 'status.conditions',
      that: { all: [['type', 'in', types], { behind: 'observedGeneration' }] },
    },
    'waiting for the spec of the {kind} to be observed',
  ),
  degradedIf({ condition: types, status: 'False' }, '{kind} failed ({@.reason}): {@.message}'),
  progressingIf(
    { condition: types, status: 'Unknown' },
    '{kind} is not known to be ready ({@.reason}): {@.message}',
  ),
  progressingIf({ not: { condition: types } }, '{kind} is not ready yet'),
];
const gate = readyFirst(['Ready']);

/** A gate with a phase for every environment. */
const environments: readonly Rule[] = [
  ...gate,
  degradedIf(
    ['status.environments[phase=failure].#', 'above', 0],
    'failed for {status.environments[phase=failure].*.branch}',
  ),
  progressingIf(
    { some: 'status.environments', that: ['phase', 'isNot', 'success'] },
    'pending for {status.environments[phase=pending].*.branch}',
  ),
  { is: 'Healthy', say: 'passed for {status.environments.#} environments' },
];

const provider: readonly Rule[] = [...gate, { is: 'Healthy', say: '{kind} is ready' }];

const sayStatuses = (at: string): string =>
  `pending: {${at}[phase=pending].*.key|"none"}, failed: {${at}[phase=failure].*.key|"none"}`;

const promotionStrategy: readonly Rule[] = [
  ...gate,
  degradedIf(['status.environments', 'empty'], 'there are no environments'),
  {
    each: 'status.environments',
    rules: [
      progressingIf(['active.dry.sha', 'empty'], 'the active dry commit of {branch} is not known'),
      progressingIf(['proposed.dry.sha', 'empty'], 'the proposed dry commit of {branch} is not known'),
    ],
  },
  progressingIf(
    {
      some: 'status.environments',
      that: ['proposed.dry.sha', 'isNot', { of: '$.status.environments[0].proposed.dry.sha' }],
    },
    'the environments do not yet have the same proposed commit',
  ),
  {
    each: 'status.environments',
    rules: [
      progressingIf(
        ['proposed.dry.sha', 'isNot', { of: 'active.dry.sha' }],
        `{branch} goes from {active.dry.sha:7} to {proposed.dry.sha:7}; ${sayStatuses('proposed.commitStatuses')}`,
      ),
    ],
  },
  {
    each: 'status.environments',
    rules: [
      healthyIf(
        { some: 'active.commitStatuses', that: ['phase', 'in', ['pending', 'failure']] },
        `up to date, but of {branch} ${sayStatuses('active.commitStatuses')}`,
      ),
    ],
  },
  { is: 'Healthy', say: 'all environments are at {status.environments[0].proposed.dry.sha:7}' },
];

const changeTransferPolicy: readonly Rule[] = [
  ...gate,
  progressingIf(['status.active.dry.sha', 'empty'], 'the active dry commit is not known'),
  progressingIf(['status.proposed.dry.sha', 'empty'], 'the proposed dry commit is not known'),
  progressingIf(
    ['status.proposed.dry.sha', 'isNot', { of: 'status.active.dry.sha' }],
    `from {status.active.dry.sha:7} to {status.proposed.dry.sha:7}; ${sayStatuses('status.proposed.commitStatuses')}`,
  ),
  healthyIf(
    { some: 'status.active.commitStatuses', that: ['phase', 'in', ['pending', 'failure']] },
    `up to date, but ${sayStatuses('status.active.commitStatuses')}`,
  ),
  { is: 'Healthy', say: 'up to date at {status.active.dry.sha:7}' },
];

export const promoter = {
  'promoter.argoproj.io': {
    ArgoCDCommitStatus: [
      ...gate,
      degradedIf(['status.applicationsSelected', 'empty'], 'no applications are selected'),
      { is: 'Healthy', say: 'tracks {status.applicationsSelected.#} applications' },
    ],
    ChangeTransferPolicy: changeTransferPolicy,
    ClusterScmProvider: provider,
    CommitStatus: [...gate, { is: 'Healthy', say: 'commit {status.sha}: {status.phase}' }],
    GitCommitStatus: environments,
    GitRepository: provider,
    PromotionStrategy: promotionStrategy,
    PullRequest: [
      ...readyFirst(['Ready', 'Reconciled']),
      { is: 'Healthy', say: 'pull request {status.id} is {status.state}' },
    ],
    ScmProvider: provider,
    TimedCommitStatus: environments,
    WebRequestCommitStatus: environments,
  },
} as const satisfies RuleBook;
