// Reads and writes durations as Go does: `1h30m`, `9m30s`, `1.5s`, `250ms`.
// It never knows what time it is.

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

/** Milliseconds, or undefined where the text is no duration. */
export function parseGoDuration(text: string): number | undefined {
  if (text === '0') return 0;
  const parts = /^[+-]?((?:\d+\.?\d*|\.\d+)(?:ns|us|µs|ms|s|m|h))+$/.test(text);
  if (!parts) return undefined;
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+\.?\d*|\.\d+)(ns|us|µs|ms|s|m|h)/g)) {
    total += Number(amount) * (unitMs[unit ?? ''] ?? 0);
  }
  return text.startsWith('-') ? -total : total;
}

/** `10m0s`, `30s`, `1.234s`, `250ms`: what Go's Duration.String says. */
export function showGoDuration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  if (rounded === 0) return '0s';
  if (rounded < 1000) return `${rounded}ms`;
  const hours = Math.floor(rounded / 3_600_000);
  const minutes = Math.floor((rounded % 3_600_000) / 60_000);
  const seconds = (rounded % 60_000) / 1000;
  if (hours > 0) return `${hours}h${minutes}m${seconds}s`;
  return minutes > 0 ? `${minutes}m${seconds}s` : `${seconds}s`;
}

/** Between two ISO 8601 times; 0 where either is no time. */
export function elapsedMs(from: string | undefined, to: string | undefined): number {
  const elapsed = Date.parse(to ?? '') - Date.parse(from ?? '');
  return Number.isFinite(elapsed) ? Math.max(0, elapsed) : 0;
}
