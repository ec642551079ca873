// The general rules for a custom resource that keeps conditions, as kstatus has them; no conditions, no health.

import type { KubeObject } from '../object.ts';
import type { Health } from '../verdict.ts';
import { behind, conditionOf, health, isBehind, statusOf, textOf } from './status-fields.ts';

export function byConditions(object: KubeObject): Health | undefined {
  const status = statusOf(object);
  if (!Array.isArray(status.conditions) || status.conditions.length === 0) return undefined;
  if (status.observedGeneration !== undefined && isBehind(object)) return behind(object);
  const stalled = conditionOf(object, 'Stalled');
  if (stalled?.status === 'True') return health('Degraded', textOf(stalled.message));
  const reconciling = conditionOf(object, 'Reconciling');
  if (reconciling?.status === 'True') return health('Progressing', textOf(reconciling.message));
  const ready = conditionOf(object, 'Ready') ?? conditionOf(object, 'Available');
  if (ready === undefined) return undefined;
  if (ready.status === 'True') return health('Healthy', textOf(ready.message));
  return health(ready.status === 'False' ? 'Degraded' : 'Progressing', textOf(ready.message));
}
