// The Argo CD dialect: Applications in front of the neutral engine.
// It never sees a cluster, a clock or another dialect.

import type { Dialect } from '@weir/core';
import { recordAt } from '../resource/read-field.ts';
import { readClusterSecret } from './cluster-secret.ts';
import {
  controllerName,
  defaultControllerNamespace,
  fieldManager,
  refreshAnnotation,
  secretTypeLabel,
  settingsName,
  trackingAnnotation,
} from './names.ts';
import { switchAnnotations } from './object-switches.ts';
import { projectApplication } from './project-application.ts';
import { readApplication } from './read-application.ts';
import { readRepositorySecret } from './repository-secret.ts';
import { readSettledHealth } from './resource-customizations.ts';
import { summarizeApplication } from './summarize-application.ts';
import { sequenceAnnotations } from './sync-sequence.ts';

export const argocd: Dialect = {
  name: 'argocd',
  marks: {
    labels: [],
    annotations: [trackingAnnotation, ...switchAnnotations, ...sequenceAnnotations],
    managers: [fieldManager, controllerName],
  },
  secrets: {
    labelSelector: secretTypeLabel,
    namespace: defaultControllerNamespace,
    readCluster: readClusterSecret,
    readRepository: readRepositorySecret,
  },
  settings: { namespace: defaultControllerNamespace, name: settingsName, readHealth: readSettledHealth },
  kinds: [
    {
      group: 'argoproj.io',
      version: 'v1alpha1',
      kind: 'Application',
      plural: 'applications',
      role: 'delivery',
      statusSubresource: false,
    },
  ],
  eventSource: () => controllerName,
  read: readApplication,
  projectDelivery: projectApplication,
  // An Application carries its source inline, and no kind of Argo CD's is a source.
  projectSource: ({ object }) => ({ status: recordAt(object, 'status') ?? {}, events: [] }),
  summarize: summarizeApplication,
  requestPatch: () => ({ metadata: { annotations: { [refreshAnnotation]: 'normal' } } }),
};
