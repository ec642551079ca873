// The fields that several Flux resources share: durations, conditions, artifacts.
// It never says which of them weir carries out.

import {
  integer,
  list,
  map,
  object,
  optionalObject,
  pattern,
  requiredPattern,
  requiredString,
  requiredWord,
  string,
} from '../schema/field.ts';

const durationPattern = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$';
export const requiredDuration = () => requiredPattern(durationPattern, 'a duration as 10m or 1h30m');
export const duration = () => pattern(durationPattern, 'a duration as 10m or 1h30m');
/** Timeouts of sources have no hours. */
export const sourceTimeout = () =>
  pattern('^([0-9]+(\\.[0-9]+)?(ms|s|m))+$', 'a duration without hours as 60s');

export const localReference = () => optionalObject({ name: requiredString() });

export const conditionSchema = object({
  type: requiredString(),
  status: requiredWord(['True', 'False', 'Unknown']),
  reason: requiredString(),
  message: requiredString(),
  lastTransitionTime: requiredString(),
  observedGeneration: integer(),
});

export const artifactFields = {
  digest: string(),
  lastUpdateTime: requiredString(),
  path: requiredString(),
  revision: requiredString(),
  size: integer(),
  url: requiredString(),
  metadata: map(),
};

export const statusFields = {
  observedGeneration: integer(),
  conditions: list(conditionSchema),
  lastHandledReconcileAt: string('The last value of the requestedAt annotation that was handled'),
};
