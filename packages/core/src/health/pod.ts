// The health of a Pod from its phase and its containers; it does not look at owners or events.

import { isRecord, type KubeObject } from '../object.ts';
import type { Health } from '../verdict.ts';
import {
  conditionOf,
  type Fields,
  fieldsOf,
  health,
  healthy,
  listOf,
  numberOf,
  specOf,
  statusOf,
  textOf,
} from './status-fields.ts';

function containersOf(object: KubeObject): Fields[] {
  return [...listOf(statusOf(object).initContainerStatuses), ...listOf(statusOf(object).containerStatuses)];
}

function podFailure(object: KubeObject): Health | undefined {
  for (const container of containersOf(object)) {
    const waiting = fieldsOf(fieldsOf(container.state).waiting);
    const reason = textOf(waiting.reason);
    if (reason.startsWith('Err') || reason.endsWith('Error') || reason.endsWith('BackOff'))
      return health('Degraded', `${textOf(container.name)}: ${reason} ${textOf(waiting.message)}`.trim());
  }
  return undefined;
}

/** A pod that ends is no failure of one that is to run for ever; its owner may ask to judge it so all the same. */
function restartsOf(object: KubeObject): string {
  const { annotations } = fieldsOf(object.metadata);
  const { 'argocd.argoproj.io/ignore-restart-policy': ignored, 'argocd.argoproj.io/hook': hook } =
    fieldsOf(annotations);
  if (ignored === 'true' && hook === undefined) return 'Always';
  return textOf(specOf(object).restartPolicy) || 'Always';
}

export function pod(object: KubeObject): Health {
  const phase = textOf(statusOf(object).phase);
  const restarts = restartsOf(object);
  const failure = restarts === 'Always' ? podFailure(object) : undefined;
  if (failure !== undefined) return failure;
  if (phase === 'Succeeded') return healthy;
  if (phase === 'Failed')
    return health('Degraded', textOf(statusOf(object).message) || terminationOf(object));
  if (phase !== 'Running') return phase === 'Pending' ? health('Progressing') : health('Unknown');
  if (restarts !== 'Always') return health('Progressing');
  if (conditionOf(object, 'Ready')?.status === 'True') return healthy;
  const terminated = containersOf(object).some((container) =>
    isRecord(fieldsOf(container.lastState).terminated),
  );
  return terminated ? health('Degraded', terminationOf(object)) : health('Progressing');
}

function terminationOf(object: KubeObject): string {
  for (const container of containersOf(object)) {
    const state = { ...fieldsOf(container.lastState), ...fieldsOf(container.state) };
    const ended = fieldsOf(state.terminated);
    if (numberOf(ended.exitCode) !== 0)
      return `${textOf(container.name)} ended with exit code ${numberOf(ended.exitCode)}`;
  }
  return '';
}
