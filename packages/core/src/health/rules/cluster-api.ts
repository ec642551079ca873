// Health of the kinds of Cluster API.

import { degradedIf, healthyIf, progressingIf, suspendedIf, waiting } from '../presets.ts';
import type { RuleBook, Test } from '../rule.ts';

const isUnderWay: Test = {
  all: [
    ['type', 'is', 'Ready'],
    ['status', 'is', 'False'],
    ['severity', 'is', 'Info'],
  ],
};

export const clusterApi = {
  'cluster.x-k8s.io': {
    Cluster: [
      suspendedIf(['spec.paused', 'is', true], 'Cluster is paused'),
      // Of severity Info is what takes its time.
      progressingIf({ some: 'status.conditions', that: isUnderWay }, '{@.message|@.reason}'),
      degradedIf('Ready=False'),
      {
        table: 'status.phase',
        Healthy: ['Provisioned'],
        Degraded: ['Failed'],
        say: 'Cluster is {status.phase}',
      },
      waiting('waiting for the cluster'),
    ],
    Machine: [
      healthyIf(['status.phase', 'is', 'Running'], 'Machine is running'),
      {
        when: ['status.phase', 'is', 'Failed'],
        rules: [degradedIf('Ready=False'), { is: 'Degraded', say: 'Machine has failed' }],
      },
      progressingIf('Ready=False'),
      waiting('the condition is not known'),
    ],
    MachineDeployment: [
      suspendedIf(['spec.paused', 'is', true], 'MachineDeployment is paused'),
      degradedIf(['status.phase', 'is', 'Failed'], 'MachineDeployment has failed'),
      healthyIf(
        {
          all: [
            ['status.phase', 'is', 'Running'],
            ['status.replicas', 'is', { of: 'status.updatedReplicas' }],
            ['status.replicas', 'is', { of: 'status.readyReplicas' }],
          ],
        },
        'all machines are running',
      ),
      progressingIf(['status.phase', 'is', 'ScalingUp'], 'machines are being started'),
      progressingIf(['status.phase', 'is', 'ScalingDown'], 'machines are being stopped'),
      waiting('waiting for machines'),
    ],
    MachineHealthCheck: [
      progressingIf(['status.currentHealthy', 'absent'], ''),
      healthyIf(['status.expectedMachines', 'is', { of: 'status.currentHealthy' }], ''),
      { is: 'Degraded', say: '{status.currentHealthy} of {status.expectedMachines} machines are healthy' },
    ],
    MachinePool: [
      {
        table: 'status.phase',
        Healthy: ['Running', 'Scaling'],
        Degraded: ['Failed', 'Unknown'],
        otherwise: 'Progressing',
        say: 'MachinePool is {status.phase}: {status.conditions[status=False].*.reason}',
      },
      waiting('waiting for the machines'),
    ],
  },
  'controlplane.cluster.x-k8s.io': {
    AWSManagedControlPlane: [
      // Told as terminal: waiting does not clear it, whatever else is said.
      degradedIf(['status.failureMessage', 'filled'], '{status.failureMessage}'),
      progressingIf({ behind: 'status.observedGeneration' }, 'waiting for the spec to be reconciled'),
      progressingIf(['status.conditions', 'absent'], 'provisioning'),
      // The API server stays ready while it is updated.
      progressingIf('EKSControlPlaneUpdating=True', 'the control plane is being updated'),
      healthyIf('Ready=True', 'the control plane is ready'),
      degradedIf(
        ['status.conditions[status=False][severity=Error].#', 'above', 0],
        '{status.conditions[status=False][severity=Error].*.message}',
      ),
      waiting('the control plane is not ready'),
    ],
  },
} as const satisfies RuleBook;
