// Writes times as Kubernetes does: RFC 3339 in whole seconds.
// It never reads a clock.

export function kubeTime(iso: string): string {
  return iso.replace(/\.\d+Z$/, 'Z');
}

/** `3:04PM`, in UTC: Go's kitchen clock. */
export function kitchenTime(ms: number): string {
  const [, hours = '0', minutes = '00'] = /T(\d\d):(\d\d)/.exec(new Date(ms).toISOString()) ?? [];
  const hour = Number(hours);
  return `${hour % 12 === 0 ? 12 : hour % 12}:${minutes}${hour < 12 ? 'AM' : 'PM'}`;
}
