// Turns Argo CD's retry strategy into base, factor, maximum and limit.
// It never counts attempts.

import type { Problem, SyncPolicy } from '@weir/core';
import { parseGoDuration } from '../resource/go-duration.ts';
import { invalidField } from '../schema/problems.ts';
import type { ApplicationSpec } from './application-schema.ts';

export type RetryStrategy = NonNullable<NonNullable<ApplicationSpec['syncPolicy']>['retry']>;

/** Go writes a number without unit as seconds here, and only here. */
function parseDuration(text: string): number | undefined {
  return /^\d+$/.test(text) ? Number(text) * 1000 : parseGoDuration(text);
}

export function lowerRetry(input: {
  readonly retry: RetryStrategy | undefined;
  readonly defaultLimit: number;
  readonly field: string;
}): { readonly retry: SyncPolicy['retry']; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const { retry, field } = input;
  const duration = (name: 'duration' | 'maxDuration', otherwise: number): number => {
    const text = retry?.backoff?.[name];
    if (text === undefined || text === '') return otherwise;
    const parsed = parseDuration(text);
    if (parsed === undefined) {
      problems.push(invalidField(`${field}.backoff.${name}`, `expected a duration as 5s, got '${text}'`));
    }
    return parsed ?? otherwise;
  };
  const whole = (name: string, value: number | string | undefined, otherwise: number): number => {
    if (value === undefined || value === '') return otherwise;
    const number = Number(value);
    if (Number.isInteger(number)) return number;
    problems.push(invalidField(`${field}.${name}`, `expected an integer, got '${value}'`));
    return otherwise;
  };
  const factor = Math.max(1, whole('backoff.factor', retry?.backoff?.factor, 2));
  const limit = whole('limit', retry?.limit, retry === undefined ? input.defaultLimit : 0);
  return {
    problems,
    retry: {
      limit: limit < 0 ? Number.MAX_SAFE_INTEGER : limit,
      // Argo CD counts the attempt before it computes the wait: the first one is duration * factor.
      baseMs: duration('duration', 5000) * factor,
      factor,
      maxMs: duration('maxDuration', 180_000),
    },
  };
}
