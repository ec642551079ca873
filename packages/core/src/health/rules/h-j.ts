// Health of kinds whose group begins with h, i or j.

import {
  crossplaneManaged,
  degradedIf,
  flux,
  fluxFor,
  healthyIf,
  progressingIf,
  suspendedIf,
  waiting,
} from '../presets.ts';
import type { RuleBook } from '../rule.ts';

const role =
  'role \'{status.roleName|"none"}\' with ARN \'{status.roleARN|"none"}\' and id \'{status.roleID|"none"}\'';

export const hToJ = {
  'helm.toolkit.fluxcd.io': {
    HelmRelease: [
      suspendedIf(['spec.suspend', 'is', true], 'HelmRelease is suspended'),
      progressingIf(['status.conditions', 'absent'], 'the status is not known yet'),
      progressingIf({ all: ['Reconciling=True', 'Ready=Unknown'] }, '{@.reason}'),
      // Ready alone is not enough: a release or its test must have succeeded.
      healthyIf({ all: [{ any: ['Released=True', 'TestSuccess=True'] }, 'Ready=True'] }, '{@.reason}'),
      degradedIf('Ready', '{@.reason}'),
      { is: 'Degraded' },
    ],
  },
  'iam.aws.crossplane.io': {
    Policy: crossplaneManaged,
    Role: crossplaneManaged,
    RolePolicyAttachment: crossplaneManaged,
  },
  'iammanager.keikoproj.io': {
    Iamrole: [
      healthyIf(['status.state', 'is', 'Ready'], `exists: ${role}`),
      degradedIf(
        ['status.state', 'in', ['Error', 'RolesMaxLimitReached', 'PolicyNotAllowed', 'RoleNameNotAvailable']],
        `failed to reconcile the ${role}, {status.retryCount|"0"} retries: {status.errorDescription|status.state}`,
      ),
      waiting('waiting for the Iamrole to be reconciled'),
    ],
  },
  'image.toolkit.fluxcd.io': {
    ImagePolicy: fluxFor(['NewGeneration', 'AccessingRepository', 'ApplyingPolicy']),
    ImageRepository: fluxFor(['NewGeneration', 'Scanning']),
    ImageUpdateAutomation: flux,
  },
  'install.istio.io': {
    IstioOperator: [
      {
        table: 'status.status',
        Unknown: [0, 'NONE'],
        Progressing: [1, 'UPDATING', 2, 'RECONCILING'],
        Healthy: [3, 'HEALTHY'],
        Degraded: [4, 'ERROR'],
        say: 'the control plane is {status.status}',
      },
      waiting('waiting for the control plane'),
    ],
  },
  'jaegertracing.io': {
    Jaeger: [
      { table: 'status.phase', Healthy: ['Running'], Degraded: ['Failed'], say: 'Jaeger is {status.phase}' },
      waiting('waiting for Jaeger'),
    ],
  },
} as const satisfies RuleBook;
