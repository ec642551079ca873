// Health of kinds whose group begins with a.

import { waiting } from '../presets.ts';
import type { RuleBook } from '../rule.ts';

export const a = {
  'acid.zalan.do': {
    postgresql: [
      {
        table: 'status.PostgresClusterStatus',
        say: '{status.PostgresClusterStatus}',
        Healthy: ['Running'],
        Progressing: ['Creating', 'Updating'],
        otherwise: 'Degraded',
      },
      waiting('waiting for the status of the cluster'),
    ],
  },
  'addons.cluster.x-k8s.io': {
    ClusterResourceSet: [
      { when: 'ResourcesApplied=True', is: 'Healthy', say: 'the resources are applied' },
      { when: 'ResourcesApplied=False', is: 'Degraded', say: '{@.message}' },
      waiting('initializing the set of resources'),
    ],
  },
  'apiextensions.k8s.io': {
    CustomResourceDefinition: [
      { when: 'Terminating=True', is: 'Progressing', say: 'CRD is terminating: {@.message}' },
      { when: 'NamesAccepted=False', is: 'Degraded', say: 'CRD names are not accepted: {@.message}' },
      { when: ['status.conditions', 'empty'], is: 'Progressing', say: 'CRD has no conditions yet' },
      // The names are accepted; every API server is given time to learn of them.
      { when: 'Established=False/Installing', is: 'Progressing', say: '{@.message}' },
      { when: { not: 'Established=True' }, is: 'Degraded', say: 'CRD is not established' },
      { when: 'NonStructuralSchema=True', is: 'Degraded', say: 'schema violations: {@.message}' },
      { is: 'Healthy', say: 'CRD is healthy' },
    ],
  },
  'argoproj.io': {
    AnalysisRun: [
      {
        table: 'status.phase',
        Progressing: ['Pending', 'Running'],
        Healthy: ['Successful'],
        Degraded: ['Failed', 'Error'],
        Unknown: ['Inconclusive'],
        say: 'analysis run: {status.message|status.phase}',
      },
      { when: ['status', 'absent'], is: 'Progressing', say: 'waiting for the analysis run to finish' },
    ],
    ApplicationSet: [
      { when: 'ErrorOccurred=True', is: 'Degraded', say: '{@.message}' },
      { when: 'ResourcesUpToDate=False', is: 'Degraded', say: '{@.message}' },
      { when: 'RolloutProgressing=True', is: 'Progressing', say: '{@.message}' },
      { when: 'ResourcesUpToDate=True', is: 'Healthy', say: '{@.message}' },
      waiting('waiting for the status to be reported'),
    ],
    Experiment: [
      {
        table: 'status.phase',
        Progressing: ['Pending', 'Running'],
        Healthy: ['Successful'],
        Degraded: ['Failed', 'Error'],
        say: 'the experiment is {status.phase}',
      },
      { when: ['status', 'absent'], is: 'Progressing', say: 'waiting for the experiment to finish' },
    ],
  },
} as const satisfies RuleBook;
