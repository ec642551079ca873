// Puts the health by users' scripts together with what knows who an object matters to. It decides nothing.

import type { Declarations } from './declarations.ts';
import { createDeliveryHealth, type DeliveryHealth } from './delivery-health.ts';
import type { Evaluation } from './evaluation.ts';
import { createHealthScripts } from './health-scripts.ts';
import type { Inventories } from './inventories.ts';
import { concerned, type Waker } from './waker.ts';

/** Undefined where there is nobody to run a script. */
export function openHealth(of: {
  readonly evaluation: Evaluation | undefined;
  readonly declarations: Declarations;
  readonly inventories: Inventories;
  readonly waker: Waker;
  readonly signal: AbortSignal;
}): DeliveryHealth | undefined {
  const { evaluation, declarations, inventories, waker, signal } = of;
  if (evaluation === undefined) return undefined;
  return createDeliveryHealth({
    evaluation,
    scripts: createHealthScripts((dialect) => declarations.healthScripts(dialect)),
    interested: (cluster, id) =>
      [...concerned({ cluster, id }, { inventories, declarations })].flatMap(
        (each) => declarations.delivery(each) ?? [],
      ),
    onJudged: (cluster, id, delayMs) => waker.objectJudged({ cluster, id, delayMs }),
    signal,
  });
}
