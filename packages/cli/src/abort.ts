// Whether an error only says that somebody asked to stop.

export function isAbortError(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
