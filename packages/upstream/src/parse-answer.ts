// Checks the shape of what a native process says, at the edge; it never judges the content of an answer.

import type { Answer, Failure, Fields, Hello } from './envelope.ts';

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The handshake, or undefined where the message is none. */
export function parseHello(message: unknown): Hello | undefined {
  if (!isFields(message) || message.type !== 'hello' || typeof message.protocol !== 'number') {
    return undefined;
  }
  const { role, evaluators, protocol } = message;
  if (typeof role !== 'string' || !isFields(evaluators)) {
    return undefined;
  }
  const versions: Record<string, string> = {};
  for (const [name, version] of Object.entries(evaluators)) {
    versions[name] = String(version);
  }
  return { type: 'hello', protocol, role, evaluators: versions };
}

/** An answer, or undefined where the message is none. */
export function parseAnswer(message: unknown): Answer | undefined {
  if (!isFields(message) || typeof message.id !== 'number') {
    return undefined;
  }
  const { id, result, error, reads } = message;
  if (message.ok === true) {
    return isFields(result) ? { id, ok: true, result, last: message.last === true } : undefined;
  }
  if (!isFailure(error) || (reads !== undefined && !isReads(reads))) {
    return undefined;
  }
  return reads === undefined ? { id, ok: false, error } : { id, ok: false, error, reads };
}

function isFailure(value: unknown): value is Failure {
  return isFields(value) && typeof value.code === 'string' && typeof value.message === 'string';
}

function isReads(value: unknown): value is Fields {
  return isFields(value) && isFields(value.files) && isFields(value.dirs);
}
