// The times of a Kustomization: interval, retry interval and timeout with Flux's defaults and floors.
// It never adds jitter.

import { parseGoDuration } from '../resource/go-duration.ts';
import type { KustomizationSpec } from './kustomization-schema.ts';

const timeoutFloorMs = 30_000;

export interface KustomizationTiming {
  readonly intervalMs: number;
  readonly retryIntervalMs: number;
  readonly timeoutMs: number;
}

/** The floor of 30 s holds for an explicit timeout as well. */
export function kustomizationTiming(
  spec: Pick<KustomizationSpec, 'interval' | 'retryInterval' | 'timeout'>,
): KustomizationTiming {
  const read = (text: string | undefined) => (text === undefined ? undefined : parseGoDuration(text));
  const intervalMs = read(spec.interval) ?? 0;
  return {
    intervalMs,
    retryIntervalMs: read(spec.retryInterval) ?? intervalMs,
    timeoutMs: Math.max(timeoutFloorMs, read(spec.timeout) ?? intervalMs - timeoutFloorMs),
  };
}
