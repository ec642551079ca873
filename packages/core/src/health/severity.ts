// Which health is worse: the order in which parts are summed up; it judges no object.

import type { Health, HealthStatus } from '../verdict.ts';

const severity: readonly HealthStatus[] = [
  'Healthy',
  'Suspended',
  'Progressing',
  'Missing',
  'Degraded',
  'Unknown',
];

export function isWorse(a: HealthStatus, b: HealthStatus): boolean {
  return severity.indexOf(a) > severity.indexOf(b);
}

/** The worst of its parts; of none: Healthy. */
export function worstHealth(parts: readonly (Health | undefined)[]): Health {
  let worst: Health = { status: 'Healthy' };
  for (const part of parts) if (part !== undefined && isWorse(part.status, worst.status)) worst = part;
  return worst;
}
