// Health of all kinds of a family of groups, where the kind has no rules of its own.

import { degradedIf, healthyIf, progressingIf, suspendedIf, waiting } from '../presets.ts';
import type { Rule, RuleBook } from '../rule.ts';

/** Kinds of Crossplane that only configure: nobody writes a status for them. */
const crossplaneSettings = [
  'ClusterProviderConfig',
  'Composition',
  'CompositionRevision',
  'ControllerConfig',
  'DeploymentRuntimeConfig',
  'ProviderConfig',
  'ProviderConfigUsage',
];

const crossplane = (readyTypes: readonly string[]): readonly Rule[] => [
  healthyIf(
    {
      all: [
        ['status', 'empty'],
        ['kind', 'in', crossplaneSettings],
      ],
    },
    'there is nothing to wait for',
  ),
  healthyIf(
    {
      all: [
        ['status.users', 'present'],
        ['kind', 'in', ['ProviderConfig', 'ClusterProviderConfig']],
      ],
    },
    'the configuration is in use',
  ),
  degradedIf({ condition: ['LastAsyncOperation', 'Synced'], status: 'False' }),
  healthyIf({ condition: readyTypes, status: 'True' }, 'the resource is up to date'),
  waiting('provisioning'),
];

export const wildcards = {
  '*.cnrm.cloud.google.com': {
    '*': [
      progressingIf({ behind: 'status.observedGeneration' }, 'the update is in progress'),
      {
        when: ['kind', 'in', ['ConfigConnector', 'ConfigConnectorContext']],
        rules: [
          healthyIf(['status.healthy', 'is', true], '{kind} is healthy'),
          degradedIf(['status.healthy', 'is', false], '{kind} is not healthy'),
        ],
      },
      {
        inOrder: [
          healthyIf({
            all: [
              ['reason', 'is', 'UpToDate'],
              ['status', 'is', 'True'],
            ],
          }),
          degradedIf(['reason', 'in', ['UpdateFailed', 'DependencyNotFound']]),
          suspendedIf(['reason', 'is', 'DependencyNotReady']),
        ],
      },
      waiting('the update is in progress'),
    ],
  },
  '*.crossplane.io': {
    '*': crossplane(['Ready', 'Healthy', 'Offered', 'Established', 'ValidPipeline', 'RevisionHealthy']),
  },
  '*.services.k8s.aws': {
    '*': [
      degradedIf('ACK.Terminal=True'),
      progressingIf('Ready=False'),
      healthyIf('Ready=True', ''),
      waiting('waiting for the resource to be ready'),
    ],
  },
  '*.upbound.io': { '*': crossplane(['Ready']) },
} as const satisfies RuleBook;
