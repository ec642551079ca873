// The Flux dialect: GitRepositories and Kustomizations in front of the neutral engine.
// It never sees a cluster, a clock or another dialect.

import type { Dialect } from '@weir/core';
import { readCredentialsSecret } from './credentials-secret.ts';
import {
  fieldManager,
  kustomizeGroup,
  nameLabel,
  namespaceLabel,
  requestedAtAnnotation,
  sourceGroup,
} from './names.ts';
import { switchKeys } from './object-switches.ts';
import { projectGitRepository } from './project-git-repository.ts';
import { projectKustomization } from './project-kustomization.ts';
import { readFlux } from './read-flux.ts';
import { recallKustomization } from './recall-kustomization.ts';
import { summarizeFlux } from './summarize-flux.ts';

export const flux: Dialect = {
  name: 'flux',
  marks: {
    labels: [nameLabel, namespaceLabel, ...switchKeys],
    annotations: switchKeys,
    managers: [fieldManager],
  },
  secrets: { readCredentials: readCredentialsSecret },
  kinds: [
    {
      group: sourceGroup,
      version: 'v1',
      kind: 'GitRepository',
      plural: 'gitrepositories',
      role: 'source',
      statusSubresource: true,
    },
    {
      group: kustomizeGroup,
      version: 'v1',
      kind: 'Kustomization',
      plural: 'kustomizations',
      role: 'delivery',
      statusSubresource: true,
    },
  ],
  eventSource: (kind) => (kind === 'GitRepository' ? 'source-controller' : 'kustomize-controller'),
  read: readFlux,
  projectDelivery: projectKustomization,
  projectSource: projectGitRepository,
  summarize: summarizeFlux,
  recallReady: recallKustomization,
  requestPatch: ({ now }) => ({ metadata: { annotations: { [requestedAtAnnotation]: now } } }),
};
