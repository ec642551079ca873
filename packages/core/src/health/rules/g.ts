// Health of kinds whose group begins with g.

import {
  degradedIf,
  gatewayRoute,
  healthyIf,
  progressingIf,
  ready,
  refusedByAncestor,
  suspendedIf,
  waiting,
} from '../presets.ts';
import type { Rule, RuleBook, Test } from '../rule.ts';

/** Conditions that tell the generation they are of, and none is of the present one. */
const isStale: Test = {
  all: [
    ['metadata.generation', 'present'],
    { some: 'status.conditions', that: { behind: 'observedGeneration' } },
    { every: 'status.conditions', that: ['observedGeneration', 'isNot', { of: '$.metadata.generation' }] },
  ],
};

const gatewayConditions = (who: string): readonly Rule[] => [
  degradedIf('ResolvedRefs=False', `${who}{@.message|@.type}`),
  degradedIf('Accepted=False', `${who}{@.message|@.type}`),
  progressingIf({ condition: 'Programmed', notStatus: 'True' }, `${who}{@.message|@.type}`),
];

/** A controller that knows no target of the policy is not the one that serves it. */
const isOfAnother: Test = { condition: 'Accepted', notStatus: 'True', reason: 'TargetNotFound' };

/** Gloo tells states as names or as numbers, for the whole object or for every namespace that watches it. */
const glooIn = (prefix: string, states: readonly (string | number)[]): Test => [
  `${prefix}state`,
  'in',
  states,
];
const glooStates = (prefix: string): readonly Rule[] => [
  degradedIf(glooIn(prefix, ['Warning', 'Rejected', 2, 3, '2', '3']), `{${prefix}reason}`),
  suspendedIf(glooIn(prefix, ['Pending', 0, '0']), 'the resource has not yet been validated'),
  healthyIf(glooIn(prefix, ['Accepted', 1, '1']), 'the resource has been validated'),
];
const gloo: readonly Rule[] = [
  { each: 'status.statuses', rules: glooStates('') },
  ...glooStates('status.'),
  waiting('update in progress'),
];

const isFailed: Test = {
  any: [
    {
      all: [
        ['type', 'is', 'FolderUIDMismatch'],
        ['status', 'is', 'True'],
      ],
    },
    {
      all: [
        ['type', 'isNot', 'FolderUIDMismatch'],
        ['status', 'is', 'False'],
      ],
    },
  ],
};
const sayGrafana = '{@.reason} for {@.type} because {@.message}';

/** Resources of Grafana: any failed condition is a fault; one that only warns of equal names is not. */
const grafana: readonly Rule[] = [
  degradedIf({ some: 'status.conditions', that: isFailed }, sayGrafana),
  healthyIf({ some: 'status.conditions', that: ['status', 'is', 'True'] }, sayGrafana),
  waiting(''),
];

export const g = {
  'game.kruise.io': {
    GameServer: [
      progressingIf(
        ['status.currentState', 'isNot', { of: 'status.desiredState' }],
        'from {status.currentState|"nothing"} to {status.desiredState|"nothing"}',
      ),
      degradedIf(
        { condition: 'KruisePodReady', notStatus: 'True', of: 'status.podStatus.conditions' },
        'the pod is not ready: {@.type}',
      ),
      healthyIf(['status.currentState', 'is', 'Ready'], 'GameServer is ready'),
      { is: 'Unknown', say: 'waiting for the GameServer to be ready' },
    ],
    GameServerSet: [
      progressingIf(
        {
          any: [
            ['status', 'absent'],
            ['metadata.generation', 'isNot', { of: 'status.observedGeneration' }],
          ],
        },
        'waiting for initialization',
      ),
      suspendedIf(['spec.updateStrategy.rollingUpdate.paused', 'is', true], 'GameServerSet is paused'),
      suspendedIf(
        {
          all: [
            ['spec.updateStrategy.rollingUpdate.partition', 'present'],
            ['spec.updateStrategy.rollingUpdate.partition', 'notIn', [0, '0', '0%']],
            [
              'status.updatedReplicas',
              'atLeast',
              { of: 'status.replicas', minus: 'spec.updateStrategy.rollingUpdate.partition' },
            ],
          ],
        },
        'partition {spec.updateStrategy.rollingUpdate.partition}: waiting for manual intervention',
      ),
      healthyIf(
        {
          all: [
            ['status.updatedReadyReplicas', 'atLeast', { of: 'status.replicas' }],
            ['status.updatedReadyReplicas', 'atMost', { of: 'status.replicas' }],
          ],
        },
        'all replicas are updated and ready',
      ),
      waiting('{status.readyReplicas|"0"} of {status.replicas|"0"} replicas are ready'),
    ],
  },
  'gateway.networking.k8s.io': {
    BackendTLSPolicy: [
      {
        each: 'status.ancestors',
        rules: [
          progressingIf(
            { some: 'conditions', that: { behind: 'observedGeneration' } },
            'waiting for ancestor {ancestorRef.name} to update the status',
          ),
        ],
      },
      { each: 'status.ancestors', rules: [{ when: { not: isOfAnother }, rules: [refusedByAncestor] }] },
      healthyIf({ some: 'status.ancestors', that: 'Accepted=True' }, 'BackendTLSPolicy is healthy'),
      waiting('waiting for the status of the BackendTLSPolicy'),
    ],
    GRPCRoute: gatewayRoute,
    HTTPRoute: gatewayRoute,
    Gateway: [
      progressingIf(isStale, 'waiting for the status of the Gateway'),
      ...gatewayConditions(''),
      { each: 'status.listeners', rules: gatewayConditions('Listener {name}: ') },
      healthyIf(
        {
          any: [
            ['status.conditions', 'present'],
            ['status.listeners', 'filled'],
          ],
        },
        'Gateway is healthy',
      ),
      waiting('waiting for the status of the Gateway'),
    ],
    GatewayClass: [
      {
        inOrder: [
          {
            when: { all: ['Accepted', { not: { behind: 'observedGeneration' } }] },
            rules: [
              healthyIf('Accepted=True', '{@.message|"GatewayClass is accepted"}'),
              degradedIf('Accepted=False', '{@.message|"GatewayClass is not accepted"}'),
              waiting('{@.message|"waiting for the status of the GatewayClass"}'),
            ],
          },
        ],
      },
      waiting('waiting for the status of the GatewayClass'),
    ],
  },
  'gateway.solo.io': {
    Gateway: gloo,
    MatchableHttpGateway: gloo,
    RouteOption: gloo,
    RouteTable: gloo,
    VirtualHostOption: gloo,
    VirtualService: gloo,
  },
  'gloo.solo.io': { Proxy: gloo, Settings: gloo, Upstream: gloo, UpstreamGroup: gloo },
  'grafana-org-operator.kubitus-project.gitlab.io': {
    '*': [...ready, progressingIf('Ready'), waiting('waiting')],
  },
  'grafana.integreatly.org': {
    Grafana: [
      degradedIf(['status.stageStatus', 'is', 'failed'], 'failed at stage {status.stage}'),
      healthyIf(
        {
          all: [
            ['status.stage', 'is', 'complete'],
            ['status.stageStatus', 'is', 'success'],
          ],
        },
        '',
      ),
      waiting('{status.stage|"waiting for the status of Grafana"}'),
    ],
    GrafanaDashboard: grafana,
    GrafanaDatasource: [
      progressingIf(
        {
          any: [
            ['status', 'absent'],
            ['status.uid', 'is', ''],
          ],
        },
        '',
      ),
      degradedIf(['status.NoMatchingInstances', 'is', true], 'no Grafana instance matches'),
      { is: 'Healthy' },
    ],
    GrafanaFolder: grafana,
  },
} as const satisfies RuleBook;
