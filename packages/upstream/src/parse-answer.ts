// Checks the shape of what a render process says, at the edge; it never judges a rendering's content.

import type { Hello, ReadSet, RenderFailure, Response } from './messages.ts';

type Fields = Readonly<Record<string, unknown>>;

function isFields(value: unknown): value is Fields {
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
export function parseAnswer(message: unknown): Response | undefined {
  if (!isFields(message) || typeof message.id !== 'number') {
    return undefined;
  }
  if (message.ok === true) {
    return isFields(message.result) ? (message as unknown as Response) : undefined;
  }
  const error = message.error;
  return isFailure(error) && isOptionalReads(message.reads) ? (message as unknown as Response) : undefined;
}

function isFailure(value: unknown): value is RenderFailure {
  return isFields(value) && typeof value.code === 'string' && typeof value.message === 'string';
}

function isOptionalReads(value: unknown): value is ReadSet | undefined {
  return value === undefined || (isFields(value) && isFields(value.files) && isFields(value.dirs));
}
